//! Levels in dBFS: 0 dBFS is a full-scale square wave, so a full-scale sine is -3.01 dBFS.

use std::f64::consts::PI;

use zeroize::Zeroizing;

use crate::pcm::FULL_SCALE;
use crate::widest::widest;

/// The level of silence, and the lowest possible level. PCM16 itself reaches down to -90 dBFS.
pub const FLOOR_DBFS: f32 = -120.0;

/// Lower frequencies do not count: the DC offset of a microphone and mains hum, which may be louder
/// than the noise of the room. The lowest voices begin at this frequency.
pub const LOWEST_HZ: usize = 80;

/// The sample rate of all audio; the API specification requires it.
const SAMPLE_RATE_HZ: usize = 16_000;

const LANES: usize = 32;

/// Measures the RMS level, from [`LOWEST_HZ`] up, of frames of one size.
///
/// Each frame is filtered separately: the coefficients of its discrete cosine transform (type II)
/// below the limit are left out. So a level depends only on the samples of its frame, not on chunks
/// or earlier audio. In a frame of 32 ms, hum of 50 or 60 Hz is reduced by about 17 dB.
pub struct Meter {
    /// The rows of the transform below the limit: unit vectors with one element per sample.
    rows: Vec<Vec<f64>>,
    frame: Zeroizing<Vec<f64>>,
}

impl Meter {
    /// Returns a meter for frames of `size_samples`.
    #[must_use]
    pub fn new(size_samples: usize) -> Self {
        let count = (2 * size_samples * LOWEST_HZ).div_ceil(SAMPLE_RATE_HZ);
        let size = size_samples as f64;
        let cosines: Vec<f64> = (0..size_samples)
            .map(|n| (PI * (n as f64 + 0.5) / size).cos())
            .collect();
        let mut rows = vec![vec![1.0; size_samples], cosines.clone()];
        // cos(kx) = 2 cos(x) cos((k - 1)x) - cos((k - 2)x)
        for k in 2..count {
            let (before, last) = (&rows[k - 2], &rows[k - 1]);
            let next = cosines.iter().zip(last).zip(before);
            rows.push(
                next.map(|((cosine, last), before)| 2.0 * cosine * last - before)
                    .collect(),
            );
        }
        rows.truncate(count);
        for (k, row) in rows.iter_mut().enumerate() {
            let scale = (if k == 0 { 1.0 } else { 2.0 } / size).sqrt();
            row.iter_mut().for_each(|value| *value *= scale);
        }
        Self {
            rows,
            frame: Zeroizing::new(vec![0.0; size_samples]),
        }
    }

    /// Returns the level of the frame that consists of these two slices, in this order.
    ///
    /// # Panics
    ///
    /// If the slices together are not as long as a frame.
    pub fn rms_dbfs(&mut self, first: &[i16], second: &[i16]) -> f32 {
        let (begin, end) = self.frame.split_at_mut(first.len());
        widen(first, begin);
        widen(second, end);
        let power = |sum: f64, row: &Vec<f64>| sum - dot(&self.frame, row).powi(2);
        let above = self.rows.iter().fold(dot(&self.frame, &self.frame), power);
        let mean = above.max(0.0) / self.frame.len() as f64;
        decibels(10.0 * (mean / f64::from(FULL_SCALE).powi(2)).log10())
    }
}

widest! {
    fn widen(samples: &[i16], floats: &mut [f64]) {
        assert_eq!(samples.len(), floats.len());
        for (float, sample) in floats.iter_mut().zip(samples) {
            *float = f64::from(*sample);
        }
    }
}

widest! {
    fn dot(one: &[f64], other: &[f64]) -> f64 {
        let (ones, rest) = one.as_chunks::<LANES>();
        let (others, other_rest) = other.as_chunks::<LANES>();
        // In lanes: the compiler may not reorder additions of floats, so it would not vectorise.
        let mut sums = [0.0; LANES];
        for (one, other) in ones.iter().zip(others) {
            for lane in 0..LANES {
                sums[lane] += one[lane] * other[lane];
            }
        }
        let rest: f64 = rest.iter().zip(other_rest).map(|(one, other)| one * other).sum();
        sums.iter().sum::<f64>() + rest
    }
}

/// Returns the level of the sample furthest from zero; the floor if there are no samples.
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

