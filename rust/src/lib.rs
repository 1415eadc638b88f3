//! The audio path of hwaja: PCM16 in, samples, frames and their powers out.
//!
//! One [`RingBuffer`] holds the recent audio of one session. Bytes from the socket are copied into
//! it once. A read copies the samples once, directly into the memory of the caller. For a speech
//! detector, the same pass converts them to floats.
//!
//! # Terms
//!
//! - **sample**: one signed 16-bit number, mono, little endian on the wire ("PCM16"). As `f32` it
//!   is divided by 32768, so it is in `[-1, 1)`.
//! - **chunk**: the samples of one message. The client chooses its length, and the length has no
//!   meaning: *any* split of the same bytes gives the same results (chunk invariance).
//! - **frame**: `size` consecutive samples. Its position does not depend on chunks: frame `k` from
//!   `start` on contains the samples `[start + k * size, start + (k + 1) * size)`.
//! - **context**: the samples directly before a frame. A speech detector takes them with the frame.
//! - **absolute sample index**: the number of samples before this one since the session began. It
//!   only grows and is never reused, so it serves as the clock of the session.
//! - **power**: the mean square of the samples of a frame, each divided by 32768. A full-scale
//!   *square* wave has the power 1, a full-scale *sine* 0.5. Frequencies below 80 Hz do not count.
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
//! assert_eq!(ring.frames(2, 3, 1, 2)?.len(), 1, "one whole frame, across the wrap-around");
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
