//! Levels in dBFS, where 0 dBFS is a full-scale square wave (so a full-scale sine is -3.01).

use crate::pcm::FULL_SCALE;

/// What silence measures, and the least that any level can be. PCM16 itself ends near -90 dBFS.
pub const FLOOR_DBFS: f32 = -120.0;

/// The sum of the squares of `samples`, exactly.
///
/// A square is at most 2^30, so a `u64` holds the sum of 2^34 samples: twelve days at 16 kHz.
pub fn sum_of_squares(samples: impl Iterator<Item = i16>) -> u64 {
    // Wrapping, because an overflow check per sample would keep the loop from being vectorised.
    samples.fold(0, |sum: u64, sample| {
        sum.wrapping_add(u64::from(i32::from(sample).pow(2).unsigned_abs()))
    })
}

/// The RMS level of `count` samples with this sum of squares; no samples are silent.
///
/// ```
/// use hwaja_pcm::level;
///
/// let square = [i16::MIN; 4];
/// assert_eq!(level::rms_dbfs(level::sum_of_squares(square.into_iter()), 4), 0.0);
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
