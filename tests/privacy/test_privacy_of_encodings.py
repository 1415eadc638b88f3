"""`hwaja serve` leaves nothing of a session whose audio is not PCM16 of 16 kHz."""

import asyncio
import ssl
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import clips
import numpy as np
import pytest
import soxr
from encoders import at_rate, encoded, messages, packets
from loopback import PATIENCE_SECONDS, Address, Peer
from msgspec import to_builtins
from own_voiceprints import add_voices
from processes import hwaja_serve
from remains import SEARCHABLE, left_in_memory, open_files
from tone_speech import hummed
from traces import Numbers, Search

from hwaja.audio.decoder import Decoder
from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.audio.opus import OpusDecoder
from hwaja.engines.interface import Pcm16, Samples
from hwaja.models.conversion.tones import spoken, write_tone_model
from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig, AudioEncoding
from hwaja.vad.silero import SileroDetector

pytestmark = [pytest.mark.models, *SEARCHABLE]

FULL_SCALE = np.float32(32768)
MARKED_SECONDS = 1
"""So much of the end of each stream is looked for. A search for more takes longer."""

TONES = ([0, 1, 2, 3, 4], [5, 3, 6, 2, 7])
TEXTS = [spoken(tones).text for tones in TONES]
"""Of the first channel and the second one."""


@dataclass(frozen=True)
class Talk:
    """The messages with which a client enrols both voices, speaks, and goes on speaking."""

    name: str
    config: AudioConfig
    voices: tuple[list[bytes], ...]
    said: list[bytes]
    rest: list[bytes]
    """Speech without a pause behind it."""
    is_cut_off: bool
    """Whether the client disconnects without a close."""


def talks() -> list[Talk]:
    """What five clients send, each in another encoding, at another rate or of two channels."""
    said, other = (hummed(tones).pcm for tones in TONES)
    said, other = said + clips.silence(0.8), other + clips.silence(0.8)
    rest = hummed([7, 6, 5, 4, 1], piece="season").pcm
    voices = (hummed(range(8)).pcm, clips.voices()[0])
    floats = AudioConfig(encoding=AudioEncoding.F32, sample_rate=24000)
    telephone = AudioConfig(encoding=AudioEncoding.ALAW, sample_rate=16000)
    opus, stereo = (AudioConfig(encoding=AudioEncoding.OPUS, channels=count) for count in (1, 2))
    call = AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8000, channels=2)
    alone = {
        "f32": (floats, [messages(pcm, floats) for pcm in (*voices, said, rest)]),
        "A-law": (telephone, [messages(pcm, telephone) for pcm in (*voices, said, rest)]),
        "Opus": (opus, [list(packets(pcm, milliseconds=10)) for pcm in (*voices, said, rest)]),
    }
    together = {
        "mu-law of two": (call, [two_channels(pcm, other, call) for pcm in (said, rest)]),
        "Opus of two": (stereo, [list(packets(pcm, other[: len(pcm)])) for pcm in (said, rest)]),
    }
    return [
        Talk(name, config, tuple(voices), said, rest, is_cut_off=number % 2 == 0)
        for number, (name, (config, (*voices, said, rest))) in enumerate((alone | together).items())
    ]


def two_channels(pcm: bytes, other: bytes, config: AudioConfig) -> list[bytes]:
    sides = [at_rate(each[: len(pcm)], config.rate) for each in (pcm, other)]
    data = encoded(np.stack(sides, axis=1), config.encoding)
    size = config.rate // 10 * config.channels
    return [data[at : at + size] for at in range(0, len(data), size)]


def decoded(config: AudioConfig, sent: list[bytes]) -> Pcm16 | Samples:
    """The samples at the client's rate, shape (n, channels): reals of f32, else int16."""
    if config.encoding is AudioEncoding.OPUS:
        opus = OpusDecoder(config.channels)
        return np.concatenate([opus.decode(packet) for packet in sent])
    data = b"".join(sent)
    if config.encoding is AudioEncoding.F32:
        samples = np.frombuffer(data, "<f4")
    else:
        table = MU_LAW if config.encoding is AudioEncoding.MULAW else A_LAW
        samples = table[np.frombuffer(data, np.uint8)]
    return samples.reshape(-1, config.channels)


