//! What can go wrong: one type per operation, so that a caller matches only what can happen.

use thiserror::Error;

/// Bytes that are not PCM16, because half a sample is left over.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("PCM16 needs an even number of bytes, not {bytes}")]
pub struct OddByteCount {
    /// How many bytes there were.
    pub bytes: usize,
}

/// Why [`RingBuffer::new`](crate::RingBuffer::new) failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CapacityError {
    /// A ring of no samples can never hold anything.
    #[error("the capacity must be at least 1 sample")]
    Zero,
    /// The memory could not be had.
    #[error("no memory for {capacity_samples} samples")]
    OutOfMemory {
        /// The capacity asked for.
        capacity_samples: usize,
    },
}

/// Why [`RingBuffer::push`](crate::RingBuffer::push) wrote nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PushError {
    /// The bytes are not whole samples.
    #[error(transparent)]
    OddByteCount(#[from] OddByteCount),
    /// There is less room than the chunk needs.
    #[error("no room for {chunk_samples} samples: {free_samples} are free")]
    Full {
        /// The length of the chunk.
        chunk_samples: usize,
        /// The room there is.
        free_samples: usize,
    },
}

/// Why [`RingBuffer::read`](crate::RingBuffer::read) failed: the ring does not hold those samples.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("samples [{start}, {stop}) are not within the ring's [{held_start}, {held_end})")]
pub struct RangeError {
    /// The first sample asked for.
    pub start: u64,
    /// The sample after the last one asked for.
    pub stop: u64,
    /// The first sample in the ring.
    pub held_start: u64,
    /// The sample after the last one in the ring.
    pub held_end: u64,
}

/// Why [`RingBuffer::frames`](crate::RingBuffer::frames) or
/// [`RingBuffer::levels`](crate::RingBuffer::levels) failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum FramesError {
    /// No frame of this size can ever be in the ring.
    #[error(
        "a frame of {size_samples} samples is not within 1 to the capacity, {capacity_samples}"
    )]
    Size {
        /// The frame size asked for.
        size_samples: usize,
        /// The ring's capacity.
        capacity_samples: usize,
    },
    /// The ring does not hold the sample at which the first frame would start.
    #[error(transparent)]
    Range(#[from] RangeError),
}

/// Why [`RingBuffer::release`](crate::RingBuffer::release) forgot nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ReleaseError {
    /// Samples before the start are forgotten already, and do not come back.
    #[error("cannot release backwards to sample {index}: the ring starts at {held_start}")]
    Backwards {
        /// The index asked for.
        index: u64,
        /// The first sample in the ring.
        held_start: u64,
    },
    /// Samples after the end have not arrived.
    #[error("cannot release up to sample {index}: the ring ends at {held_end}")]
    Beyond {
        /// The index asked for.
        index: u64,
        /// The sample after the last one in the ring.
        held_end: u64,
    },
}
