"""Measures correct and false refusals of the enrolment verdict.

hwaja bench experiment enrolment ../shared/speech [--half chosen] [--seed 1] [--takes 24]

Takes of 3-30 s are cut from one speaker's consecutive clips: unchanged, in noise, and in generated
rooms. Two takes are compared only if they share no clip and have the same condition. Every take is
processed as in `hwaja enroll-check`: session, VAD, embeddings, verdict. The half is one of the
voices' halves (`people.py`); the thresholds were chosen on one of them.
"""

import argparse
import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from hwaja.cli.enroll_check import LocalEnrolment
from hwaja.client.sound_files import to_pcm16
from hwaja.engines.interface import Embedding, Embeddings, Samples
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import Reason
from hwaja.protocol.server_messages import Error, RegistrationCompleted
from hwaja.protocol.values import Quality
from hwaja.server.application import detector_file, embedder_file
from hwaja.speakers.verdict import SAME_VOICE, SIMILAR_VOICE, warnings
from hwaja.speakers.voices import PooledVoice, pool, similarity
from hwaja.vad.silero import SileroDetector
from hwaja_bench.speech.acoustics import impulse_response, reverberant
from hwaja_bench.speech.people import Audio, Speaker, cut, speakers, telephone
from hwaja_bench.stats import share_of

LENGTHS_SECONDS = ((3, 5), (5, 9), (9, 16), (16, 30))
OTHER_SHARE = (0.3, 0.5)
JOINT_SECONDS = 0.2  # silence where the voice changes

Random = np.random.Generator
Hear = Callable[[Audio, Random], Audio]


@dataclass(frozen=True)
class Take:
    """The verdict on a take."""

    speaker: Speaker
    clips: frozenset[int]
    voice: PooledVoice
    quality: Quality
    refusal: Reason | None


def noisy(snr_db: float) -> Hear:
    """Return a function that adds pink noise at `snr_db` below the mean power."""

    def hear(audio: Audio, random: Random) -> Audio:
        spectrum = np.fft.rfft(random.standard_normal(len(audio)))
        pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), len(audio))
        power = np.mean(audio.astype(np.float64) ** 2) / 10 ** (snr_db / 10)
        return np.asarray(audio + pink * np.sqrt(power / np.mean(pink**2)), np.float32)

    return hear


def in_room(rt60_seconds: float) -> Hear:
    """Return a function that adds reverberation as strong as the direct sound."""

    def hear(audio: Audio, random: Random) -> Audio:
        response = impulse_response(rt60_seconds, random, direct_db=0)
        return reverberant(audio.astype(np.float64), response).astype(np.float32)

    return hear


HEARD: dict[str, Hear] = {
    "clean": lambda audio, _: audio,
    "20 dB": noisy(20),
    "10 dB": noisy(10),
    "room, 0.3 s": in_room(0.3),
    "room, 0.8 s": in_room(0.8),
    "room, 0.6 s, 20 dB": lambda audio, random: noisy(20)(in_room(0.6)(audio, random), random),
    "hall, 1.5 s": in_room(1.5),
}


def from_the_middle(hear: Hear) -> Hear:
    """Return a function that applies `hear` from the middle of a take on."""

    def changing(audio: Audio, random: Random) -> Audio:
        middle = len(audio) // 2
        return np.concatenate([audio[:middle], hear(audio[middle:], random)])

    return changing


CHANGING: dict[str, Hear] = {
    "10 dB from the middle on": from_the_middle(noisy(10)),
    "in a room of 0.6 s from the middle on": from_the_middle(in_room(0.6)),
    "12 dB fainter from the middle on": from_the_middle(lambda audio, _: audio / np.float32(4)),
    "telephone band from the middle on": from_the_middle(lambda audio, _: telephone(audio)),
}


class Listener:
    """An embedder that stores the embedding of the last take."""

    def __init__(self) -> None:
        self._embedder = SpeakerEmbedder(embedder_file())
        self.voice: Embedding | None = None

    def embed(self, samples: Samples) -> Embeddings:
        """Return the embeddings of `samples`; see `interface.Embedder.embed`."""
        found = self._embedder.embed(np.ascontiguousarray(samples))
        self.voice = found[0].copy()
        return found


class EnrolmentJudge:
    """Judges takes, each as the first one of a session."""

    def __init__(self) -> None:
        self._listener = Listener()
        self._detector = SileroDetector(detector_file())

    def judge(self, audio: Audio) -> tuple[Embedding | None, Quality | None, Reason | None]:
        """Return the embedding, the quality and the reason of a refusal, each None if absent."""
        booth = LocalEnrolment(self._detector, self._listener)
        self._listener.voice = None
        answer = asyncio.run(booth.enrol(0, to_pcm16(audio)))
        assert isinstance(answer, RegistrationCompleted | Error)
        reason = answer.reason if isinstance(answer, Error) else None
        return self._listener.voice, answer.quality, reason


