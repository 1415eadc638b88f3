//! Compares the ring with a simple model: all pushed samples in a `Vec`.

use hwaja_pcm::error::{FramesError, PushError, RangeError, ReleaseError};
use hwaja_pcm::{RingBuffer, level};
use proptest::collection::vec;
use proptest::prelude::*;

const CAPACITY_SAMPLES: usize = 24;

/// The model of the ring.
#[derive(Debug, Default)]
struct Model {
    all: Vec<i16>,
    start: usize,
}

impl Model {
    fn push(&mut self, samples: &[i16]) -> Result<u64, PushError> {
        let free_samples = CAPACITY_SAMPLES - (self.all.len() - self.start);
        if samples.len() > free_samples {
            return Err(PushError::Full {
                chunk_samples: samples.len(),
                free_samples,
            });
        }
        self.all.extend(samples);
        Ok(self.end())
    }

    fn read(&self, start: u64, stop: u64) -> Result<Vec<f32>, RangeError> {
        let (held_start, held_end) = (self.start as u64, self.end());
        if start < held_start || stop < start || stop > held_end {
            return Err(RangeError {
                start,
                stop,
                held_start,
                held_end,
            });
        }
        Ok(floats(&self.all[start as usize..stop as usize]))
    }

    fn release(&mut self, index: u64) -> Result<(), ReleaseError> {
        let (held_start, held_end) = (self.start as u64, self.end());
        if index < held_start {
            return Err(ReleaseError::Backwards { index, held_start });
        }
        if index > held_end {
            return Err(ReleaseError::Beyond { index, held_end });
        }
        self.start = index as usize;
        Ok(())
    }

    fn end(&self) -> u64 {
        self.all.len() as u64
    }
}

