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
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        return unsafe { convert_avx2(samples, floats) };
    }
    convert(samples, floats);
}

/// The loop for any processor. What wheels may assume of an x86-64 one is the SSE2 of 2003, with
/// which this takes more than twice the time of a `memcpy`; hence [`convert_avx2`].
#[inline(always)]
fn convert(samples: &[i16], floats: &mut [MaybeUninit<f32>]) {
    for (float, sample) in floats.iter_mut().zip(samples) {
        float.write(f32::from(*sample) / FULL_SCALE);
    }
}

/// The same loop, compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_avx2(samples: &[i16], floats: &mut [MaybeUninit<f32>]) {
    convert(samples, floats);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The floats of every possible sample, in order. Their number is no multiple of any vector
    /// width, so that the loop's rest is seen too.
    fn every_sample(convert: impl Fn(&[i16], &mut [MaybeUninit<f32>])) -> Vec<f32> {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).chain([-1]).collect();
        let mut floats = vec![MaybeUninit::new(f32::NAN); samples.len()];
        convert(&samples, &mut floats);
        // SAFETY: all were initialised above.
        floats
            .into_iter()
            .map(|float| unsafe { float.assume_init() })
            .collect()
    }

    /// The scale loses nothing: every sample comes back from its float, and lies in `[-1, 1)`.
    #[test]
    fn the_scale_is_exact() {
        let floats = every_sample(to_f32);
        assert!(floats.iter().all(|float| (-1.0..1.0).contains(float)));
        assert!(
            floats
                .iter()
                .map(|&float| from_f32(float))
                .eq((i16::MIN..=i16::MAX).chain([-1]))
        );
    }

    /// Which processor it runs on changes the speed, never the result.
    #[test]
    fn all_conversions_are_the_same() {
        assert_eq!(every_sample(to_f32), every_sample(convert));
    }

    /// A float that no sample can stand for becomes the nearest that can, and NaN does not panic.
    #[test]
    fn what_cannot_be_a_sample_is_clipped() {
        let floats = [f32::NEG_INFINITY, -1.1, 1.0, f32::INFINITY, f32::NAN];
        assert_eq!(
            floats.map(from_f32),
            [i16::MIN, i16::MIN, i16::MAX, i16::MAX, 0]
        );
    }

    /// PCM16 is little endian whatever the machine is.
    #[test]
    fn bytes_are_little_endian() {
        let mut samples = [0; 3];
        decode(&[[0x01, 0x00], [0x00, 0x80], [0xff, 0xff]], &mut samples);
        assert_eq!(samples, [1, i16::MIN, -1]);
    }
}