def length(k: int, random: Random) -> float:
    return float(random.uniform(*LENGTHS_SECONDS[k % len(LENGTHS_SECONDS)]))


def takes_of(
    slot: EnrolmentJudge, found: list[Speaker], count: int, hear: Hear, random: Random
) -> Iterator[Take]:
    """Yield takes of every speaker that are long enough to be judged."""
    for speaker in found:
        # For a speaker with one clip, few takes differ.
        for k in range(count if len(speaker.clips) > 1 else 2):
            audio, clips = cut(speaker, length(k, random), random)
            voice, quality, reason = slot.judge(hear(audio, random))
            if voice is not None and quality is not None:
                pooled = pool(None, voice, quality.speech_seconds)
                yield Take(speaker, clips, pooled, quality, reason)


def two_people(one: Speaker, other: Speaker, k: int, random: Random) -> Audio:
    """Return a take of two people in turns: A-B, A-B-A or A-B-A-B."""
    seconds, other_share = length(k, random), random.uniform(*OTHER_SHARE)
    turns = 2 + k // len(LENGTHS_SECONDS) % 3
    pieces = [
        np.array_split(cut(speaker, seconds * part, random)[0], count)
        for speaker, part, count in (
            (one, 1 - other_share, (turns + 1) // 2),
            (other, other_share, turns // 2),
        )
    ]
    joint = np.zeros(round(JOINT_SECONDS * SAMPLE_RATE), np.float32)
    return np.concatenate(
        [x for turn in range(turns) for x in (pieces[turn % 2][turn // 2], joint)]
    )


def percentiles(values: list[float]) -> str:
    marks = np.percentile(values, [0, 1, 5, 50, 95, 99, 100])
    return "0/1/5/50/95/99/100 %: " + " ".join(f"{mark:.2f}" for mark in marks)


def report_agreement(what: str, judged: list[tuple[Quality, Reason | None]]) -> None:
    """Print how often a take is refused, or gets a warning, because of two voices."""
    if not judged:
        return
    refused = [reason is Reason.TWO_VOICES for _, reason in judged]
    doubted = [Reason.PERHAPS_TWO_VOICES in warnings(quality) for quality, _ in judged]
    print(f"  {what}: refused {share_of(refused)}, warned {share_of(doubted)}")
    print(f"    agreement {percentiles([quality.agreement for quality, _ in judged])}", flush=True)


def report_pairs(takes: list[Take]) -> None:
    """Print how often two takes of the same group and sex count as one person."""
    same: list[float] = []
    different: dict[str, list[float]] = {}
    for one, other in combinations(takes, 2):
        if (one.speaker.group, one.speaker.sex) != (other.speaker.group, other.speaker.sex):
            continue
        alike = similarity(one.voice, other.voice)
        if one.speaker is not other.speaker:
            language = "English" if one.speaker.sex == "?" else "Korean, one sex"
            different.setdefault(language, []).append(alike)
        elif not one.clips & other.clips:
            same.append(alike)
    for name, found in {"one person twice": same, **different}.items():
        if found:
            refused = [alike >= SAME_VOICE for alike in found]
            told = [alike >= SIMILAR_VOICE for alike in found]
            print(
                f"  pairs, {name}: refused {share_of(refused)}, refused or warned {share_of(told)}"
            )
            print(f"    similarity {percentiles(found)}", flush=True)


def report_mixtures(slot: EnrolmentJudge, found: list[Speaker], count: int, random: Random) -> None:
    for name in ("clean", "20 dB", "room, 0.8 s"):
        for group in dict.fromkeys(speaker.group for speaker in found):
            people = [speaker for speaker in found if speaker.group == group]
            judged = []
            for k in range(count):
                one, other = random.choice(len(people), 2, replace=False)
                audio = two_people(people[one], people[other], k, random)
                _, quality, reason = slot.judge(HEARD[name](audio, random))
                if quality is not None:
                    judged.append((quality, reason))
            report_agreement(f"two people, {name}, {group}", judged)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--half", choices=("chosen", "reported"), default="reported")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--takes", type=int, default=24, help="of each speaker with several clips")


def run(args: argparse.Namespace) -> None:
    random = np.random.default_rng(args.seed)
    slot, found = EnrolmentJudge(), speakers(args.speech, args.half)
    for name, hear in HEARD.items():
        print(name, flush=True)
        takes = list(takes_of(slot, found, args.takes, hear, random))
        report_agreement("one person", [(take.quality, take.refusal) for take in takes])
        report_pairs(takes)
    report_mixtures(slot, found, args.takes, random)
    for name, hear in CHANGING.items():
        takes = list(takes_of(slot, found, args.takes // 3, hear, random))
        report_agreement(f"one person, {name}", [(take.quality, take.refusal) for take in takes])
