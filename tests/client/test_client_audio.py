"""The forms of audio that the client library takes, against the real server."""

from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest
import soundfile
from encoders import packets
from loopback import Endpoint

from hwaja.client import (
    Chunks,
    ClientError,
    connect,
)
from hwaja.client.chunks import audio_chunks, sent_as
from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig, AudioEncoding
from hwaja.protocol.codes import Reason

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


def wave_file(folder: Path, pcm: bytes) -> Path:
    file = folder / "voice.wav"
    soundfile.write(file, np.frombuffer(pcm, "<i2"), SAMPLE_RATE)
    return file


FORMS: dict[str, Callable[[bytes, Path], Chunks]] = {
    "bytearray": lambda pcm, _: bytearray(pcm),
    "memoryview": lambda pcm, _: memoryview(pcm),
    "array": lambda pcm, _: array("h", pcm),
    "numpy": lambda pcm, _: np.frombuffer(pcm, "<i2"),
    "numpy of one channel": lambda pcm, _: np.frombuffer(pcm, "<i2").reshape(-1, 1),
    "numpy with gaps": lambda pcm, _: np.frombuffer(pcm, "<i2").repeat(2)[::2],
    "numpy in chunks": lambda pcm, _: np.array_split(np.frombuffer(pcm, "<i2"), 7),
    "float32 of numpy": lambda pcm, _: np.frombuffer(pcm, "<i2").astype("f4") / 32768,
    "float32 in chunks, one of them empty": lambda pcm, _: [
        np.zeros(0, "f4"),
        np.frombuffer(pcm, "<i2").astype("f4") / 32768,
    ],
    "float32 of array": lambda pcm, _: array("f", np.frombuffer(pcm, "<i2") / 32768),
    "the content of a WAV file": lambda pcm, folder: wave_file(folder, pcm).read_bytes(),
    "str": lambda pcm, folder: str(wave_file(folder, pcm)),
    "Path": lambda pcm, folder: wave_file(folder, pcm),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_audio_may_be_bytes_integers_reals_or_a_sound_file(
    form: Callable[[bytes, Path], Chunks],
    endpoint: Endpoint,
    certificate: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    pcm = clips.voices()[0]
    async with connect(endpoint.url, cafile=str(certificate[0])) as client:
        expected = await client.enrol(0, pcm)
        assert await client.enrol(0, form(pcm, tmp_path)) == expected


@pytest.mark.parametrize(
    ("audio", "error", "sentence"),
    [
        ([b"ab", 3], TypeError, "PCM16, as bytes, 16-bit integers or 32-bit reals, not int"),
        (["text"], TypeError, "PCM16, as bytes, 16-bit integers or 32-bit reals, not str"),
        (None, TypeError, "PCM16, as bytes, 16-bit integers or 32-bit reals, not NoneType"),
        (b"odd", ValueError, "has whole samples"),
        (b"RIFF\x24\0\0\0WAVEfmt " + bytes(64), ClientError, "is not a sound file"),
        ([b"RIFF\x24\0\0\0WAVEfmt " + bytes(64)], ValueError, "its header is not"),
        (np.full(8, 0.5), TypeError, "16-bit integers or 32-bit reals, not float64"),
        (np.full(8, 1000, np.float32), ValueError, "from -1 to 1"),
        (np.full(8, np.nan, np.float32), ValueError, "finite"),
        (np.zeros(8, np.int32), TypeError, "16-bit integers or 32-bit reals, not int32"),
        (np.zeros(8, np.uint16), TypeError, "16-bit integers or 32-bit reals, not uint16"),
        (np.zeros(8, ">i2"), TypeError, "16-bit integers or 32-bit reals, not >i2"),
        (np.int16(3), TypeError, "16-bit integers or 32-bit reals, not int16"),
        (np.zeros((8, 2), np.int16), ValueError, "audio of 1 channels"),
        ("/nowhere.wav", ClientError, "/nowhere.wav does not exist"),
        (Path("/nowhere.wav"), ClientError, "/nowhere.wav does not exist"),
    ],
    ids=lambda each: None if isinstance(each, type | str) else type(each).__name__,
)
async def test_audio_that_is_not_pcm16_is_refused_by_the_client(
    audio: object,
    error: type[Exception],
    sentence: str,
    endpoint: Endpoint,
    certificate: tuple[Path, Path],
) -> None:
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        with pytest.raises(error, match=sentence):
            await client.enrol(0, audio)  # type: ignore[arg-type]
        if not isinstance(audio, list):  # the enrolment of a list was begun
            assert (await client.enrol(0, clips.voices()[0])).speaker_id == 0


F32 = AudioConfig(encoding=AudioEncoding.F32, sample_rate=48000)
MULAW = AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000)
OPUS = AudioConfig(encoding=AudioEncoding.OPUS)


@pytest.mark.parametrize(
    ("config", "chunk", "error", "sentence"),
    [
        (F32, np.zeros(8, np.int16), TypeError, "f32, as bytes or 32-bit reals, not int16"),
        (F32, b"12345", ValueError, "has whole samples"),
        (F32, np.array([np.nan], "f4"), ValueError, "finite"),
        (MULAW, np.zeros(8, np.int16), TypeError, "mu-law, as bytes, not int16"),
        (OPUS, b"", ValueError, "cut"),
        (OPUS, b"\xff\xff", ValueError, "120 ms"),
        (AudioConfig(channels=2), b"12", ValueError, "has whole samples"),
        (AudioConfig(channels=2), np.zeros((8, 1), "i2"), ValueError, "audio of 2 channels"),
    ],
)
async def test_audio_that_is_not_encoded_as_told_is_refused_by_the_client(
    config: AudioConfig, chunk: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        await audio_chunks(chunk, config)


async def chunked(audio: Any, config: AudioConfig) -> list[Any]:
    return [chunk async for chunk in await audio_chunks(audio, config)]


async def test_audio_is_sent_in_whole_samples_and_packets() -> None:
    reals = np.arange(5000, dtype="f4") / 5000
    assert b"".join(await chunked(reals, F32)) == reals.tobytes()
    assert [len(chunk) for chunk in await chunked(reals, F32)] == [4 * 4096, 4 * 904]
    both = np.arange(10_000, dtype="i2").reshape(-1, 2)
    pieces = await chunked(both, AudioConfig(channels=2))
    assert [len(piece) for piece in pieces] == [4 * 4096, 4 * 904]
    parts = packets(clips.silence(0.1))
    assert await chunked(iter(parts), OPUS) == list(parts)


async def test_a_sound_file_is_sent_with_the_channels_that_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    both = np.stack([np.full(800, 0.5), np.full(800, -0.25)], axis=1)
    soundfile.write(file, both, SAMPLE_RATE, subtype="PCM_16")
    config = sent_as(file, AudioConfig(encoding=AudioEncoding.OPUS, channels=2))
    assert config == AudioConfig(channels=2)
    sent = np.frombuffer(b"".join(await chunked(file, config)), "<i2").reshape(-1, 2)
    assert (sent == [16384, -8192]).all()
    with pytest.raises(ClientError, match="does not have 2 channels, but 1"):
        await audio_chunks(wave_file(tmp_path, bytes(800)), config)


async def test_warnings_of_the_server_about_a_voice_are_in_its_quality(
    endpoint: Endpoint, certificate: tuple[Path, Path]
) -> None:
    shrill = np.clip(8.0 * np.frombuffer(clips.voices()[0], "<i2"), -32768, 32767).astype(np.int16)
    async with connect(endpoint.url, cafile=certificate[0]) as client:
        quality = (await client.enrol(0, shrill)).quality
        *_, message = [each async for each in client.enrol_messages(0, shrill)]
    assert quality is not None
    assert [(warning.reason, warning.message) for warning in quality.warnings] == [
        (warning["reason"], warning["message"]) for warning in message["quality"]["warnings"]
    ]
    assert Reason.CLIPPED in {warning.reason for warning in quality.warnings}