def add_stream(numbers: Numbers, mark: str, config: AudioConfig, sent: list[bytes]) -> list[bytes]:
    """Look for the end of a stream: as it was sent, decoded and resampled.

    Returns:
        What the session gets: the PCM16 of each channel.

    """
    decoder, resampler = (
        Decoder(config),
        soxr.ResampleStream(config.rate, SAMPLE_RATE, config.channels),
    )
    channels = np.concatenate([decoder.decode(each) for each in sent] + [decoder.drain()], axis=1)
    share = MARKED_SECONDS * SAMPLE_RATE / channels.shape[1]
    plain = decoded(config, sent)
    reals = plain if plain.dtype == np.float32 else plain / FULL_SCALE
    resampled = resampler.resample_chunk(reals, last=True)
    for form, samples in {
        "sent": [np.frombuffer(b"".join(sent), np.uint8)],
        "decoded": [plain, reals],
        "resampled": [resampled, resampled * FULL_SCALE, channels.T.astype(np.float32)],
        "taken": [*channels, *(channels / FULL_SCALE)],
    }.items():
        for each in samples:
            numbers.add(f"{mark} {form}", each[-round(share * len(each)) :])
    return [channel.tobytes() for channel in channels]


async def play(peer: Peer, chunks: list[bytes]) -> None:
    for chunk in chunks:
        await peer.websocket.send(chunk)


async def begin_to_enrol(peer: Peer, talk: Talk) -> None:
    """Enrol speaker 1, then send the voice of speaker 0 without an end of the enrolment."""
    audio = to_builtins(talk.config)
    for speaker_id, voice in reversed(list(enumerate(talk.voices))):
        await peer.say("start_speaker_registration", speaker_id=speaker_id, audio=audio)
        await play(peer, voice)
        if speaker_id:
            await peer.say("complete_speaker_registration", speaker_id=speaker_id)
            await peer.receive_until("speaker_registration_completed")
    await (await peer.websocket.ping())


def enrolling_in_memory(search: Search, pid: int, expected: set[str]) -> set[str]:
    """Search the server for audio of the takes, until it is found of all that are expected.

    What moves to the ring during a search may be missed.

    Returns:
        The names of the talks of which it was found.

    """
    found: set[str] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        began = time.monotonic()  # a search takes long
        marks = {trace.mark for trace in search.in_memory(pid, "front")}
        found |= {mark.partition(":")[0] for mark in marks if ": take " in mark}
        if found == expected or began > deadline:
            return found


async def speak(peer: Peer, talk: Talk) -> None:
    """End the enrolment, and say a sentence."""
    if talk.voices:
        await peer.say("complete_speaker_registration", speaker_id=0)
        await peer.receive_until("speaker_registration_completed")
    speakers = {} if talk.voices else {"speakers": "channels"}
    audio = to_builtins(talk.config)
    await peer.say("start_transcription", interim_results=True, audio=audio, **speakers)
    await play(peer, talk.said)
    assert (await peer.receive_until("transcription"))[-1]["text"] in TEXTS


async def leave_within_a_word(peer: Peer, talk: Talk) -> None:
    """Leave during the next utterance. Half of the clients disconnect."""
    await play(peer, talk.rest)
    await peer.receive_until("interim")
    if talk.is_cut_off:
        peer.websocket.transport.abort()
    else:
        await peer.websocket.close()


async def test_nothing_of_audio_in_another_encoding_stays_after_the_session(
    detector: SileroDetector, tmp_path: Path
) -> None:
    """It is looked for as it was sent, decoded and resampled, and so are its text and a voice.
    During an enrolment, the same search finds it."""
    model = tmp_path / "tones"
    model.mkdir()
    write_tone_model(model)
    every = talks()
    numbers = Numbers()
    for talk in every:
        for voice in talk.voices[:1]:  # speaker 0's
            (pcm,) = add_stream(numbers, f"{talk.name}: take", talk.config, voice)
            await add_voices(numbers, [pcm], detector, f"{talk.name}: ")
        add_stream(numbers, f"{talk.name}: talk", talk.config, talk.said + talk.rest)
    search = Search(numbers, {f"text {number}": text for number, text in enumerate(TEXTS)})
    home = tmp_path / "home"
    home.mkdir()
    options = ("--port", "0", "--workers", "1", "--max-messages-per-second", "2000")
    recogniser = ("--asr-model", str(model), "--language", "ko")
    with hwaja_serve(home, *options, model=recogniser) as running:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        server = Address(int(running.url.rpartition(":")[2]), trust)
        async with AsyncExitStack() as sessions:
            peers = [await sessions.enter_async_context(server.welcomed()) for _ in every]
            await asyncio.gather(*map(begin_to_enrol, peers, every))
            takes = {talk.name for talk in every if talk.voices}
            found = asyncio.to_thread(enrolling_in_memory, search, running.process.pid, takes)
            assert await found == takes  # meanwhile the clients answer pings
            await asyncio.gather(*map(speak, peers, every))
            # The server leaves out interim texts while sentences wait.
            await asyncio.gather(*map(leave_within_a_word, peers, every))
        assert left_in_memory(search, running) == set()
        assert search.in_files(open_files(running)) == set()
        running.process.terminate()
        log = await asyncio.to_thread(running.end)
    assert [line["event"] for line in log].count("session closed") == len(every)
    assert search.in_bytes(repr(log).encode(), "log") == set()
