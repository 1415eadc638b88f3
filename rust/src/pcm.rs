//! PCM16: bytes, samples and floats, with one scale between them.

use std::mem::MaybeUninit;

use crate::error::OddByteCount;

/// The one scale: `f32 = i16 / 32768`. A power of two, so the conversion is exact.
pub const FULL_SCALE: f32 = 32768.0;

/// The samples in `pcm`, still as the byte pairs they came in.
///
/// # Errors
///
/// [`OddByteCount`] if half a sample is left over.
///
/// ```
/// use hwaja_pcm::pcm;
///
/// assert_eq!(pcm::pairs(&[0x01, 0x80])?, [[0x01, 0x80]]);
/// assert!(pcm::pairs(&[0x01]).is_err());
/// # Ok::<(), hwaja_pcm::error::OddByteCount>(())
/// ```
pub fn pairs(pcm: &[u8]) -> Result<&[[u8; 2]], OddByteCount> {
    let (pairs, rest) = pcm.as_chunks();
    if rest.is_empty() {
        Ok(pairs)
    } else {
        Err(OddByteCount { bytes: pcm.len() })
    }
}

/// Decodes byte pairs into samples. On a little-endian machine this compiles to one `memcpy`.
///
/// # Panics
///
/// If the lengths differ.
pub fn decode(pairs: &[[u8; 2]], samples: &mut [i16]) {
    assert_eq!(pairs.len(), samples.len());
    for (sample, pair) in samples.iter_mut().zip(pairs) {
        *sample = i16::from_le_bytes(*pair);
    }
}

/// Converts samples to floats in `[-1, 1)`, writing every element of `floats`.
///
/// `floats` need not be initialised, so that fresh memory is written once and not twice.
///
/// # Panics
///
/// If the lengths differ.
pub fn to_f32(samples: &[i16], floats: &mut [MaybeUninit<f32>]) {
    assert_eq!(samples.len(), floats.len());
    for (float, sample) in floats.iter_mut().zip(samples) {
        float.write(f32::from(*sample) / FULL_SCALE);
    }
}

/// The sample nearest to `float`. What lies outside `[-1, 1)` is clipped, and NaN is silence.
///
/// ```
/// use hwaja_pcm::pcm;
///
/// assert_eq!([-1.0, 0.5, 1.0].map(pcm::from_f32), [-32768, 16384, 32767]);
/// ```
#[must_use]
pub fn from_f32(float: f32) -> i16 {
    // `as` saturates, and takes NaN to 0.
    (float * FULL_SCALE).round() as i16
}