/// One call. Indices are relative to the start of the ring, so that they stay near it.
#[derive(Clone, Debug)]
enum Step {
    Push(Vec<i16>),
    PushHalfASample(Vec<i16>),
    Read(i64, i64),
    Release(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let index = -4..CAPACITY_SAMPLES as i64 + 4;
    let samples = vec(any::<i16>(), 0..CAPACITY_SAMPLES + 4);
    let step = prop_oneof![
        3 => samples.clone().prop_map(Step::Push),
        1 => samples.prop_map(Step::PushHalfASample),
        2 => (index.clone(), index.clone()).prop_map(|(start, stop)| Step::Read(start, stop)),
        3 => index.prop_map(Step::Release),
    ];
    vec(step, 0..60)
}

fn pcm16(samples: &[i16]) -> Vec<u8> {
    samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect()
}

fn floats(samples: &[i16]) -> Vec<f32> {
    samples
        .iter()
        .map(|&sample| f32::from(sample) / 32768.0)
        .collect()
}

fn ring() -> RingBuffer {
    RingBuffer::new(CAPACITY_SAMPLES).expect("the capacity is not 0")
}

/// The observable state of a ring.
fn contents(ring: &RingBuffer) -> (u64, u64, Vec<f32>) {
    let held = ring
        .read(ring.start(), ring.end())
        .expect("the ring holds what it holds");
    (ring.start(), ring.end(), held.to_f32())
}

proptest! {
    /// Every operation returns the same result or error as the model, and leaves the same state. So
    /// a failed operation changes nothing.
    #[test]
    fn the_ring_behaves_as_a_vec_of_all_samples(steps in steps()) {
        let (mut ring, mut model) = (ring(), Model::default());
        for step in steps {
            let near = ring.start();
            let index = |offset| near.saturating_add_signed(offset);
            match step {
                Step::Push(samples) => {
                    prop_assert_eq!(ring.push(&pcm16(&samples)), model.push(&samples));
                }
                Step::PushHalfASample(samples) => {
                    let bytes = [pcm16(&samples), vec![7]].concat();
                    prop_assert!(matches!(ring.push(&bytes), Err(PushError::OddByteCount(_))));
                }
                Step::Read(start, stop) => {
                    let (start, stop) = (index(start), index(stop));
                    let read = ring.read(start, stop).map(|samples| samples.to_f32());
                    prop_assert_eq!(read, model.read(start, stop));
                }
                Step::Release(offset) => {
                    let index = index(offset);
                    prop_assert_eq!(ring.release(index), model.release(index));
                }
            }
            let expected = floats(&model.all[model.start..]);
            prop_assert_eq!(ring.len(), expected.len());
            prop_assert_eq!(ring.is_empty(), expected.is_empty());
            prop_assert_eq!(contents(&ring), (model.start as u64, model.end(), expected));
        }
    }

    /// Samples, frames and levels do not depend on how a client splits its bytes.
    #[test]
    fn any_split_of_the_same_bytes_gives_the_same_results(
        samples in vec(any::<i16>(), 0..=CAPACITY_SAMPLES),
        cuts in vec(0..=CAPACITY_SAMPLES, 0..6),
        skipped in 0..2 * CAPACITY_SAMPLES,
        size in 1..=CAPACITY_SAMPLES,
    ) {
        let start = skipped as u64;
        let (mut at_once, mut in_chunks) = (after(skipped), after(skipped));
        at_once.push(&pcm16(&samples))?;

        let mut cuts: Vec<_> = cuts.into_iter().filter(|&cut| cut < samples.len()).collect();
        cuts.extend([0, samples.len()]);
        cuts.sort_unstable();
        for cut in cuts.windows(2) {
            in_chunks.push(&pcm16(&samples[cut[0]..cut[1]]))?;
        }

        prop_assert_eq!(contents(&at_once), contents(&in_chunks));
        prop_assert_eq!(
            at_once.frames(start, size)?.to_f32(),
            in_chunks.frames(start, size)?.to_f32()
        );
        prop_assert_eq!(at_once.levels(start, size)?, in_chunks.levels(start, size)?);
    }

    /// All whole frames are returned, and each level is that of its frame, wherever the ring wraps
    /// around.
    #[test]
    fn frames_and_levels_are_those_of_the_samples(
        samples in vec(any::<i16>(), 0..=CAPACITY_SAMPLES),
        skipped in 0..2 * CAPACITY_SAMPLES,
        offset in 0..=CAPACITY_SAMPLES,
        size in 1..=CAPACITY_SAMPLES,
    ) {
        let offset = offset.min(samples.len());
        let start = (skipped + offset) as u64;
        let mut ring = after(skipped);
        ring.push(&pcm16(&samples))?;

        let frames = || samples[offset..].chunks_exact(size);
        prop_assert_eq!(ring.frames(start, size)?.to_f32(), floats(&frames().collect::<Vec<_>>().concat()));

        let level = |frame| level::Meter::new(size).rms_dbfs(frame, &[]);
        prop_assert_eq!(ring.levels(start, size)?, frames().map(level).collect::<Vec<_>>());
    }

    /// The DC offset of a microphone changes no level.
    #[test]
    fn levels_are_those_without_the_offset(
        samples in vec(-1000..=1000_i16, 1..=CAPACITY_SAMPLES),
        offset in -31_000..=31_000_i16,
    ) {
        let lifted: Vec<i16> = samples.iter().map(|sample| sample + offset).collect();
        let level = |frame: &[i16]| level::Meter::new(frame.len()).rms_dbfs(frame, &[]);
        prop_assert!((level(&samples) - level(&lifted)).abs() < 0.01);
    }
}

/// Returns an empty ring whose first sample will have the index `skipped`.
fn after(skipped: usize) -> RingBuffer {
    let mut ring = ring();
    for _ in 0..skipped {
        ring.push(&[1, 1]).expect("the ring is empty");
        ring.release(ring.end())
            .expect("the end is within the ring");
    }
    ring
}

/// A frame size that never fits is an error. The caller must not wait for ever.
#[test]
fn a_frame_fits_the_ring_and_starts_in_it() {
    let ring = ring();
    let size = |size_samples| FramesError::Size {
        size_samples,
        capacity_samples: CAPACITY_SAMPLES,
    };
    for size_samples in [0, CAPACITY_SAMPLES + 1, usize::MAX] {
        assert_eq!(
            ring.frames(0, size_samples).unwrap_err(),
            size(size_samples)
        );
        assert_eq!(
            ring.levels(0, size_samples).unwrap_err(),
            size(size_samples)
        );
    }
    assert!(ring.frames(0, 1).expect("the end is no error").is_empty());
    assert!(matches!(ring.frames(1, 1), Err(FramesError::Range(_))));
    assert!(matches!(
        ring.levels(u64::MAX, 1).err(),
        Some(FramesError::Range(_))
    ));
}

/// A capacity of 0, or of more memory than the machine has, is an error and does not panic.
#[test]
fn an_impossible_capacity_is_an_error() {
    use hwaja_pcm::error::CapacityError;

    assert_eq!(RingBuffer::new(0).unwrap_err(), CapacityError::Zero);
    let error = CapacityError::OutOfMemory {
        capacity_samples: usize::MAX,
    };
    assert_eq!(RingBuffer::new(usize::MAX).unwrap_err(), error);
}
