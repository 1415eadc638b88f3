//! The audio path of hwaja: PCM16 in, frames and their levels out.
//!
//! One [`RingBuffer`] holds the recent audio of one session. Bytes from the socket are copied into
//! it once; everything read out of it is converted once, straight into the memory of whoever asked.
//!
//! # Words
//!
//! - **sample**: one signed 16-bit number, mono, little endian on the wire ("PCM16"). As `f32` it
//!   is divided by 32768, so it lies in `[-1, 1)`.
//! - **chunk**: the samples of one message. Its length is the client's choice and carries no
//!   meaning: *any* split of the same bytes gives the same results (chunk invariance).
//! - **frame**: `size` consecutive samples, at a place that depends on no chunk: frame `k` counted
//!   from `start` is the samples `[start + k * size, start + (k + 1) * size)`.
//! - **absolute sample index**: how many samples came before this one since the session began. It
//!   only grows and is never reused, so it is the session's clock.
//! - **dBFS**: decibels relative to full scale. 0 dBFS is the RMS of a full-scale *square* wave; a
//!   full-scale *sine* is therefore -3.01 dBFS. What lies below [`level::LOWEST_HZ`] does not count.
//!   Silence is [`level::FLOOR_DBFS`], never minus infinity, which JSON cannot carry.
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
//! assert!(ring.read(0, 3).is_err(), "what was released is gone");
//! assert_eq!(ring.push(&[0xff, 0xff, 0x01, 0x00, 0x02, 0x00])?, 6);
//! assert_eq!(ring.frames(2, 3)?.len(), 3, "one whole frame, over the ring's edge");
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
