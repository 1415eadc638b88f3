"""Measures how well speakers are discovered whom nobody enrolled.

hwaja bench experiment discovery ../shared/speech
hwaja bench experiment discovery ../shared/speech --half chosen

Two, three and four people talk with mixed pauses and without, clean and in rooms with noise.
hwaja's detector and gate cut the recording as in a session, and its discovery names the speakers.
Printed are the diarization error rate with a collar of 0.25 s and the share of lines with the right
speaker (of the labels when they were sent, and after all corrections), how many speakers were
found, how soon each had the right label, and how many answers were corrected. `offline` is a
diarization of the whole file at once: windows of 1.5 s of the same detector and embedder, grouped
by average linkage (scipy).
`--known` says how many speakers there are.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simpleder
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import HOP_SAMPLES, Embeddings, VoiceTrack
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import MOST_SPEAKERS
from hwaja.server.application import detector_file, embedder_file
from hwaja.session.channel import OpenSpeech
from hwaja.session.effects import ProbeSpeaker
from hwaja.speakers.discovery import Discovery
from hwaja.speakers.parts import Part
from hwaja.speakers.voice_changes import next_voice
from hwaja.speakers.voices import Cohort, Voices, units_of
from hwaja.vad.gate import GateSettings, Segment, SpeechGate
from hwaja.vad.silero import SileroDetector, frames_to_detect
from hwaja_bench.offline import PIECE_FRAMES, ring_of
from hwaja_bench.speech.conditions import CONDITIONS, SNRS_DB
from hwaja_bench.speech.corpus import samples_of
from hwaja_bench.speech.index import ROOMS
from hwaja_bench.speech.meetings import Meeting, Span, meeting, parties
from hwaja_bench.speech.people import speakers
from hwaja_bench.stats import ratio, share, share_of

PAUSES = ("mixed", "no-pause")
COLLAR_SECONDS = 0.25
SEED = 23
CHOSEN_ROOM = ROOMS[0]
"""The thresholds were chosen on its speakers, too."""

OFFLINE_WINDOWS, OFFLINE_STEP = 7, 4
"""Windows of the embedder in a window of 1.44 s, and from one to the next."""

OFFLINE_COSINE = 0.44
"""Average cosine below which `offline` joins no groups: the threshold of `clustering` for 1.4 s."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--half", choices=("chosen", "reported"), default="reported")
    parser.add_argument("--minutes", type=float, default=5.0, help="of each conversation")
    parser.add_argument("--conversations", type=int, default=2, help="of each group and number")
    parser.add_argument("--known", action="store_true", help="tell how many speakers there are")


@dataclass(frozen=True)
class Outcome:
    """What was found in one conversation."""

    meeting: Meeting
    live: tuple[Span, ...]
    """The labels as they were sent."""
    last: tuple[Span, ...]
    """The labels after all corrections."""
    offline: tuple[Span, ...]
    corrections: int
    cpu_seconds: float
    """Of the front process for the discovery, without embeddings."""


def run(args: argparse.Namespace) -> None:
    listener = Listener()
    people = [
        one
        for one in speakers(args.speech, args.half)
        if len(one.clips) > 1 and one.group != CHOSEN_ROOM
    ]
    outcomes = []
    for count in (2, 3, 4):
        for party in parties(people, count, args.conversations, SEED):
            for pauses in PAUSES:
                for snr in SNRS_DB.items():
                    spoken = meeting(
                        party,
                        60 * args.minutes,
                        (pauses, CONDITIONS[pauses].pause_seconds),
                        snr,
                        SEED,
                    )
                    most_speakers = count if args.known else MOST_SPEAKERS
                    outcomes.append(listener.hear(spoken, most_speakers))
                    report_one(outcomes[-1])
    report(outcomes)


