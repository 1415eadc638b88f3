//! Levels in dBFS, where 0 dBFS is a full-scale square wave (so a full-scale sine is -3.01).

use crate::pcm::FULL_SCALE;
use crate::widest::widest;

/// What silence measures, and the least that any level can be. PCM16 itself ends near -90 dBFS.
pub const FLOOR_DBFS: f32 = -120.0;

widest! {
    /// The sum of the squares of `samples`, exactly.
    ///
    /// A square is at most 2^30, so a `u64` holds the sum of 2^34 samples: twelve days at 16 kHz.
    #[must_use]
    pub fn sum_of_squares(samples: &[i16]) -> u64 {
        // In twos, as processors multiply and add two samples in one step; the sum of their squares
        // is at most 2^31. Wrapping, because overflow checks would keep the loop from being
        // vectorised.
        let square = |sample: i16| i32::from(sample).pow(2).cast_unsigned();
        let (twos, odd) = samples.as_chunks();
        let odd: u64 = odd.iter().map(|&sample| u64::from(square(sample))).sum();
        twos.iter().fold(odd, |sum, &[first, second]| {
            sum.wrapping_add(u64::from(square(first).wrapping_add(square(second))))
        })
    }
}

/// The RMS level of `count` samples with this sum of squares; no samples are silent.
///
/// ```
/// use hwaja_pcm::level;
///
/// let square = [i16::MIN; 4];
/// assert_eq!(level::rms_dbfs(level::sum_of_squares(&square), 4), 0.0);
/// assert_eq!(level::rms_dbfs(0, 4), -120.0);
/// ```
#[must_use]
pub fn rms_dbfs(sum_of_squares: u64, count: usize) -> f32 {
    let mean = sum_of_squares as f64 / count.max(1) as f64;
    decibels(10.0 * (mean / f64::from(FULL_SCALE).powi(2)).log10())
}

/// The level of the sample furthest from zero; no samples are silent.
///
/// ```
/// use hwaja_pcm::level;
///
/// assert_eq!(level::peak_dbfs([1, i16::MIN].into_iter()), 0.0);
/// assert_eq!(level::peak_dbfs([0, 0].into_iter()), -120.0);
/// ```
pub fn peak_dbfs(samples: impl Iterator<Item = i16>) -> f32 {
    let peak = samples.fold(0, |peak: u16, sample| peak.max(sample.unsigned_abs()));
    decibels(20.0 * (f64::from(peak) / f64::from(FULL_SCALE)).log10())
}

/// Lifts the logarithm of zero, minus infinity, to the floor: JSON has no infinity.
fn decibels(value: f64) -> f32 {
    (value as f32).max(FLOOR_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pcm::from_f32;

    fn rms(samples: &[i16]) -> f32 {
        rms_dbfs(sum_of_squares(samples), samples.len())
    }

    /// The definition: a full-scale square wave is 0 dBFS, so a full-scale sine is -3.01.
    #[test]
    fn full_scale_is_a_square_wave() {
        assert_eq!(rms(&[i16::MIN; 512]), 0.0);
        let sine: Vec<i16> = (0..16_000)
            .map(|n| from_f32((n as f32 * 440.0 / 16_000.0 * std::f32::consts::TAU).sin()))
            .collect();
        assert!((rms(&sine) + 3.01).abs() < 0.005, "{}", rms(&sine));
        assert!(peak_dbfs(sine.into_iter()).abs() < 0.001);
    }

    /// Halving the amplitude takes 6.02 dB off, whichever way the level is measured.
    #[test]
    fn levels_are_decibels_of_amplitude() {
        assert!((rms(&[1 << 14; 3]) + 6.0206).abs() < 1e-4);
        assert!((peak_dbfs([0, -(1 << 14)].into_iter()) + 6.0206).abs() < 1e-4);
    }

    /// A level is a finite number, at silence and without any samples too.
    #[test]
    fn silence_is_the_floor() {
        assert_eq!(rms(&[0; 512]), FLOOR_DBFS);
        assert_eq!(rms(&[]), FLOOR_DBFS);
        assert_eq!(peak_dbfs(std::iter::empty()), FLOOR_DBFS);
        // One least sample in an hour is below the floor.
        assert_eq!(rms_dbfs(1, 57_600_000), FLOOR_DBFS);
    }

    /// The sum stays exact where an f32 or an i32 would have given up, with any number of samples
    /// behind the last whole vector.
    #[test]
    fn the_sum_of_squares_is_exact() {
        let mut samples = vec![i16::MIN; 480_000];
        for more in 0..=64 {
            let expected = (480_000 << 30) + 9 * more;
            assert_eq!(sum_of_squares(&samples), expected);
            samples.push(-3);
        }
    }
}
