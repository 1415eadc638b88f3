//! The ring buffer: the recent samples of one session, addressed by absolute sample index.

use std::mem::MaybeUninit;
use std::ops::Range;

use zeroize::Zeroize;

use crate::error::{CapacityError, FramesError, PushError, RangeError, ReleaseError};
use crate::{level, pcm};

/// Holds the samples `[start, end)`, at most as many as its capacity.
///
/// It does not grow, and it never overwrites samples that were not released. A full ring refuses a
/// chunk. Speech is personal data, so memory without held samples is zero.
#[derive(Debug)]
pub struct RingBuffer {
    /// Sample `i` is at `i % capacity`. All other places are zero.
    samples: Box<[i16]>,
    start: u64,
    end: u64,
}

impl RingBuffer {
    /// Returns an empty ring for `capacity_samples`. Only this function allocates memory.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if the capacity is 0, or if there is not enough memory.
    pub fn new(capacity_samples: usize) -> Result<Self, CapacityError> {
        if capacity_samples == 0 {
            return Err(CapacityError::Zero);
        }
        let mut samples = Vec::new();
        samples
            .try_reserve_exact(capacity_samples)
            .map_err(|_| CapacityError::OutOfMemory { capacity_samples })?;
        samples.resize(capacity_samples, 0);
        Ok(Self {
            samples: samples.into_boxed_slice(),
            start: 0,
            end: 0,
        })
    }

    /// Returns the number of samples that fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.samples.len()
    }

    /// Returns the absolute index of the first held sample.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// Returns the absolute index of the next sample: the number of samples pushed so far.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Returns the number of held samples.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize // at most the capacity, which is a usize
    }

    /// Returns whether no sample is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Appends a chunk of little-endian PCM16. Returns the new end.
    ///
    /// # Errors
    ///
    /// [`PushError`] if the number of bytes is odd or the chunk does not fit. Nothing changes.
    pub fn push(&mut self, chunk: &[u8]) -> Result<u64, PushError> {
        let pairs = pcm::pairs(chunk)?;
        let (chunk_samples, free_samples) = (pairs.len(), self.capacity() - self.len());
        if chunk_samples > free_samples {
            return Err(PushError::Full {
                chunk_samples,
                free_samples,
            });
        }
        let (before_edge, after_edge) = self.places(self.end, chunk_samples);
        let (first, second) = pairs.split_at(before_edge.len());
        pcm::decode(first, &mut self.samples[before_edge]);
        pcm::decode(second, &mut self.samples[after_edge]);
        self.end += chunk_samples as u64;
        Ok(self.end)
    }

    /// Returns the samples `[start, stop)`, without a copy.
    ///
    /// # Errors
    ///
    /// [`RangeError`] if the ring does not hold all of them, or if `stop` is before `start`.
    pub fn read(&self, start: u64, stop: u64) -> Result<Samples<'_>, RangeError> {
        if self.start <= start && start <= stop && stop <= self.end {
            Ok(self.view(start, (stop - start) as usize))
        } else {
            Err(RangeError {
                start,
                stop,
                held_start: self.start,
                held_end: self.end,
            })
        }
    }

    /// Returns all whole frames of `[start, end)`, one after the other, without a copy.
    ///
    /// # Errors
    ///
    /// [`FramesError`] if `size_samples` is 0 or more than the capacity, or if `start` is outside
    /// `[start, end]`. A `start` equal to the end is valid: there are no frames yet.
    pub fn frames(&self, start: u64, size_samples: usize) -> Result<Samples<'_>, FramesError> {
        let capacity_samples = self.capacity();
        if size_samples == 0 || size_samples > capacity_samples {
            return Err(FramesError::Size {
                size_samples,
                capacity_samples,
            });
        }
        let available = self.read(start, self.end.max(start))?.len();
        Ok(self.view(start, available - available % size_samples))
    }

    /// Returns the RMS level in dBFS, without DC and hum, of each frame that [`RingBuffer::frames`]
    /// returns; see [`level::Meter`].
    ///
    /// # Errors
    ///
    /// As [`RingBuffer::frames`].
    pub fn levels(&self, start: u64, size_samples: usize) -> Result<Vec<f32>, FramesError> {
        let count = self.frames(start, size_samples)?.len() / size_samples;
        if count == 0 {
            return Ok(Vec::new()); // without the cost of a meter
        }
        let mut meter = level::Meter::new(size_samples);
        let frame = |k| self.view(start + (k * size_samples) as u64, size_samples);
        let frames = (0..count).map(|k| frame(k).as_slices());
        Ok(frames
            .map(|(first, second)| meter.rms_dbfs(first, second))
            .collect())
    }

    /// Releases all samples before `index`, and overwrites them with zeros.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] if `index` is outside `[start, end]`. Nothing changes.
    pub fn release(&mut self, index: u64) -> Result<(), ReleaseError> {
        if index < self.start {
            return Err(ReleaseError::Backwards {
                index,
                held_start: self.start,
            });
        }
        if index > self.end {
            return Err(ReleaseError::Beyond {
                index,
                held_end: self.end,
            });
        }
        let (before_edge, after_edge) = self.places(self.start, (index - self.start) as usize);
        // zeroize: the compiler may remove plain writes to memory that is not read again.
        self.samples[before_edge].zeroize();
        self.samples[after_edge].zeroize();
        self.start = index;
        Ok(())
    }

    fn view(&self, start: u64, count: usize) -> Samples<'_> {
        let (before_edge, after_edge) = self.places(start, count);
        Samples {
            first: &self.samples[before_edge],
            second: &self.samples[after_edge],
        }
    }

    /// Returns the places of `count` samples from `start` on: before and after the wrap-around.
    fn places(&self, start: u64, count: usize) -> (Range<usize>, Range<usize>) {
        let place = (start % self.capacity() as u64) as usize;
        let before_edge = count.min(self.capacity() - place);
        (place..place + before_edge, 0..count - before_edge)
    }
}

