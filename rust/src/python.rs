//! The Python module `hwaja._pcm`. Its documentation for callers is `_pcm.pyi`.
//!
//! - **Threads.** The thread of the event loop owns every ring, so that no index changes between
//!   two calls. Memory is safe on any thread, because the GIL serialises all calls. The class is
//!   not `unsendable`: an object that the garbage collector frees on another thread would then
//!   leak, and its audio would never be zeroed.
//! - **GIL.** Every call holds it. A call takes microseconds, and releasing and taking the GIL
//!   would take longer. The GIL also keeps a borrowed `bytearray` unchanged while it is copied, so
//!   the module does not declare support for running without it.
//! - **Memory.** Arrays are new memory that NumPy owns. No view of a ring is returned.

use std::mem::MaybeUninit;
use std::slice;

use numpy::ndarray::{Dimension, IntoDimension};
use numpy::{Element, PyArray, PyArray1, PyArray2, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{
    PyBufferError, PyIndexError, PyMemoryError, PyOverflowError, PyTypeError, PyValueError,
};
use pyo3::prelude::*;

use crate::error::{CapacityError, FramesError, OddByteCount, PushError, RangeError, ReleaseError};

#[pymodule(gil_used = true)]
mod _pcm {
    #[pymodule_export]
    use super::RingBuffer;
}

type RowsAndPowers<'py> = (Bound<'py, PyArray2<f32>>, Bound<'py, PyArray1<f64>>);

#[pyclass(module = "hwaja._pcm")]
struct RingBuffer(crate::RingBuffer);

#[pymethods]
impl RingBuffer {
    #[new]
    #[pyo3(signature = (capacity, start = 0))]
    fn new(
        #[pyo3(from_py_with = count)] capacity: usize,
        #[pyo3(from_py_with = sample_index)] start: u64,
    ) -> PyResult<Self> {
        Ok(Self(crate::RingBuffer::starting_at(capacity, start)?))
    }

    #[getter]
    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[getter]
    fn start(&self) -> u64 {
        self.0.start()
    }

    #[getter]
    fn end(&self) -> u64 {
        self.0.end()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, py: Python<'_>, pcm: Bytes) -> PyResult<u64> {
        Ok(self.0.push(pcm.as_slice(py))?)
    }

    fn read<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = sample_index)] start: u64,
        #[pyo3(from_py_with = sample_index)] stop: u64,
    ) -> PyResult<Bound<'py, PyArray1<i16>>> {
        let samples = self.0.read(start, stop)?;
        Ok(array(py, [samples.len()], |place| samples.write(place)))
    }

    fn frames<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = sample_index)] start: u64,
        #[pyo3(from_py_with = count)] size: usize,
        #[pyo3(from_py_with = count)] context: usize,
        #[pyo3(from_py_with = sample_index)] origin: u64,
    ) -> PyResult<RowsAndPowers<'py>> {
        let frames = self.0.frames(start, size, context, origin)?;
        let shape = [frames.len(), context + size];
        let rows = array(py, shape, |place| frames.write_f32(place));
        Ok((rows, PyArray1::from_slice(py, &frames.powers())))
    }

    fn powers<'py>(
        &self,
        py: Python<'py>,
        #[pyo3(from_py_with = sample_index)] start: u64,
        #[pyo3(from_py_with = count)] size: usize,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let frames = self.0.frames(start, size, 0, start)?;
        Ok(PyArray1::from_slice(py, &frames.powers()))
    }

    fn release(&mut self, #[pyo3(from_py_with = sample_index)] index: u64) -> PyResult<()> {
        Ok(self.0.release(index)?)
    }
}

/// Returns a new array that NumPy owns. `write` must write every element of it.
fn array<'py, T: Element, D: Dimension>(
    py: Python<'py>,
    shape: impl IntoDimension<Dim = D>,
    write: impl FnOnce(&mut [MaybeUninit<T>]),
) -> Bound<'py, PyArray<T, D>> {
    // SAFETY: nothing reads the array before `write` below has written all of it.
    let array = unsafe { PyArray::<T, D>::new(py, shape, false) };
    // SAFETY: the array is new, so it is contiguous, `len` elements long and not shared. The
    // element type says that it is not initialised yet.
    let place =
        unsafe { slice::from_raw_parts_mut(array.data().cast::<MaybeUninit<T>>(), array.len()) };
    write(place);
    array
}

/// Borrowed bytes: `bytes`, `bytearray`, `memoryview` or any other contiguous buffer of bytes.
struct Bytes(PyUntypedBuffer);

impl FromPyObject<'_, '_> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = PyUntypedBuffer::get(&object)?;
        if buffer.item_size() == 1 && buffer.is_c_contiguous() {
            Ok(Self(buffer))
        } else {
            // Not BufferError, which means that the ring is full.
            Err(PyTypeError::new_err(
                "PCM16 must come as a contiguous buffer of single bytes",
            ))
        }
    }
}

impl Bytes {
    /// Needs both lifetimes: the buffer keeps the memory allocated, the GIL keeps it unchanged.
    fn as_slice<'a>(&'a self, _py: Python<'a>) -> &'a [u8] {
        match self.0.len_bytes() {
            0 => &[], // an empty buffer may have no address
            // SAFETY: a contiguous buffer of single bytes has `len` bytes from its address on, and
            // cannot be moved, resized or freed while `self` holds it. No Python code runs while
            // the GIL is held here. `_pcm.pyi` requires from the caller that no thread without the
            // GIL writes to it, as everywhere in Python.
            len => unsafe { slice::from_raw_parts(self.0.buf_ptr().cast(), len) },
        }
    }
}

/// Reads an absolute sample index. Any int that cannot be an index is outside the ring.
fn sample_index(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    value
        .extract()
        .map_err(|error| instead_of_overflow::<PyIndexError>(value.py(), error))
}

/// Reads a number of samples.
fn count(value: &Bound<'_, PyAny>) -> PyResult<usize> {
    value
        .extract()
        .map_err(|error| instead_of_overflow::<PyValueError>(value.py(), error))
}

fn instead_of_overflow<E: pyo3::PyTypeInfo>(py: Python<'_>, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyOverflowError>(py) {
        PyErr::new::<E, _>("negative, or too large for any number of samples")
    } else {
        error
    }
}

impl From<CapacityError> for PyErr {
    fn from(error: CapacityError) -> Self {
        match error {
            CapacityError::Zero => PyValueError::new_err(error.to_string()),
            CapacityError::OutOfMemory { .. } => PyMemoryError::new_err(error.to_string()),
        }
    }
}

impl From<OddByteCount> for PyErr {
    fn from(error: OddByteCount) -> Self {
        PyValueError::new_err(error.to_string())
    }
}

impl From<PushError> for PyErr {
    fn from(error: PushError) -> Self {
        match error {
            PushError::OddByteCount(error) => error.into(),
            PushError::Full { .. } => PyBufferError::new_err(error.to_string()),
        }
    }
}

impl From<RangeError> for PyErr {
    fn from(error: RangeError) -> Self {
        PyIndexError::new_err(error.to_string())
    }
}

impl From<FramesError> for PyErr {
    fn from(error: FramesError) -> Self {
        match error {
            FramesError::Size { .. } | FramesError::Context { .. } => {
                PyValueError::new_err(error.to_string())
            }
            FramesError::Range(error) => error.into(),
        }
    }
}

impl From<ReleaseError> for PyErr {
    fn from(error: ReleaseError) -> Self {
        PyIndexError::new_err(error.to_string())
    }
}
