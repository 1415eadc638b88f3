//! The errors: one type per operation, so that a caller handles only those that can occur.

use thiserror::Error;

/// The bytes are not PCM16, because their number is odd.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("PCM16 needs an even number of bytes, not {bytes}")]
pub struct OddByteCount {
    /// The number of bytes.
    pub bytes: usize,
}

/// Why [`RingBuffer::new`](crate::RingBuffer::new) failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CapacityError {
    /// A capacity of 0 samples.
    #[error("the capacity must be at least 1 sample")]
    Zero,
    /// There is not enough memory.
    #[error("no memory for {capacity_samples} samples")]
    OutOfMemory {
        /// The requested capacity.
        capacity_samples: usize,
    },
}

/// Why [`RingBuffer::push`](crate::RingBuffer::push) wrote nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PushError {
    /// The bytes are not whole samples.
    #[error(transparent)]
    OddByteCount(#[from] OddByteCount),
    /// The chunk is longer than the free space.
    #[error("no room for {chunk_samples} samples: {free_samples} are free")]
    Full {
        /// The length of the chunk.
        chunk_samples: usize,
        /// The free space.
        free_samples: usize,
    },
}

/// Why [`RingBuffer::read`](crate::RingBuffer::read) failed: the ring does not hold those samples.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("samples [{start}, {stop}) are not within the ring's [{held_start}, {held_end})")]
pub struct RangeError {
    /// The first requested sample.
    pub start: u64,
    /// The sample after the last requested one.
    pub stop: u64,
    /// The first sample in the ring.
    pub held_start: u64,
    /// The sample after the last one in the ring.
    pub held_end: u64,
}

/// Why [`RingBuffer::frames`](crate::RingBuffer::frames) failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum FramesError {
    /// A frame of this size never fits into the ring.
    #[error(
        "a frame of {size_samples} samples is not within 1 to the capacity, {capacity_samples}"
    )]
    Size {
        /// The requested frame size.
        size_samples: usize,
        /// The capacity of the ring.
        capacity_samples: usize,
    },
    /// The context is longer than a frame.
    #[error("a context of {context_samples} samples is longer than its frame, {size_samples}")]
    Context {
        /// The requested length of the context.
        context_samples: usize,
        /// The requested frame size.
        size_samples: usize,
    },
    /// The ring does not hold the sample at which the first frame would start, or the context of
    /// that frame.
    #[error(transparent)]
    Range(#[from] RangeError),
}

/// Why [`RingBuffer::release`](crate::RingBuffer::release) released nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ReleaseError {
    /// Samples before the start were released earlier.
    #[error("cannot release backwards to sample {index}: the ring starts at {held_start}")]
    Backwards {
        /// The requested index.
        index: u64,
        /// The first sample in the ring.
        held_start: u64,
    },
    /// Samples after the end have not arrived.
    #[error("cannot release up to sample {index}: the ring ends at {held_end}")]
    Beyond {
        /// The requested index.
        index: u64,
        /// The sample after the last one in the ring.
        held_end: u64,
    },
}
