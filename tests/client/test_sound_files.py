"""Sound files as PCM16, and audio at the pace of a microphone."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from hwaja.client import sound_files as audio
from hwaja.client.sound_files import AudioError, load_pcm16, mixed_down, paced
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE

TONE_HZ = 440


def tone(rate: int, seconds: float = 1.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * TONE_HZ * np.arange(round(rate * seconds)) / rate)


def loaded(folder: Path, samples: np.ndarray, rate: int, subtype: str = "PCM_16") -> np.ndarray:
    file = folder / "sound.wav"
    soundfile.write(file, samples, rate, subtype=subtype)
    pcm = load_pcm16(file)
    assert len(pcm) % 2 == 0
    return np.frombuffer(pcm, "<i2")


def test_a_file_of_the_right_format_is_read_bit_for_bit(tmp_path: Path) -> None:
    samples = np.array([0, 1, -1, 32767, -32768, 12345], np.int16)
    assert loaded(tmp_path, samples, SAMPLE_RATE).tolist() == samples.tolist()


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100, 48_000, 96_000])
def test_resampling_keeps_duration_pitch_and_level(rate: int, tmp_path: Path) -> None:
    heard = loaded(tmp_path, tone(rate), rate)
    assert len(heard) == pytest.approx(SAMPLE_RATE, abs=1)
    middle = slice(SAMPLE_RATE // 10, -SAMPLE_RATE // 10)
    expected = 32768 * tone(SAMPLE_RATE)[: len(heard)]
    np.testing.assert_allclose(heard[middle], expected[middle], atol=0.02 * 32768)


def test_channels_are_averaged(tmp_path: Path) -> None:
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    assert set(loaded(tmp_path, stereo, SAMPLE_RATE).tolist()) == {4096}


def test_samples_beyond_full_scale_are_clipped_and_do_not_wrap(tmp_path: Path) -> None:
    samples = np.array([1.0, 1.5, 100, np.inf, -1.0, -1.5, -np.inf, 0.25])
    heard = loaded(tmp_path, samples, SAMPLE_RATE, subtype="FLOAT")
    assert heard.tolist() == [32767] * 4 + [-32768] * 3 + [8192]


def test_not_a_number_in_a_float_file_is_read_as_silence(tmp_path: Path) -> None:
    samples = np.array([0.25, np.nan, 0.5])
    assert loaded(tmp_path, samples, SAMPLE_RATE, subtype="FLOAT").tolist() == [8192, 0, 16384]
    samples = np.full(4800, 0.25)
    samples[0] = np.nan
    heard = loaded(tmp_path, samples, 48_000, subtype="FLOAT")
    np.testing.assert_allclose(heard[800:1500], 8192, atol=100)


def test_other_formats_are_read(tmp_path: Path) -> None:
    file = tmp_path / "sound.flac"
    soundfile.write(file, tone(SAMPLE_RATE), SAMPLE_RATE, subtype="PCM_24")
    heard = np.frombuffer(load_pcm16(file), "<i2")
    np.testing.assert_allclose(heard, 32768 * tone(SAMPLE_RATE), atol=1)


@pytest.mark.parametrize("rate", [8000, SAMPLE_RATE])
def test_a_file_without_samples_gives_no_audio(rate: int, tmp_path: Path) -> None:
    assert loaded(tmp_path, np.zeros(0), rate).tolist() == []


def test_an_unusable_file_is_named_in_a_one_line_error(tmp_path: Path) -> None:
    junk = tmp_path / "junk.wav"
    junk.write_text("this is no sound")
    empty = tmp_path / "empty.wav"
    empty.touch()
    cases = {
        tmp_path / "absent.wav": "does not exist",
        junk: "is not a sound file that can be read",
        empty: "is not a sound file that can be read",
        tmp_path: "is not a sound file that can be read",
    }
    for file, reason in cases.items():
        with pytest.raises(AudioError) as caught:
            load_pcm16(file)
        assert str(caught.value) == f"{file} {reason}."


# Pace -----------------------------------------------------------------------------------------


class Clock:
    """A clock that advances when the code sleeps, or when a test sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(audio, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(audio, "asyncio", SimpleNamespace(sleep=self.sleep))

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.mark.parametrize(("speed", "chunk_samples"), [(1, 4096), (2.5, 4096), (1, 160)])
async def test_a_chunk_is_sent_at_the_time_of_its_last_sample(
    speed: float, chunk_samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    pcm = bytes(range(256)) * 100
    sent = b""
    async for chunk in paced(pcm, speed, chunk_samples):
        sent += chunk
        assert len(chunk) == 2 * chunk_samples or sent == pcm
        captured_seconds = len(sent) / 2 / SAMPLE_RATE / speed
        assert clock.now - 1000 == pytest.approx(captured_seconds)
    assert sent == pcm


async def test_delays_of_sending_do_not_accumulate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chunks after a late chunk are on time again."""
    clock = Clock(monkeypatch)
    chunks = paced(bytes(2 * 4 * CHUNK_SAMPLES), 1)
    await anext(chunks)
    clock.now += 0.5  # longer than one chunk
    await anext(chunks)
    await anext(chunks)
    await anext(chunks)
    assert clock.now - 1000 == pytest.approx(4 * CHUNK_SAMPLES / SAMPLE_RATE)


async def test_speed_zero_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    chunks = [chunk async for chunk in paced(bytes(10_000), 0)]
    assert [len(chunk) for chunk in chunks] == [8192, 1808]
    assert clock.now == 1000


async def test_no_audio_gives_no_chunk() -> None:
    async with asyncio.timeout(5):
        assert [chunk async for chunk in paced(b"", 1)] == []


# Channels ------------------------------------------------------------------------------------


def test_interleaved_channels_are_averaged_without_overflow() -> None:
    stereo = np.array([[100, -101], [32767, 32767], [-32768, -32768]], "<i2")
    assert np.frombuffer(mixed_down(stereo.tobytes(), 2), "<i2").tolist() == [0, 32767, -32768]
    assert mixed_down(stereo.tobytes(), 1) == stereo.tobytes()


@pytest.mark.parametrize("package", ["soundfile", "soxr"])
def test_without_the_extra_only_a_wav_file_of_the_protocols_audio_can_be_read(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = np.arange(-800, 800, dtype="<i2")
    soundfile.write(tmp_path / "plain.wav", pcm, 16_000)
    soundfile.write(tmp_path / "other.wav", pcm, 48_000)
    soundfile.write(tmp_path / "other.flac", pcm, 16_000)
    monkeypatch.setitem(sys.modules, package, None)
    assert load_pcm16(tmp_path / "plain.wav") == pcm.tobytes()
    for name in ("other.wav", "other.flac"):
        with pytest.raises(AudioError, match=r"pip install 'hwaja\[client\]'"):
            load_pcm16(tmp_path / name)
    with pytest.raises(AudioError, match="does not exist"):
        load_pcm16(tmp_path / "absent.wav")