impl Drop for RingBuffer {
    fn drop(&mut self) {
        self.samples.zeroize();
    }
}

/// Consecutive samples, borrowed from a ring: two slices, because they may wrap around.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'ring> {
    first: &'ring [i16],
    second: &'ring [i16],
}

impl<'ring> Samples<'ring> {
    /// Returns the samples in order. The second slice is usually empty.
    #[must_use]
    pub fn as_slices(self) -> (&'ring [i16], &'ring [i16]) {
        (self.first, self.second)
    }

    /// Returns the number of samples.
    #[must_use]
    pub fn len(self) -> usize {
        self.first.len() + self.second.len()
    }

    /// Returns whether there are no samples.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first.is_empty()
    }

    /// Converts the samples to floats in one pass. Writes every element of `floats`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn write_f32(self, floats: &mut [MaybeUninit<f32>]) {
        let (first, second) = floats.split_at_mut(self.first.len());
        pcm::to_f32(self.first, first);
        pcm::to_f32(self.second, second);
    }

    /// Returns the samples as floats in `[-1, 1)`.
    #[must_use]
    pub fn to_f32(self) -> Vec<f32> {
        let mut floats = Vec::with_capacity(self.len());
        self.write_f32(&mut floats.spare_capacity_mut()[..self.len()]);
        // SAFETY: the capacity suffices, and `write_f32` has written every element up to it.
        unsafe { floats.set_len(self.len()) };
        floats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Released audio is zero in memory. Audio that is still held is unchanged.
    #[test]
    fn what_is_not_held_is_zero() {
        let mut ring = RingBuffer::new(5).expect("there is memory");
        let chunk: Vec<u8> = (1..=4_i16).flat_map(i16::to_le_bytes).collect();

        ring.push(&chunk).expect("there is room");
        ring.release(3).expect("it is held");
        assert_eq!(*ring.samples, [0, 0, 0, 4, 0]);

        ring.push(&chunk).expect("there is room");
        assert_eq!(*ring.samples, [2, 3, 4, 4, 1]);

        ring.release(7).expect("it is held");
        assert_eq!(*ring.samples, [0, 0, 4, 0, 0], "on both sides of the edge");
    }
}
