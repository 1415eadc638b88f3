"""Measures how often the server detects wrong formats, and how often it rejects PCM16.

hwaja bench experiment formats ../shared/speech [--half chosen] [--seed 1]

Every clip of the half (`people.py`) that is long enough is tested in every format, and as PCM16 in
all kinds of recordings, with the server's checks for an enrolment and for a transcription.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat
from hwaja.vad.audio_format import FormatWatch, format_of_take
from hwaja_bench.experiments.enrolment import Random, in_room, noisy
from hwaja_bench.speech.people import Audio, Speaker, cut, speakers, telephone
from hwaja_bench.speech.wrong_formats import SENDERS, at_rate, pcm16
from hwaja_bench.stats import share_of

TAKE_SECONDS = 6.0
TAKES = 4  # takes of each speaker with several clips
RATES = (8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000)


def whispered(audio: Audio, random: Random) -> Audio:
    """Return a voice without pitch: the spectrum of each 32 ms with random phases."""
    window = np.hanning(512)
    whole = np.zeros(len(audio) + 512)
    for at in range(0, len(audio) - 512, 256):
        spectrum = np.abs(np.fft.rfft(audio[at : at + 512] * window))
        smooth = np.convolve(spectrum, np.ones(9) / 9, "same")
        phases = np.exp(2j * np.pi * random.random(len(smooth)))
        whole[at : at + 512] += np.fft.irfft(smooth * phases) * window
    return whole[: len(audio)].astype(np.float32)


def chords(count: int, random: Random) -> Audio:
    """Return fading chords of three notes with twelve harmonics each."""
    seconds = np.arange(count) / SAMPLE_RATE
    sound = np.zeros(count)
    for hertz in random.choice([130.8, 164.8, 196.0, 220.0, 261.6, 329.6], 3, replace=False):
        for harmonic in range(1, 13):
            sound += np.sin(2 * np.pi * hertz * harmonic * seconds) / harmonic
    return (0.05 * sound * np.exp(-3 * (seconds % 0.8))).astype(np.float32)


def melody(audio: Audio, random: Random) -> Audio:
    return chords(len(audio), random) + 0.3 * audio


RECORDED: dict[str, Callable[[Audio, Random], Audio]] = {
    "as they are": lambda audio, _: audio,
    "telephone band": lambda audio, _: telephone(audio),
    "pink noise, 10 dB": noisy(10),
    "pink noise, 0 dB": noisy(0),
    "room of 0.6 s": in_room(0.6),
    "clipped by 30 dB": lambda audio, _: np.clip(audio * 30, -1, 1),
    "telephone band, clipped": lambda audio, _: np.clip(telephone(audio) * 30, -1, 1),
    "30 dB fainter": lambda audio, _: audio * np.float32(0.03),
    "offset of 0.3": lambda audio, _: audio * np.float32(0.6) + np.float32(0.3),
    "whispered": whispered,
    "without bass": lambda audio, _: np.append(np.diff(audio), np.float32(0)),
    "music behind it": melody,
    "music alone": lambda audio, random: chords(len(audio), random),
}


class Looks:
    """Format checks of an enrolment and a transcription, with their cost."""

    def __init__(self) -> None:
        self.cpu_seconds: list[float] = []

    def enrolment(self, data: bytes) -> AudioFormat | None:
        """Return the wrong format that an enrolment detects; None: PCM16."""
        words = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
        began = time.process_time()
        found = format_of_take(words)
        self.cpu_seconds.append(time.process_time() - began)
        return found

    def transcription(self, data: bytes) -> AudioFormat | None:
        """Return the wrong format that a transcription detects in this audio; None: PCM16."""
        watch = FormatWatch()
        watch.begin()
        # Repeated, since a second has a different number of bytes in each format.
        pcm = memoryview(4 * data[: len(data) // 24 * 24])
        pieces = (pcm[k : k + 8192] for k in range(0, len(pcm), 8192))
        return next(filter(None, (watch.add(piece) for piece in pieces)), None)


def takes_of(found: list[Speaker], random: Random) -> list[Audio]:
    return [
        cut(speaker, TAKE_SECONDS, random)[0]
        for speaker in found
        for _ in range(TAKES if len(speaker.clips) > 1 else 1)
    ]


def report_real(looks: Looks, takes: list[Audio], random: Random) -> None:
    for name, recorded in RECORDED.items():
        sent = [pcm16(recorded(take, random)).tobytes() for take in takes]
        for kind in (looks.enrolment, looks.transcription):
            named = [kind(data) for data in sent]
            wrong = dict(Counter(filter(None, named)))
            print(f"  {name}, {kind.__name__}: {share_of([x is not None for x in named])} {wrong}")


def report_wrong(looks: Looks, takes: list[Audio]) -> None:
    ways = dict(SENDERS)
    for rate in RATES:
        ways[f"{rate} Hz"] = (AudioFormat.HIGHER_RATE, at_rate(rate))
    for name, (expected, send) in ways.items():
        sent = [send(take) for take in takes]
        for kind in (looks.enrolment, looks.transcription):
            named = [kind(data) for data in sent]
            other = dict(Counter(x for x in named if x not in (None, expected)))
            print(f"  {name}, {kind.__name__}: {share_of([x is expected for x in named])} {other}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--half", choices=("chosen", "reported"), default="reported")
    parser.add_argument("--seed", type=int, default=1)


def run(args: argparse.Namespace) -> None:
    random = np.random.default_rng(args.seed)
    takes, looks = takes_of(speakers(args.speech, args.half), random), Looks()
    print(
        f"{len(takes)} takes of {TAKE_SECONDS:g} s\nnamed, though they are PCM16, mono, of 16 kHz:"
    )
    report_real(looks, takes, random)
    print("named rightly, and otherwise:")
    report_wrong(looks, takes)
    milliseconds = 1e3 * np.percentile(looks.cpu_seconds, [50, 95])
    print("CPU of a look at a take, p50 and p95: {:.1f} and {:.1f} ms".format(*milliseconds))
