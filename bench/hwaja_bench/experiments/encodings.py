"""Measures what encodings and rates of the audio cost: wrong characters, and wrong speakers.

hwaja bench experiment encodings ../shared/speech

Two of the Korean voices are enrolled, and then take turns with pauses of 1 s: three pairs, and
six lines of each voice. All of it, also the enrolments, is sent in one encoding.
"""

import argparse
import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soxr

from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.client import AudioConfig, AudioEncoding, Transcription, connect
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import OPUS_RATE, SAMPLE_RATE
from hwaja_bench.arguments import add_serve
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.corpus import Clip
from hwaja_bench.speech.index import load_speech, personalities
from hwaja_bench.speech.texts import error_rate
from hwaja_bench.speech.wrong_formats import g711, pcm16

PAIRS = (("pfb", "pma"), ("pfi", "pmd"), ("pfo", "pfl"))
ENROLLED, SPOKEN = slice(0, 2), slice(2, 8)
"""Lines of each voice."""

PAUSE_SECONDS = 1.0
PACKET_SAMPLES = OPUS_RATE // 50
OPUS_BITS_PER_SECOND = 24_000

CONFIGS = (
    AudioConfig(),
    AudioConfig(sample_rate=48_000),
    AudioConfig(encoding=AudioEncoding.F32, sample_rate=44_100),
    AudioConfig(sample_rate=8_000),
    AudioConfig(encoding=AudioEncoding.MULAW, sample_rate=8_000),
    AudioConfig(encoding=AudioEncoding.ALAW, sample_rate=8_000),
    AudioConfig(encoding=AudioEncoding.OPUS),
)


@dataclass
class Results:
    """What was said, and what came of it."""

    said: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    right: int = 0
    """Texts with the right speaker."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    add_serve(parser)


def run(args: argparse.Namespace) -> None:
    clips = load_speech(args.speech, personalities(args.speech), ())
    with running_server(*args.serve) as service:
        for config in CONFIGS:
            results = Results()
            for pair in PAIRS:
                lines = [[clip for clip in clips if clip.speaker == voice] for voice in pair]
                asyncio.run(_converse(service, config, lines, results))
            print(
                f"{config.encoding} at {config.rate} Hz: CER"
                f" {error_rate(results.said, results.texts):.4f}, speaker right in"
                f" {results.right} of {len(results.texts)} texts"
            )


async def _converse(
    service: Service, config: AudioConfig, lines: list[list[Clip]], results: Results
) -> None:
    turns = [turn for pair in zip(*(own[SPOKEN] for own in lines), strict=True) for turn in pair]
    pause = np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE), np.float32)
    talk = np.concatenate([pause, *(piece for clip in turns for piece in (clip.samples, pause))])
    ends = np.cumsum([clip.seconds + PAUSE_SECONDS for clip in turns]) + PAUSE_SECONDS / 2
    async with connect(service.url, cafile=service.cafile) as client:
        for speaker_id, own in enumerate(lines):
            voice = np.concatenate([clip.samples for clip in own[ENROLLED]])
            await client.enrol(speaker_id, encoded(voice, config), audio=config)
        async for event in client.transcribe(encoded(talk, config), audio=config):
            if isinstance(event, Transcription) and event.details is not None:
                turn = int(np.searchsorted(ends, event.details.start_seconds))
                results.right += event.speaker_id == min(turn, len(turns) - 1) % 2
                results.texts.append(event.text)
    results.said += [clip.text or "" for clip in turns]


def encoded(speech: Samples, config: AudioConfig) -> Iterator[bytes]:
    """Yield speech of 16 kHz as a client sends it."""
    samples = soxr.resample(speech, SAMPLE_RATE, config.rate).astype(np.float32)
    match config.encoding:
        case AudioEncoding.OPUS:
            yield from _packets(samples)
        case AudioEncoding.F32:
            yield samples.astype("<f4").tobytes()
        case AudioEncoding.PCM16:
            yield pcm16(samples).tobytes()
        case AudioEncoding.MULAW:
            yield g711(MU_LAW)(samples)
        case AudioEncoding.ALAW:
            yield g711(A_LAW)(samples)


def _packets(samples: Samples) -> Iterator[bytes]:
    import av

    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = OPUS_RATE, "mono", "flt"
    encoder.bit_rate = OPUS_BITS_PER_SECOND
    encoder.open()
    for start in range(0, len(samples) - PACKET_SAMPLES + 1, PACKET_SAMPLES):
        piece = samples[start : start + PACKET_SAMPLES].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate, frame.pts = OPUS_RATE, start
        yield from (bytes(packet) for packet in encoder.encode(frame))