class Listener:
    """Cuts recordings as a session does, and discovers their speakers."""

    def __init__(self) -> None:
        self._detector = SileroDetector(detector_file())
        self._embedder = SpeakerEmbedder(embedder_file())
        self._cohort = Cohort.load()

    def hear(self, spoken: Meeting, most_speakers: int) -> Outcome:
        """Return what is found in a conversation."""
        ring = ring_of(spoken.sound)
        discovery = Discovery(Voices(self._cohort))
        labels: dict[int, int] = {}
        live: list[tuple[Part, int]] = []
        windows: list[tuple[int, Embeddings]] = []
        corrections, cpu_seconds = 0, 0.0
        for segment in self._segments(ring):
            whole = Part(segment.start, segment.stop, (), segment.speech_samples / SAMPLE_RATE)
            if whole.is_short:
                continue
            track = self._track(ring, segment.start, segment.stop)
            windows.append((segment.start, track.windows.copy()))
            began = time.process_time()
            parts, corrected = discovery.take(track, whole, most_speakers)
            cpu_seconds += time.process_time() - began
            labels |= {each.start: each.speaker_id for each in corrected}
            corrections += len(corrected)
            for part in parts:
                live.append((part, part.speaker_ids[part.nearest]))
                labels[part.start] = live[-1][1]
        return Outcome(
            spoken,
            tuple(_span(part, speaker_id) for part, speaker_id in live),
            tuple(_span(part, labels[part.start]) for part, _ in live),
            tuple(offline(windows, len(spoken.names) if most_speakers < MOST_SPEAKERS else None)),
            corrections,
            cpu_seconds,
        )

    def _segments(self, ring: RingBuffer) -> Iterator[Segment]:
        """Yield the utterances, cut also where another voice certainly begins."""
        frames, levels_dbfs = frames_to_detect(ring, start=0, origin=0)
        state, gate = self._detector.new_state(), SpeechGate(GateSettings(), 0)
        open_speech = OpenSpeech(gate)
        for start in range(0, len(frames), PIECE_FRAMES):
            piece = slice(start, start + PIECE_FRAMES)
            (probabilities,) = self._detector.detect([(state, frames[piece])])
            yield from gate.feed(probabilities, levels_dbfs[piece])
            for effect in open_speech.due(0):
                if isinstance(effect, ProbeSpeaker):
                    track = self._track(ring, effect.start, effect.stop)
                    turn_at = next_voice(track, effect.start)
                    if turn_at is not None:
                        yield from gate.cut(turn_at)
                    open_speech.probe_answered()
        yield from gate.flush()

    def _track(self, ring: RingBuffer, start: int, stop: int) -> VoiceTrack:
        rows = self._embedder.embed(samples_of(ring.read(start, stop).tobytes()))
        return VoiceTrack(rows[0].copy(), rows[1:].copy(), np.zeros(len(rows) - 1, np.float32))


def _span(part: Part, speaker_id: int) -> Span:
    return speaker_id, part.start / SAMPLE_RATE, part.stop / SAMPLE_RATE


def offline(windows: Sequence[tuple[int, Embeddings]], count: int | None) -> Iterator[Span]:
    """Yield the speakers of a whole file by average linkage; `count` is their number, if known."""
    pieces = [
        (start + first * HOP_SAMPLES, units_of(own[first : first + OFFLINE_WINDOWS]).mean(axis=0))
        for start, own in windows
        for first in range(0, max(1, len(own) - OFFLINE_WINDOWS + 1), OFFLINE_STEP)
    ]
    tree = linkage(np.stack([voice for _, voice in pieces]), "average", "cosine")
    limit = {"t": 1 - OFFLINE_COSINE, "criterion": "distance"}
    groups = fcluster(tree, **(limit if count is None else {"t": count, "criterion": "maxclust"}))
    for (start, _), group in zip(pieces, groups, strict=True):
        first = start + (OFFLINE_WINDOWS - OFFLINE_STEP) * HOP_SAMPLES / 2
        yield int(group), first / SAMPLE_RATE, (first + OFFLINE_STEP * HOP_SAMPLES) / SAMPLE_RATE


def error(spoken: Meeting, found: Sequence[Span]) -> tuple[float, float]:
    """Return the seconds of error and of speech, with the best mapping of ids to people."""
    reference = [(str(who), first, last) for who, first, last in spoken.spans]
    answers = [(str(who), first, last) for who, first, last in found]
    fields = simpleder.DER(reference, answers, collar=COLLAR_SECONDS, detailed=True)
    wrong = sum(float(fields[name]) for name in ("miss", "false_alarm", "confusion"))
    return wrong, float(fields["ref_length"])


