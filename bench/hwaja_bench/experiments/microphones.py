"""Measures odd microphones, places and voices: what is enrolled, advised against, and recognised.

hwaja bench experiment microphones ../shared/speech [--half chosen] [--limit 2]

Two voices of a group are enrolled, as an ordinary microphone gives them and in the condition. Then
they take turns, with pauses, in the condition. The enrolment is judged as in `hwaja enroll-check`.
The clips go through detection and attribution, without recognition of text.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from hwaja.cli.enroll_check import LocalEnrolment
from hwaja.client.sound_files import to_pcm16
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.server_messages import Error, RegistrationCompleted
from hwaja.server.application import detector_file, embedder_file
from hwaja.vad.silero import SileroDetector
from hwaja_bench.attribution.conversation import Conversation, plan
from hwaja_bench.attribution.judging import judge
from hwaja_bench.attribution.recording import Recording
from hwaja_bench.experiments.short_answers import OfflineListener
from hwaja_bench.speech.acoustics import Signal
from hwaja_bench.speech.conditions import CONDITIONS
from hwaja_bench.speech.corpus import ENROLMENT_SECONDS, Clip, seeded
from hwaja_bench.speech.index import korean, load_speech, personalities
from hwaja_bench.speech.microphones import (
    Change,
    chain,
    clipped,
    cold,
    far,
    gain,
    hum,
    narrow,
    offset,
    shout,
    whisper,
)
from hwaja_bench.stats import share

SEED = 1

CHOSEN = ("AirbnbStudio", "pfb", "pfi", "pma", "pmb")
REPORTED = ("DanceStudio", "pfc", "pfl", "pfo", "pmd", "pmj")


def unchanged(speech: Signal, _random: np.random.Generator) -> Signal:
    """Return speech as it is."""
    return speech


def later(change: Change) -> Change:
    """Return a change that begins in the middle of the conversation."""

    def half(speech: Signal, random: np.random.Generator) -> Signal:
        middle = len(speech) // 2
        return np.concatenate([speech[:middle], change(speech[middle:], random)])

    return half


@dataclass(frozen=True)
class Manner:
    """How one person is heard."""

    voice: Change = unchanged
    """Changes each line."""
    place: Change = unchanged
    """Changes all audio of the person."""


ORDINARY = Manner()

MICROPHONES: dict[str, tuple[Manner, Manner]] = {
    "ordinary": (ORDINARY, ORDINARY),
    "telephone": (Manner(place=narrow),) * 2,
    "one on the telephone": (Manner(place=narrow), ORDINARY),
    "3 m away": (Manner(place=far),) * 2,
    "one 3 m away": (Manner(place=far), ORDINARY),
    "both move away": (Manner(place=later(far)),) * 2,
    "one soft, -50 dBFS": (Manner(gain(-22)), ORDINARY),
    "one whispers, -50 dBFS": (Manner(chain(whisper, gain(-22))), ORDINARY),
    "one whispers, -35 dBFS": (Manner(chain(whisper, gain(-7))), ORDINARY),
    "clipped": (Manner(clipped),) * 2,
    "offset": (Manner(place=offset),) * 2,
    "hum": (Manner(place=hum), ORDINARY),
    "one has a cold": (Manner(cold), ORDINARY),
    "one shouts": (Manner(shout), ORDINARY),
}
"""How the two speakers are heard."""


@dataclass
class Result:
    """The results of one condition."""

    takes: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """Refusals and warnings."""
    enrolled: int = 0
    """Takes that were not refused."""
    clips: int = 0
    """Clips of conversations in which both were enrolled."""
    missing: int = 0
    right: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    sure_wrong: int = 0

    def __str__(self) -> str:
        answered = self.clips - self.missing
        told = ", ".join(f"{reason} {count}" for reason, count in sorted(self.reasons.items()))
        return (
            f"enrolled {self.enrolled} of {self.takes} ({told or 'nothing told'});"
            f" right {share(self.right, answered)}, missing {self.missing} of {self.clips},"
            f" sure but wrong {self.sure_wrong}, {dict(self.labels)}"
        )


class Listener:
    """Enrols the voices of recordings, and labels their clips."""

    def __init__(self) -> None:
        self._detector = SileroDetector(detector_file())
        self._embedder = SpeakerEmbedder(embedder_file())
        self._attribution = OfflineListener()

    def hear(self, recording: Recording, result: Result) -> None:
        """Add the results of a recording."""
        booth = LocalEnrolment(self._detector, self._embedder)
        enrolled = 0
        for speaker_id, pcm in enumerate(recording.voices):
            answer = asyncio.run(booth.enrol(speaker_id, pcm))
            assert isinstance(answer, RegistrationCompleted | Error)
            enrolled += isinstance(answer, RegistrationCompleted)
            warnings = answer.quality.warnings if answer.quality is not None else ()
            result.reasons.update(str(each.reason) for each in warnings)
            if isinstance(answer, Error):
                result.reasons[f"REFUSED {answer.reason}"] += 1
        result.takes += len(recording.voices)
        result.enrolled += enrolled
        if enrolled < len(recording.voices):
            return
        for clip in judge(recording.conversation, self._attribution.hear(recording)):
            result.clips += 1
            result.missing += clip.is_missing
            result.right += clip.is_right
            result.sure_wrong += clip.is_false_sure and not clip.is_missing
            result.labels[clip.label or "missing"] += 1


def render(
    talk: Conversation, takes: Sequence[Manner], manners: Sequence[Manner], name: str
) -> Recording:
    """Return the audio of a conversation whose speakers are heard in these manners."""
    random = seeded(SEED, talk.name, name)
    limit = round(ENROLMENT_SECONDS[1] * SAMPLE_RATE)
    voices = []
    for manner, own in zip(takes, talk.voices, strict=True):
        lines = [manner.voice(clip.samples.astype(np.float64), random) for clip in own]
        voices.append(to_pcm16(manner.place(np.concatenate(lines)[:limit], random)))
    tracks = [np.zeros(talk.length_samples) for _ in manners]
    for turn in talk.turns:
        line = turn.clip.samples.astype(np.float64)
        tracks[turn.speaker_id][turn.start : turn.stop] = manners[turn.speaker_id].voice(
            line, random
        )
    both = sum(manner.place(track, random) for manner, track in zip(manners, tracks, strict=True))
    return Recording(talk, name, (voices[0], voices[1]), to_pcm16(np.clip(both, -1, 1)))


def voices_of(speech: Path, half: str) -> list[Clip]:
    """Return the clips of a half; the voices of emotiontts are one group."""
    wanted = CHOSEN if half == "chosen" else REPORTED
    entries = [
        entry | ({} if entry["group"] in wanted else {"group": "emotiontts"})
        for entry in (*korean(speech), *personalities(speech))
        if {entry["group"], entry["speaker"]} & set(wanted)
    ]
    return load_speech(speech, entries, ())


def conversations(speech: Path, half: str, limit: int) -> Iterator[Conversation]:
    yield from plan(voices_of(speech, half), SEED, [CONDITIONS["spaced"]], limit)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--half", choices=("chosen", "reported"), default="reported")
    parser.add_argument("--limit", type=int, default=10, help="conversations of each group")
    parser.add_argument("--only", nargs="*", choices=MICROPHONES, default=list(MICROPHONES))


def run(args: argparse.Namespace) -> None:
    listener = Listener()
    talks = list(conversations(args.speech, args.half, args.limit))
    for name, enrolment in product(args.only, ("ordinary", "the same")):
        if name == "ordinary" and enrolment != "ordinary":
            continue
        manners = MICROPHONES[name]
        takes = MICROPHONES["ordinary"] if enrolment == "ordinary" else manners
        result = Result()
        for talk in talks:
            listener.hear(render(talk, takes, manners, name), result)
        print(f"{name}, enrolment {enrolment}: {result}", flush=True)
