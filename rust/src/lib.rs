//! The audio path of hwaja: PCM16 in, frames and their levels out.
//!
//! One [`RingBuffer`] holds the recent audio of one session. Bytes from the socket are copied into
//! it once. A read converts the samples once, directly into the memory of the caller.
//!
//! # Terms
//!
//! - **sample**: one signed 16-bit number, mono, little endian on the wire ("PCM16"). As `f32` it
//!   is divided by 32768, so it is in `[-1, 1)`.
//! - **chunk**: the samples of one message. The client chooses its length, and the length has no
//!   meaning: *any* split of the same bytes gives the same results (chunk invariance).
//! - **frame**: `size` consecutive samples. Its position does not depend on chunks: frame `k` from
//!   `start` on contains the samples `[start + k * size, start + (k + 1) * size)`.
//! - **absolute sample index**: the number of samples before this one since the session began. It
//!   only grows and is never reused, so it serves as the clock of the session.
//! - **dBFS**: decibels relative to full scale. 0 dBFS is the RMS of a full-scale *square* wave, so
//!   a full-scale *sine* is -3.01 dBFS. Frequencies below [`level::LOWEST_HZ`] do not count.
//!   Silence is [`level::FLOOR_DBFS`] and not minus infinity, which JSON cannot represent.
//!
//! # Example
//!
//! ```
//! use hwaja_pcm::RingBuffer;
//!
//! let mut ring = RingBuffer::new(4)?;
//! assert_eq!(ring.push(&[0x00, 0x80, 0x00, 0x40, 0x00, 0x00])?, 3);
//! assert_eq!(ring.read(0, 3)?.to_f32(), [-1.0, 0.5, 0.0]);
//!
//! ring.release(2)?;
//! assert!(ring.read(0, 3).is_err(), "released samples cannot be read");
//! assert_eq!(ring.push(&[0xff, 0xff, 0x01, 0x00, 0x02, 0x00])?, 6);
//! assert_eq!(ring.frames(2, 3)?.len(), 3, "one whole frame, across the wrap-around");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![warn(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

pub mod error;
pub mod level;
pub mod pcm;
mod ring;
mod widest;

#[cfg(feature = "python")]
mod python;

pub use ring::{RingBuffer, Samples};