def lines_right(spoken: Meeting, found: Sequence[Span]) -> tuple[int, int]:
    """Return how many lines have the right speaker, with the best mapping of ids, and the lines.

    A line has the label that lies over most of it. Without a label it is not right.
    """
    labels = sorted({label for label, *_ in found})
    common = np.zeros((len(spoken.lines), len(labels)))
    for label, first, last in found:
        common[:, labels.index(label)] += [
            max(0.0, min(last, stop) - max(first, start)) for _, start, stop in spoken.lines
        ]
    people = np.array([who for who, *_ in spoken.lines])
    shared = np.stack([common[people == who].sum(axis=0) for who in range(len(spoken.names))])
    named, own = linear_sum_assignment(-shared)
    owners = np.full(len(labels), -1)
    owners[own] = named
    is_right = (owners[common.argmax(axis=1)] == people) & common.any(axis=1)
    return int(is_right.sum()), len(people)


def first_right_seconds(outcome: Outcome) -> Iterator[tuple[float, bool]]:
    """Yield how much each person had said when the first right label came, and if it was the first.

    The right label is the one that most of the person's speech has in the end.
    """
    spoken = outcome.meeting
    for who in range(len(spoken.names)):
        own = [(first, last) for number, first, last in spoken.spans if number == who]
        shares: dict[int, float] = {}
        for label, first, last in outcome.last:
            shares[label] = shares.get(label, 0.0) + _common(own, first, last)
        name = max(shares, key=shares.__getitem__)
        parts = [
            (label, last)
            for label, first, last in outcome.live
            if _common(own, first, last) > (last - first) / 2
        ]
        for number, (label, last) in enumerate(parts):
            if label == name:
                yield _common(own, 0.0, last), number == 0
                break


def _common(spans: Sequence[tuple[float, float]], first: float, last: float) -> float:
    return sum(max(0.0, min(last, stop) - max(first, start)) for start, stop in spans)


def report_one(outcome: Outcome) -> None:
    spoken = outcome.meeting
    wrong, whole = error(spoken, outcome.last)
    right, lines = lines_right(spoken, outcome.last)
    print(
        f"{spoken.group} {len(spoken.names)} {spoken.pauses} {spoken.snr}: DER {wrong / whole:.1%}"
        f" lines {right}/{lines}"
        f" found {len({who for who, *_ in outcome.last})} corrected {outcome.corrections}",
        flush=True,
    )


def report(outcomes: Sequence[Outcome]) -> None:
    """Print the figures by number of speakers, pauses and noise, and of all."""
    cases: dict[str, list[Outcome]] = {}
    for one in outcomes:
        spoken = one.meeting
        for name in (
            f"{len(spoken.names)} people",
            f"pauses: {spoken.pauses}",
            f"noise: {spoken.snr}",
            "all",
        ):
            cases.setdefault(name, []).append(one)
    for name, own in cases.items():
        print(f"{name} ({len(own)} conversations)")
        for label, spans in (
            ("as sent", [one.live for one in own]),
            ("corrected", [one.last for one in own]),
            ("offline", [one.offline for one in own]),
        ):
            pairs = [error(one.meeting, found) for one, found in zip(own, spans, strict=True)]
            print(f"  DER {label}: {ratio(pairs, SEED)}")
            lines = [lines_right(one.meeting, found) for one, found in zip(own, spans, strict=True)]
            print(f"  lines with the right speaker {label}: {ratio(lines, SEED)}")
        right = sum(len({who for who, *_ in one.last}) == len(one.meeting.names) for one in own)
        first = [each for one in own for each in first_right_seconds(one)]
        seconds = np.percentile([said for said, _ in first], [50, 90])
        heard = sum(len(one.meeting.sound) for one in own) / SAMPLE_RATE
        print(f"  number of speakers right: {share(right, len(own))}")
        print(f"  first label of a person right: {share_of([at_once for _, at_once in first])}")
        print(f"  said before it: median {seconds[0]:.1f} s, 90 % {seconds[1]:.1f} s")
        corrections = 600 * sum(one.corrections for one in own) / heard
        print(f"  corrections in 10 minutes: {corrections:.1f}")
        cpu = 1000 * sum(one.cpu_seconds for one in own) / heard
        print(f"  CPU: {cpu:.2f} ms a second of audio")
