//! Conversions between PCM16 bytes, samples and floats, with one scale.

use std::mem::MaybeUninit;

use crate::error::OddByteCount;
use crate::widest::widest;

/// The scale: `f32 = i16 / 32768`. It is a power of two, so the conversion is exact.
pub const FULL_SCALE: f32 = 32768.0;

/// The size on most processors. Another size only makes the conversion slower.
const CACHE_LINE_BYTES: usize = 64;

/// Returns the samples in `pcm` as pairs of bytes.
///
/// # Errors
///
/// [`OddByteCount`] if half a sample is left over.
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
/// `floats` may be uninitialised, so new memory is written once and not twice.
///
/// # Panics
///
/// If the lengths differ.
pub fn to_f32(samples: &[i16], floats: &mut [MaybeUninit<f32>]) {
    assert_eq!(samples.len(), floats.len());
    // Writing a vector across two cache lines costs twice as much.
    let unaligned = floats.as_ptr().align_offset(CACHE_LINE_BYTES);
    let (first, rest) = floats.split_at_mut(unaligned.min(samples.len()));
    convert(&samples[..first.len()], first);
    convert(&samples[first.len()..], rest);
}

widest! {
    fn convert(samples: &[i16], floats: &mut [MaybeUninit<f32>]) {
        for (float, sample) in floats.iter_mut().zip(samples) {
            float.write(f32::from(*sample) / FULL_SCALE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The scale loses nothing: every sample is exactly its float.
    #[test]
    fn the_scale_is_exact() {
        // Miri would take minutes for all.
        let step = if cfg!(miri) { 771 } else { 1 };
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).step_by(step).collect();
        let mut floats = vec![MaybeUninit::new(f32::NAN); samples.len()];
        // Wherever the memory begins, and with a rest behind the last whole vector.
        for begin in 0..CACHE_LINE_BYTES / size_of::<f32>() {
            to_f32(&samples[begin..], &mut floats[begin..]);
            for (&float, &sample) in floats.iter().zip(&samples).skip(begin) {
                // SAFETY: it was initialised above.
                let float = unsafe { float.assume_init() };
                assert_eq!(f64::from(float), f64::from(sample) / 32768.0);
            }
        }
    }

    /// PCM16 is little endian whatever the machine is.
    #[test]
    fn bytes_are_little_endian() {
        let mut samples = [0; 3];
        decode(&[[0x01, 0x00], [0x00, 0x80], [0xff, 0xff]], &mut samples);
        assert_eq!(samples, [1, i16::MIN, -1]);
    }
}
