//! A stand-in for `libonnxruntime.so` that forwards to another onnxruntime.
//!
//! sherpa-onnx comes with an onnxruntime of its own that knows no GPU, needs a library of the name
//! `libonnxruntime.so`, and takes one function from it: [`OrtGetApiBase`], which hands out all
//! others. The dynamic linker does not look for a library whose name (`DT_SONAME`) is loaded
//! already. So whoever loads this one first, and says where it shall forward to, decides what
//! sherpa-onnx runs on:
//!
//! 1. load the onnxruntime that is wanted and look up its `OrtGetApiBase`;
//! 2. load this library and hand that function to [`hwaja_forward_to`];
//! 3. load sherpa-onnx.
//!
//! The loading is the caller's, who has errors to answer with where a file is missing. What is
//! handed over is a function that exists, not a path or a variable that may be wrong when
//! sherpa-onnx needs it.
//!
//! The library must have no symbol versions: sherpa-onnx asks for the version that its own
//! onnxruntime has, and the linker forgives only a library that knows no versions at all.

#![warn(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

/// `OrtGetApiBase` of an onnxruntime: returns its `const OrtApiBase *`, which lives for ever.
pub type GetApiBase = extern "C" fn() -> *const c_void;

static REAL: OnceLock<GetApiBase> = OnceLock::new();

/// Forwards to `real` from now on; only the first call counts, and null does not.
// SAFETY: no other library has a function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn hwaja_forward_to(real: Option<GetApiBase>) {
    if let Some(real) = real {
        // An error says that there is one already: what runs on it must not be torn from it.
        let _ = REAL.set(real);
    }
}

/// Returns what the real function returns; null before [`hwaja_forward_to`].
// SAFETY: whoever links to `libonnxruntime.so` expects a function of this name and type.
#[unsafe(no_mangle)]
pub extern "C" fn OrtGetApiBase() -> *const c_void {
    REAL.get().map_or(ptr::null(), |real| real())
}
