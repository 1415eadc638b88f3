"""The forms of audio that the client library takes, against the real server."""

from array import array
from collections.abc import Callable
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from loopback import Endpoint

from hwaja.client import (
    Chunks,
    ClientError,
    connect,
)
from hwaja.protocol.audio import SAMPLE_RATE
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
    "str": lambda pcm, folder: str(wave_file(folder, pcm)),
    "Path": lambda pcm, folder: wave_file(folder, pcm),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
async def test_audio_may_be_bytes_16_bit_integers_or_a_sound_file(
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
        ([b"ab", 3], TypeError, "PCM16, as bytes or 16-bit integers, not int"),
        (["text"], TypeError, "PCM16, as bytes or 16-bit integers, not str"),
        (None, TypeError, "PCM16, as bytes or 16-bit integers, not NoneType"),
        (b"odd", ValueError, "PCM16 has two bytes"),
        (b"RIFF\x24\0\0\0WAVEfmt " + bytes(64), ValueError, "PCM16, its header is not"),
        (np.zeros(8, np.float32), TypeError, "PCM16, as bytes or 16-bit integers, not float32"),
        (np.zeros(8, np.int32), TypeError, "PCM16, as bytes or 16-bit integers, not int32"),
        (np.zeros(8, np.uint16), TypeError, "PCM16, as bytes or 16-bit integers, not uint16"),
        (np.zeros(8, ">i2"), TypeError, "PCM16, as bytes or 16-bit integers, not >i2"),
        (np.int16(3), TypeError, "PCM16, as bytes or 16-bit integers, not int16"),
        (np.zeros((8, 2), np.int16), ValueError, "PCM16 of one channel"),
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
