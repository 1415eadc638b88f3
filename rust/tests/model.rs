//! Compares the ring with a simple model: all pushed samples in a `Vec`.

use std::mem::MaybeUninit;

use hwaja_pcm::error::{FramesError, PushError, RangeError, ReleaseError};
use hwaja_pcm::{Frames, RingBuffer, Samples};
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

    fn read(&self, start: u64, stop: u64) -> Result<Vec<i16>, RangeError> {
        let (held_start, held_end) = (self.start as u64, self.end());
        if start < held_start || stop < start || stop > held_end {
            return Err(RangeError {
                start,
                stop,
                held_start,
                held_end,
            });
        }
        Ok(self.all[start as usize..stop as usize].to_vec())
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

/// Returns the samples as a caller gets them.
fn copied(samples: Samples<'_>) -> Vec<i16> {
    let mut copy = vec![MaybeUninit::new(7); samples.len()];
    samples.write(&mut copy);
    // SAFETY: it was initialised above.
    copy.into_iter()
        .map(|sample| unsafe { sample.assume_init() })
        .collect()
}

/// Returns the rows as a caller gets them.
fn rows(frames: Frames<'_>, row_samples: usize) -> Vec<f32> {
    let mut rows = vec![MaybeUninit::new(f32::NAN); frames.len() * row_samples];
    frames.write_f32(&mut rows);
    // SAFETY: it was initialised above.
    rows.into_iter()
        .map(|float| unsafe { float.assume_init() })
        .collect()
}

/// Returns the observable state of a ring.
fn contents(ring: &RingBuffer) -> (u64, u64, Vec<i16>) {
    let held = ring
        .read(ring.start(), ring.end())
        .expect("the ring holds what it holds");
    (ring.start(), ring.end(), copied(held))
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
                    let read = ring.read(start, stop).map(copied);
                    prop_assert_eq!(read, model.read(start, stop));
                }
                Step::Release(offset) => {
                    let index = index(offset);
                    prop_assert_eq!(ring.release(index), model.release(index));
                }
            }
            let expected = model.all[model.start..].to_vec();
            prop_assert_eq!(ring.len(), expected.len());
            prop_assert_eq!(ring.is_empty(), expected.is_empty());
            prop_assert_eq!(contents(&ring), (model.start as u64, model.end(), expected));
        }
    }

    /// Samples, frames and powers do not depend on how a client splits its bytes.
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
        let context = size / 2;
        let seen = |ring: &RingBuffer| {
            let frames = ring.frames(start, size, context, start)?;
            Ok::<_, FramesError>((rows(frames, context + size), frames.powers()))
        };
        prop_assert_eq!(seen(&at_once)?, seen(&in_chunks)?);
    }

    /// All whole frames are returned, each after its context. Samples before the origin are zeros in
    /// a context. Each power is that of its frame. This holds wherever the ring wraps around, and
    /// after all samples before the first context were released.
    #[test]
    fn frames_are_those_of_the_samples(
        samples in vec(any::<i16>(), 0..=CAPACITY_SAMPLES),
        skipped in 0..2 * CAPACITY_SAMPLES,
        offset in 0..=CAPACITY_SAMPLES,
        size in 1..=CAPACITY_SAMPLES,
        context in 0..=CAPACITY_SAMPLES,
        origin in 0..=CAPACITY_SAMPLES,
    ) {
        let offset = offset.min(samples.len());
        let (context, origin) = (context.min(size), origin.min(offset));
        let context_start = origin.max(offset.saturating_sub(context));
        let mut ring = after(skipped);
        ring.push(&pcm16(&samples))?;
        ring.release((skipped + context_start) as u64)?;

        let padded = [
            vec![0; context - (offset - context_start)],
            samples[context_start..].to_vec(),
        ]
        .concat();
        let expected: Vec<&[i16]> = padded.windows(context + size).step_by(size).collect();
        let index = |sample| (skipped + sample) as u64;
        let frames = ring.frames(index(offset), size, context, index(origin))?;
        prop_assert_eq!(frames.len(), expected.len());
        prop_assert_eq!(rows(frames, context + size), floats(&expected.concat()));

        let alone = |row: &&[i16]| power(&row[context..]);
        prop_assert_eq!(frames.powers(), expected.iter().map(alone).collect::<Vec<_>>());
    }

    /// A context that was released is an error. It is never replaced with zeros.
    #[test]
    fn a_context_that_is_forgotten_is_an_error(forgotten in 1..=8_usize, origin in 0..8_usize) {
        let mut ring = ring();
        ring.push(&[1; 2 * CAPACITY_SAMPLES])?;
        ring.release(forgotten as u64)?;
        let frames = ring.frames(8, 8, 8, origin as u64);
        prop_assert_eq!(frames.is_ok(), origin >= forgotten);
    }

    /// The DC offset of a microphone changes no power.
    #[test]
    fn powers_are_those_without_the_offset(
        samples in vec(-1000..=1000_i16, 1..=CAPACITY_SAMPLES),
        offset in -31_000..=31_000_i16,
    ) {
        let lifted: Vec<i16> = samples.iter().map(|sample| sample + offset).collect();
        let decibels = |samples: &[i16]| 10.0 * power(samples).max(1e-12).log10();
        prop_assert!((decibels(&samples) - decibels(&lifted)).abs() < 0.01);
    }
}

/// Returns the power of a frame that is alone in a ring.
fn power(frame: &[i16]) -> f64 {
    let mut ring = ring();
    ring.push(&pcm16(frame)).expect("there is room");
    let frames = ring.frames(0, frame.len(), 0, 0);
    frames.expect("there is one").powers()[0]
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
            ring.frames(0, size_samples, 0, 0).unwrap_err(),
            size(size_samples)
        );
    }
    for context_samples in [3, usize::MAX] {
        let error = FramesError::Context {
            context_samples,
            size_samples: 2,
        };
        assert_eq!(ring.frames(0, 2, context_samples, 0).unwrap_err(), error);
    }
    assert!(
        ring.frames(0, 1, 1, 0)
            .expect("the end is no error")
            .is_empty()
    );
    for (start, origin) in [
        (1, 1),
        (0, 1),
        (u64::MAX, 0),
        (u64::MAX, u64::MAX),
        (0, u64::MAX),
    ] {
        assert!(matches!(
            ring.frames(start, 1, 1, origin),
            Err(FramesError::Range(_))
        ));
    }
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