/// Replaces levels below the floor, such as the logarithm of zero: JSON has no infinity.
fn decibels(value: f64) -> f32 {
    (value as f32).max(FLOOR_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pcm::from_f32;

    const FRAME_SAMPLES: usize = 512;

    fn rms(samples: &[i16]) -> f32 {
        Meter::new(samples.len()).rms_dbfs(samples, &[])
    }

    fn tone(hertz: f64, amplitude: f64) -> Vec<i16> {
        let wave = |n| (PI * 2.0 * hertz * f64::from(n) / SAMPLE_RATE_HZ as f64 + 1.0).sin();
        (0..SAMPLE_RATE_HZ as i32)
            .map(|n| from_f32((amplitude * wave(n)) as f32))
            .collect()
    }

    fn frames(samples: &[i16]) -> impl Iterator<Item = f32> {
        let mut meter = Meter::new(FRAME_SAMPLES);
        let frames = samples.chunks_exact(FRAME_SAMPLES);
        frames.map(move |frame| meter.rms_dbfs(frame, &[]))
    }

    /// The definition: a full-scale square wave is 0 dBFS, so a full-scale sine is -3.01.
    #[test]
    fn full_scale_is_a_square_wave() {
        let square: Vec<i16> = (0..512)
            .map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        assert!(rms(&square).abs() < 0.01, "{}", rms(&square));
        let sine = tone(440.0, 1.0);
        assert!((rms(&sine) + 3.01).abs() < 0.005, "{}", rms(&sine));
        assert!(peak_dbfs(sine.into_iter()).abs() < 0.001);
    }

    /// Half the amplitude is 6.02 dB less, as RMS and as peak.
    #[test]
    fn levels_are_decibels_of_amplitude() {
        let halved = |n: i16| [(1 << n), -(1 << n)];
        assert!((rms(&halved(14)) - rms(&halved(13)) - 6.0206).abs() < 1e-4);
        assert!((peak_dbfs([0, -(1 << 14)].into_iter()) + 6.0206).abs() < 1e-4);
    }

    /// A level is a finite number, also for silence and without samples.
    #[test]
    fn silence_is_the_floor() {
        assert_eq!(rms(&[0; 512]), FLOOR_DBFS);
        assert_eq!(rms(&[]), FLOOR_DBFS);
        assert_eq!(peak_dbfs(std::iter::empty()), FLOOR_DBFS);
    }

    /// The DC offset of a microphone has no level, however large, and hides no sound.
    #[test]
    fn a_constant_has_no_level() {
        let quiet = tone(1000.0, 1e-3);
        for offset in [1, 3277, -16_384] {
            assert_eq!(rms(&[offset; FRAME_SAMPLES]), FLOOR_DBFS, "{offset}");
            let lifted: Vec<i16> = quiet.iter().map(|sample| sample + offset).collect();
            for (alone, lifted) in frames(&quiet).zip(frames(&lifted)) {
                assert!((alone - lifted).abs() < 0.01, "{alone} and {lifted}");
            }
        }
    }

    /// Mains hum is reduced by at least 14 dB. The frequencies of voices stay.
    #[test]
    fn hum_is_taken_out_and_voices_are_not() {
        for hertz in [50.0, 60.0] {
            let loudest = frames(&tone(hertz, 0.1)).fold(FLOOR_DBFS, f32::max);
            assert!(loudest < -23.01 - 14.0, "{hertz} Hz: {loudest}");
        }
        for hertz in [120.0, 250.0, 1000.0, 7900.0] {
            for level in frames(&tone(hertz, 0.1)) {
                assert!((level + 23.01).abs() < 0.7, "{hertz} Hz: {level}");
            }
        }
    }

    /// A frame has the same level, to the last bit, wherever the wrap-around of the ring cuts it.
    #[test]
    fn a_level_does_not_depend_on_where_a_frame_is_cut() {
        let samples = tone(317.0, 0.9);
        let (frame, mut meter) = (&samples[..FRAME_SAMPLES], Meter::new(FRAME_SAMPLES));
        let whole = meter.rms_dbfs(frame, &[]);
        for at in 0..=FRAME_SAMPLES {
            let (first, second) = frame.split_at(at);
            assert_eq!(meter.rms_dbfs(first, second), whole);
        }
    }
}
