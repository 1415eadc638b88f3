"""Measures speaker labels of short answers: several after a long turn, and a rapid exchange.

hwaja bench experiment short_answers ../shared/speech [--groups NAME ...] [--snrs NAME ...]

Each pair of voices of a group has one conversation. One speaker talks for 2.5 s, then the other
answers three times with equal lengths. After another 2.5 s both say short pieces in random order.
Short pieces are cut out of continuous speech, by level. VAD, speaker model and labels are the
server's. There is no recogniser, so every detected utterance counts as having words.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar

from hwaja.engines.interface import Samples, VoiceTrack
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import detector_file, embedder_file
from hwaja.speakers.diarize import split_by_voice, unscored_part
from hwaja.speakers.parts import Part
from hwaja.speakers.turn_prior import SpeakerDecision, TurnPrior
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja.vad.gate import FRAME_SAMPLES, Segment
from hwaja.vad.silero import SileroDetector
from hwaja_bench.attribution.conversation import LEAD_SECONDS, Conversation, Turn
from hwaja_bench.attribution.decisions import Decision, SessionResult
from hwaja_bench.attribution.judging import Judgement, judge
from hwaja_bench.attribution.recording import Recording, record
from hwaja_bench.experiments.calibration import cost
from hwaja_bench.offline import cut, ring_of
from hwaja_bench.speech.conditions import SNRS_DB, Condition
from hwaja_bench.speech.corpus import ENROLMENT_SECONDS, Clip, samples_of, seeded
from hwaja_bench.speech.index import english, korean, load_speech, personalities
from hwaja_bench.speech.levels import FRAME_SAMPLES as LEVEL_FRAME_SAMPLES
from hwaja_bench.speech.levels import loud_frames

SEED = 18
SECONDS = (0.27, 0.35, 0.45, 0.6, 1.0)
BIN_EDGES_SECONDS = (0.2, 0.3, 0.45, 0.75, 1.5, 3.0)
PAUSES_SECONDS = (0.9, 1.2, 2.0)
LONG_SECONDS = 2.5
RUN, EXCHANGE = 3, 5
"""Number of short pieces after a long turn, in each of the two kinds."""
PERIOD = 1 + RUN + 1 + EXCHANGE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("--groups", nargs="+", default=[])
    parser.add_argument("--snrs", nargs="+", default=list(SNRS_DB))


def run(args: argparse.Namespace) -> None:
    ear = OfflineListener()
    entries = [*korean(args.speech), *personalities(args.speech), *english(args.speech)]
    talks = list(planned(load_speech(args.speech, entries, args.groups)))
    every: list[list[Judgement]] = []
    for group, snr in product(dict.fromkeys(talk.group for talk in talks), args.snrs):
        of_group = [talk for talk in talks if talk.group == group]
        judged = [judge(talk, ear.hear(record(talk, snr, SEED))) for talk in of_group]
        print(f"{group}, {snr}\n  {report(judged)}", flush=True)
        every += judged
    print(f"all\n  {report(every)}\n  cheapest slope {slopes(every)}")


def planned(clips: list[Clip]) -> Iterator[Conversation]:
    """Yield a conversation of each pair of voices of each group."""
    own: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        own[clip.group, clip.speaker].append(clip)
    for first, second in combinations(own, 2):
        if first[0] == second[0]:
            yield talk_of((own[first], own[second]))


def talk_of(clips: tuple[list[Clip], list[Clip]]) -> Conversation:
    sides = [enrolment_and_rest(own) for own in clips]
    name = f"{clips[0][0].group}/{clips[0][0].speaker}-{clips[1][0].speaker}"
    random = seeded(SEED, name)
    turns: list[Turn] = []
    at = round(LEAD_SECONDS * SAMPLE_RATE)
    for seconds, holder, count in product(SECONDS, (0, 1), (RUN, EXCHANGE)):
        others = [1 - holder] * count if count == RUN else random.integers(2, size=count).tolist()
        pause = round(random.choice(PAUSES_SECONDS) * SAMPLE_RATE)
        for speaker_id, length in [(holder, LONG_SECONDS), *((k, seconds) for k in others)]:
            clip = piece(sides[speaker_id][1], length, random)
            turns.append(Turn(speaker_id, clip, at))
            at = turns[-1].stop + pause
    voices = sides[0][0], sides[1][0]
    return Conversation(
        name, clips[0][0].group, Condition("short answers", (0, 0)), voices, tuple(turns)
    )


def enrolment_and_rest(clips: list[Clip]) -> tuple[tuple[Clip, ...], list[Clip]]:
    """Return the first clips, which suffice for an enrolment, and the other clips."""
    seconds = np.cumsum([clip.seconds for clip in clips])
    count = int(np.searchsorted(seconds, ENROLMENT_SECONDS[0])) + 1
    return tuple(clips[:count]), clips[count:]


def piece(clips: list[Clip], seconds: float, random: np.random.Generator) -> Clip:
    """Return `seconds` of speech from a random clip; a short piece has no pause."""
    frames = round(seconds * SAMPLE_RATE / LEVEL_FRAME_SAMPLES)
    while True:
        clip = clips[random.integers(len(clips))]
        if clip.seconds <= seconds:
            continue
        loud = np.convolve(loud_frames(clip.samples), np.ones(frames), "valid") / frames
        starts = np.flatnonzero(loud >= (1 if seconds < 1 else 0.8))
        if len(starts):
            start = int(random.choice(starts))
            return clip.part(start * LEVEL_FRAME_SAMPLES, (start + frames) * LEVEL_FRAME_SAMPLES)


class OfflineListener:
    """Processes a recording as a server does, without recognition."""

    def __init__(self) -> None:
        self._detector = SileroDetector(detector_file())
        self._embedder = SpeakerEmbedder(embedder_file())
        self._cohort = Cohort.load()

    def hear(self, recording: Recording) -> SessionResult:
        """Return the answers to a recording."""
        voices = Voices(self._cohort)
        for speaker_id, pcm in enumerate(recording.voices):
            voices.enrol(speaker_id, pool(None, self._embedder.embed(samples_of(pcm))[0], 1.0))
        samples = samples_of(recording.pcm)
        pattern = TurnPrior()
        answers: list[Decision] = []
        spoken_until = 0
        for segment in cut(self._detector, ring_of(samples)):
            for part in self._parts(segment, samples, voices):
                speech = [f.start for f in segment.speech if part.start <= f.start < part.stop]
                if not speech:
                    continue
                pause_seconds = (speech[0] - spoken_until) / SAMPLE_RATE
                spoken_until = speech[-1] + FRAME_SAMPLES
                revised = pattern.revise(part, pause_seconds)
                if revised is not None:
                    old = answers[revised.segment_id]
                    answers[revised.segment_id] = replace(old, speaker_id=revised.speaker_id)
                said = pattern.take(len(answers), part, pause_seconds)
                answers.append(decision(len(answers), part, said))
        return SessionResult(recording.seconds, tuple(answers))

    def _parts(self, segment: Segment, samples: Samples, voices: Voices) -> tuple[Part, ...]:
        whole = unscored_part(segment, voices)
        if whole.is_short:
            return (whole,)
        rows = self._embedder.embed(samples[segment.start : segment.stop])
        track = VoiceTrack(rows[0], rows[1:], np.zeros(len(rows) - 1, np.float32))
        return split_by_voice(track, whole, voices)


def decision(segment_id: int, part: Part, said: SpeakerDecision) -> Decision:
    return Decision(
        segment_id,
        said.speaker_id,
        part.start / SAMPLE_RATE,
        part.stop / SAMPLE_RATE,
        part.cosines,
        part.margin if part.scores else None,
        said.label,
        "",
    )


def report(judged: list[list[Judgement]]) -> str:
    """Report the results of pieces by length, and of runs of short answers."""
    every = [one for talk in judged for one in talk]
    rows = []
    for at_least, below in pairwise(BIN_EDGES_SECONDS):
        own = [one for one in every if at_least <= one.speech_seconds < below]
        answered = [one for one in own if not one.is_missing]
        sure = [one for one in answered if one.label == "sure"]
        rows.append(
            f"{at_least:g}-{below:g} s: right {sum(one.is_right for one in answered)} of"
            f" {len(answered)}, missing {len(own) - len(answered)},"
            f" sure {len(sure)}, of them wrong {sum(not one.is_right for one in sure)}"
        )
    runs = [talk[at : at + RUN] for talk in judged for at in range(1, len(talk), PERIOD)]
    whole = [run for run in runs if not any(one.is_missing for one in run)]
    one_voice = sum(len({one.answered_id for one in run}) == 1 for run in whole)
    right = sum(all(one.is_right for one in run) for run in whole)
    second = sum(not run[1].is_right for run in whole)
    rows.append(
        f"runs {len(whole)}: of one voice {one_voice}, of the right one {right},"
        f" the second goes to who spoke before {second}"
    )
    return "\n  ".join(rows)


def slopes(judged: list[list[Judgement]]) -> str:
    """Return, by length, the evidence per score that minimises the cross-entropy.

    The few decisions from the turns instead of the voice have margins near zero.
    """
    found = []
    for at_least, below in pairwise(BIN_EDGES_SECONDS[:3]):
        margins = np.array(
            [
                one.margin if one.is_right else -one.margin
                for talk in judged
                for one in talk
                if one.margin is not None and at_least <= one.speech_seconds < below
            ]
        )
        best = minimize_scalar(lambda slope, d=margins: cost(slope * d), bounds=(0, 100))
        found.append(f"{at_least:g}-{below:g} s {best.x:.1f}")
    return ", ".join(found)
