//! The audio path of hwaja: PCM16 in, samples, frames and their powers out.
//!
//! One [`RingBuffer`] holds the recent audio of one session. Bytes from the socket are copied into
//! it once, and out of it once, straight into the caller's memory: as the same samples, or as the
//! floats that a speech detector takes.
//!
//! # Terms
//!
//! - **sample**: one signed 16-bit number, mono, little endian on the wire ("PCM16"). As `f32` it
//!   is divided by 32768, so it is in `[-1, 1)`.
//! - **chunk**: the samples of one message. The client chooses its length, and the length has no
//!   meaning: *any* split of the same bytes gives the same results (chunk invariance).
//! - **frame**: `size` consecutive samples, at a place that depends on no chunk: frame `k` counted
//!   from `start` is the samples `[start + k * size, start + (k + 1) * size)`.
//! - **absolute sample index**: how many samples came before this one since the session began. It
//!   only grows and is never reused, so it is the session's clock.
//! - **context**: the samples just before a frame, which a detector reads with it.
//! - **power**: the mean square of a frame's samples as `f32`, so a full-scale *square* wave has 1
//!   and a full-scale *sine* 0.5. What lies below 80 Hz does not count.
//!
//! # Example
//!
//! ```
//! use hwaja_pcm::RingBuffer;
//!
//! let mut ring = RingBuffer::new(4)?;
//! assert_eq!(ring.push(&[0x00, 0x80, 0x00, 0x40, 0x00, 0x00])?, 3);
//! assert_eq!(ring.read(0, 3)?.as_slices(), (&[-32768, 16384, 0][..], &[][..]));
//!
//! ring.release(2)?;
//! assert!(ring.read(0, 3).is_err(), "released samples cannot be read");
//! assert_eq!(ring.push(&[0xff, 0xff, 0x01, 0x00, 0x02, 0x00])?, 6);
//! assert_eq!(ring.frames(2, 3, 1, 2)?.len(), 1, "one whole frame, over the ring's edge");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod error;
mod pcm;
mod power;
mod ring;
mod widest;

#[cfg(feature = "python")]
mod python;

pub use ring::{Frames, RingBuffer, Samples};
