//! The ring buffer: the recent samples of one session, addressed by absolute sample index.

use std::mem::MaybeUninit;
use std::ops::Range;

use zeroize::Zeroize;

use crate::error::{CapacityError, FramesError, PushError, RangeError, ReleaseError};
use crate::pcm;
use crate::power::Meter;

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
    /// Returns an empty ring for `capacity_samples`, whose first sample will be number 0.
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if the capacity is 0, or if there is not enough memory.
    pub fn new(capacity_samples: usize) -> Result<Self, CapacityError> {
        Self::starting_at(capacity_samples, 0)
    }

    /// Returns an empty ring for `capacity_samples`, whose first sample will be number `start`.
    ///
    /// Only this function allocates memory.
    ///
    /// # Errors
    ///
    /// As [`RingBuffer::new`].
    pub fn starting_at(capacity_samples: usize, start: u64) -> Result<Self, CapacityError> {
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
            start,
            end: start,
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

    /// Returns all whole frames of `[start, end)`, each with its context, without a copy.
    ///
    /// The context of a frame is the `context_samples` before it. Samples before `origin` are read
    /// as zeros.
    ///
    /// # Errors
    ///
    /// [`FramesError`] if `size_samples` is 0 or more than the capacity, if `context_samples` is
    /// more than `size_samples`, if `start` is outside `[start, end]`, if `origin` is after
    /// `start`, or if samples of the context from `origin` on were released. A `start` equal to the
    /// end is valid: there are no frames yet.
    pub fn frames(
        &self,
        start: u64,
        size_samples: usize,
        context_samples: usize,
        origin: u64,
    ) -> Result<Frames<'_>, FramesError> {
        let capacity_samples = self.capacity();
        if size_samples == 0 || size_samples > capacity_samples {
            return Err(FramesError::Size {
                size_samples,
                capacity_samples,
            });
        }
        if context_samples > size_samples {
            return Err(FramesError::Context {
                context_samples,
                size_samples,
            });
        }
        let context_start = origin.max(start.saturating_sub(context_samples as u64));
        let context = self.read(context_start, start)?;
        Ok(Frames {
            ring: self,
            start,
            count: (self.end - start) as usize / size_samples,
            size_samples,
            context_samples,
            silent_samples: context_samples - context.len(),
        })
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

    /// Copies the samples. Writes every element of `place`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn write(self, place: &mut [MaybeUninit<i16>]) {
        assert_eq!(self.len(), place.len());
        let (first, second) = place.split_at_mut(self.first.len());
        // One inner loop per slice compiles to `memcpy`. One loop over both slices would not.
        for (place, samples) in [(first, self.first), (second, self.second)] {
            for (element, sample) in place.iter_mut().zip(samples) {
                element.write(*sample);
            }
        }
    }

    fn write_f32(self, floats: &mut [MaybeUninit<f32>]) {
        let (first, second) = floats.split_at_mut(self.first.len());
        pcm::to_f32(self.first, first);
        pcm::to_f32(self.second, second);
    }
}

/// Frames of one size with their contexts, borrowed from a ring.
#[derive(Clone, Copy, Debug)]
pub struct Frames<'ring> {
    ring: &'ring RingBuffer,
    start: u64,
    count: usize,
    size_samples: usize,
    context_samples: usize,
    /// Number of zeros at the start of the first row: the part of its context before the origin.
    silent_samples: usize,
}

impl Frames<'_> {
    /// Returns the number of frames.
    #[must_use]
    pub fn len(self) -> usize {
        self.count
    }

    /// Returns whether there are no frames.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.count == 0
    }

    /// Converts the frames to floats in `[-1, 1)` in one pass. Writes every element of `rows`.
    ///
    /// There is one row per frame: its context, then its own samples.
    ///
    /// # Panics
    ///
    /// If `rows` is not as long as all frames with their contexts.
    pub fn write_f32(self, rows: &mut [MaybeUninit<f32>]) {
        let row_samples = self.context_samples + self.size_samples;
        assert_eq!(rows.len(), self.count * row_samples);
        for (k, row) in rows.chunks_exact_mut(row_samples).enumerate() {
            let silent_samples = if k == 0 { self.silent_samples } else { 0 };
            let (silence, floats) = row.split_at_mut(silent_samples);
            silence.fill(MaybeUninit::new(0.0));
            let stop = self.start + ((k + 1) * self.size_samples) as u64;
            let heard = self.ring.view(stop - floats.len() as u64, floats.len());
            heard.write_f32(floats);
        }
    }

    /// Returns the mean power of each frame, without its context. 1 is a full-scale square wave.
    ///
    /// Frequencies below 80 Hz (DC and mains hum) do not count. A power depends only on the samples
    /// of its frame.
    #[must_use]
    pub fn powers(self) -> Vec<f64> {
        if self.is_empty() {
            return Vec::new(); // without the cost of a meter
        }
        let mut meter = Meter::new(self.size_samples);
        let start = |k| self.start + (k * self.size_samples) as u64;
        (0..self.count)
            .map(|k| {
                let (first, second) = self.ring.view(start(k), self.size_samples).as_slices();
                meter.power(first, second)
            })
            .collect()
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
