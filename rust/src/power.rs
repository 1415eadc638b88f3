//! The mean power of frames: 1 is a full-scale square wave, so a full-scale sine is 0.5.

use std::f64::consts::PI;

use zeroize::Zeroizing;

use crate::pcm::FULL_SCALE;
use crate::widest::widest;

/// Lower frequencies do not count: the DC offset of a microphone and mains hum, which may be louder
/// than the noise of the room. The lowest voices begin at this frequency.
const LOWEST_HZ: usize = 80;

/// The sample rate of all audio; the API specification requires it.
const SAMPLE_RATE_HZ: usize = 16_000;

const LANES: usize = 32;

/// Measures the mean power, from [`LOWEST_HZ`] up, of frames of one size.
///
/// Each frame is filtered separately: the coefficients of its discrete cosine transform (type II)
/// below the limit are left out. So a power depends only on the samples of its frame, not on chunks
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

    /// Returns the mean power of the frame that consists of these two slices, in this order.
    ///
    /// # Panics
    ///
    /// If the slices together are not as long as a frame.
    pub fn power(&mut self, first: &[i16], second: &[i16]) -> f64 {
        let (begin, end) = self.frame.split_at_mut(first.len());
        widen(first, begin);
        widen(second, end);
        let power = |sum: f64, row: &Vec<f64>| {
            let coefficient = dot(&self.frame, row);
            sum - coefficient * coefficient
        };
        let above = self.rows.iter().fold(dot(&self.frame, &self.frame), power);
        let mean = above.max(0.0) / self.frame.len() as f64;
        mean / f64::from(FULL_SCALE * FULL_SCALE)
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

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_SAMPLES: usize = 512;

    fn power(samples: &[i16]) -> f64 {
        Meter::new(samples.len()).power(samples, &[])
    }

    fn decibels(power: f64) -> f64 {
        10.0 * power.log10()
    }

    fn tone(hertz: f64, amplitude: f64) -> Vec<i16> {
        let wave = |n| (PI * 2.0 * hertz * f64::from(n) / SAMPLE_RATE_HZ as f64 + 1.0).sin();
        // Miri takes minutes for a second.
        let length = if cfg!(miri) {
            2 * FRAME_SAMPLES
        } else {
            SAMPLE_RATE_HZ
        };
        (0..length as i32)
            // `as` saturates at full scale.
            .map(|n| (amplitude * wave(n) * f64::from(FULL_SCALE)).round() as i16)
            .collect()
    }

    fn frames(samples: &[i16]) -> impl Iterator<Item = f64> {
        let mut meter = Meter::new(FRAME_SAMPLES);
        let frames = samples.chunks_exact(FRAME_SAMPLES);
        frames.map(move |frame| decibels(meter.power(frame, &[])))
    }

    /// The definition: a full-scale square wave has the power 1, so a full-scale sine is -3.01 dB.
    #[test]
    fn full_scale_is_a_square_wave() {
        let square: Vec<i16> = (0..512)
            .map(|n| if n / 8 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        assert!((power(&square) - 1.0).abs() < 0.002, "{}", power(&square));
        let sine = decibels(power(&tone(500.0, 1.0))); // whole periods
        assert!((sine + 3.01).abs() < 0.005, "{sine}");
    }

    /// Half the amplitude gives a quarter of the power.
    #[test]
    fn power_is_that_of_the_amplitude() {
        let halved = |n: i16| [(1 << n), -(1 << n)];
        assert!((power(&halved(14)) / power(&halved(13)) - 4.0).abs() < 1e-9);
    }

    /// The power of silence is 0, not a small or negative number.
    #[test]
    fn silence_has_no_power() {
        assert_eq!(power(&[0; 512]), 0.0);
    }

    /// The DC offset of a microphone has no power, however large, and hides no sound.
    #[test]
    fn a_constant_has_no_power() {
        let quiet = tone(1000.0, 1e-3);
        for offset in [1, 3277, -16_384] {
            assert!(power(&[offset; FRAME_SAMPLES]) < 1e-12, "{offset}");
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
            let loudest = frames(&tone(hertz, 0.1)).fold(f64::NEG_INFINITY, f64::max);
            assert!(loudest < -23.01 - 14.0, "{hertz} Hz: {loudest}");
        }
        for hertz in [120.0, 250.0, 1000.0, 7900.0] {
            for level in frames(&tone(hertz, 0.1)) {
                assert!((level + 23.01).abs() < 0.7, "{hertz} Hz: {level}");
            }
        }
    }

    /// A frame has the same power, to the last bit, wherever the wrap-around of the ring cuts it.
    #[test]
    fn a_power_does_not_depend_on_where_a_frame_is_cut() {
        let samples = tone(317.0, 0.9);
        let (frame, mut meter) = (&samples[..FRAME_SAMPLES], Meter::new(FRAME_SAMPLES));
        let whole = meter.power(frame, &[]);
        for at in (0..=FRAME_SAMPLES).step_by(if cfg!(miri) { 128 } else { 1 }) {
            let (first, second) = frame.split_at(at);
            assert_eq!(meter.power(first, second), whole);
        }
    }
}
