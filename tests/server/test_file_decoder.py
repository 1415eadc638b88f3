"""The decoder of sound files: the kinds that it takes, and files that nobody would send."""

import io
import json
import subprocess
import sys

import clips
import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from uploads import encoded, wav

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.files import decoder
from hwaja.server.files.decoder import UndecodableError, decode

RATE = 48_000


def hum(seconds: float = 1.0, rate: int = RATE) -> bytes:
    """A tone of 440 Hz."""
    at = np.arange(round(seconds * rate)) / rate
    return clips.pcm16(0.3 * np.sin(2 * np.pi * 440 * at)).tobytes()


def pitch_of(pcm: bytes) -> float:
    """The loudest frequency, in Hz."""
    samples = clips.samples(pcm)
    return float(np.abs(np.fft.rfft(samples)).argmax() * SAMPLE_RATE / len(samples))


def decoded(file: bytes) -> bytes:
    target = io.BytesIO()
    assert decode(io.BytesIO(file), target) == 0
    return target.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        wav(hum(), RATE),
        wav(hum(rate=8000), 8000),
        encoded(hum(), "flac", "flac"),
        encoded(hum(), "mp3", "libmp3lame"),
        encoded(hum(), "mp4", "aac"),
        encoded(hum(), "adts", "aac"),
        encoded(hum(), "ogg", "libopus"),
        encoded(hum(), "webm", "libopus"),
        encoded(hum(), "aiff", "pcm_s16be"),
        encoded(hum(), "wav", "pcm_alaw"),
    ],
    ids=["wav", "wav-8k", "flac", "mp3", "m4a", "aac", "ogg", "webm", "aiff", "a-law"],
)
def test_each_kind_of_file_is_decoded_to_16_khz(file: bytes) -> None:
    pcm = decoded(file)
    assert len(pcm) / 2 / SAMPLE_RATE == pytest.approx(1.0, abs=0.06)
    assert pitch_of(pcm) == pytest.approx(440, abs=2)


def test_speech_of_the_right_rate_passes_unchanged() -> None:
    """So a file is heard as the same audio is on a WebSocket."""
    pcm = clips.clip("beckett")
    assert decoded(wav(pcm)) == pcm


def test_several_channels_are_averaged() -> None:
    left, right = clips.clip("beckett")[:32_000], bytes(32_000)
    both = np.stack([np.frombuffer(each, "<i2") for each in (left, right)], axis=1)
    halved = np.frombuffer(left, "<i2") / 2
    mixed = np.frombuffer(decoded(wav(both.tobytes(), channels=2)), "<i2")
    np.testing.assert_allclose(mixed, halved, atol=1)


def test_other_rates_are_resampled_without_aliases() -> None:
    """A tone above 8 kHz must not come back as a lower one."""
    at = np.arange(RATE) / RATE
    high = clips.pcm16(0.5 * np.sin(2 * np.pi * 11_000 * at)).tobytes()
    middle = clips.samples(decoded(wav(high, RATE)))[2000:-2000]
    assert np.abs(middle).max() < 0.01
    speech = clips.samples(clips.clip("beckett")[:64_000])
    upsampled = clips.pcm16(soxr.resample(speech, SAMPLE_RATE, RATE)).tobytes()
    again = clips.samples(decoded(wav(upsampled, RATE)))
    error = again[: len(speech)] - speech[: len(again)]
    assert np.sqrt(np.mean(error**2)) < 0.05 * np.sqrt(np.mean(speech**2))


def test_a_damaged_place_is_left_out_and_counted() -> None:
    mp3 = encoded(hum(2.0), "mp3", "libmp3lame")
    middle = len(mp3) // 2
    target = io.BytesIO()
    decode(io.BytesIO(mp3[:middle] + bytes(3000) + mp3[middle + 3000 :]), target)
    assert len(target.getvalue()) > 0.8 * 2 * 2.0 * SAMPLE_RATE


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\0" * 10_000,
        b"#EXTM3U\nhttp://example.org/a.mp3\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        wav(b"", channels=9),
        encoded(hum(), "flac", "flac")[:40],
        encoded(hum(), "mp4", "aac")[:2000],
        b"....ftypM4A " + bytes(1000),
    ],
)
def test_what_is_no_sound_file_is_refused(file: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode(io.BytesIO(file), io.BytesIO())


def test_a_long_mp4_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its index is at its end, so that it must be held."""
    monkeypatch.setattr(decoder, "MAX_HELD_BYTES", 1 << 16)
    with pytest.raises(UndecodableError, match="FILE_TOO_LARGE"):
        decode(io.BytesIO(b"....ftyp" + bytes(1 << 17)), io.BytesIO())


@settings(max_examples=50)
@given(
    st.sampled_from([wav(hum(0.1)), encoded(hum(0.1), "ogg", "libopus")]),
    st.integers(0, 4000),
    st.binary(max_size=64),
)
def test_changed_bytes_give_audio_or_a_refusal(file: bytes, at: int, put: bytes) -> None:
    target = io.BytesIO()
    try:
        decode(io.BytesIO(file[:at] + put + file[at + len(put) :]), target)
    except UndecodableError:
        return
    assert len(target.getvalue()) % 2 == 0


_PROBE = """
import os, socket, sys
from hwaja.server.files import decoder
decoder._load_all()
decoder._confine()
for attempt in (lambda: open("/etc/passwd"), socket.socket, lambda: os.pipe()):
    try:
        attempt()
    except OSError as error:
        print(error.errno)
"""


def test_the_process_opens_neither_files_nor_sockets() -> None:
    """Too many open files: EMFILE is 24."""
    found = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, check=True)
    assert found.stdout.split() == [b"24"] * 3


def test_the_process_writes_audio_and_its_outcome() -> None:
    command = [sys.executable, "-m", "hwaja.server.files.decoder"]
    mp3 = encoded(hum(), "mp3", "libmp3lame")
    ended = subprocess.run(command, input=mp3, capture_output=True, check=True)
    assert pitch_of(ended.stdout) == pytest.approx(440, abs=2)
    assert json.loads(ended.stderr) == {"skipped": 0}
