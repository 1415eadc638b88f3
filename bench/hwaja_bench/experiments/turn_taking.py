"""Measures early answers at turn changes: delay, cost, and effect on the text.

hwaja bench experiment turn_taking ../shared/speech AirbnbStudio DanceStudio --pause-seconds 0

The lines of a room, trimmed to their speech, alternate at the given distance. They go through a
session with the real models, but without network, workers or a clock: each job of the session runs
at once. So a delay is the time from the end of a line until the session knows that its utterance is
over, without decoding. --unwatched disables the checks for the next voice.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hwaja.engines.interface import Samples, Utterance, VoiceTrack
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.engines.segmentation import Segmenter
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.server_messages import Transcription
from hwaja.server.application import detector_file, embedder_file, segmenter_file
from hwaja.session.effects import Effect, Finish, ProbeSpeaker, Recognise, Send
from hwaja.session.events import (
    Arrival,
    Attributed,
    Audio,
    Connected,
    Event,
    Received,
    Recognised,
    SpeakerProbed,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import Session
from hwaja.speakers.diarize import split_by_voice, unscored_part
from hwaja.speakers.enrolment import Enrolled
from hwaja.speakers.parts import Part, next_turn
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import SileroDetector, frames_to_detect
from hwaja_bench.offline import ring_of, whole_recogniser
from hwaja_bench.speech.dialogue import load_clips
from hwaja_bench.speech.levels import trimmed
from hwaja_bench.speech.texts import error_rate, reading_error_rate
from hwaja_bench.stats import spread

CHUNK_FRAMES = 8
"""4096 samples, the specification's chunk."""

ENROLMENT_SAMPLES = 5 * SAMPLE_RATE

NEAR_SECONDS = 0.4
"""A cut that is further from the end of every line counts as wrong."""


@dataclass(frozen=True)
class Line:
    """A clip and its samples `[start, stop)` in the stream."""

    start: int
    stop: int
    speaker_id: int
    text: str


class Engines:
    """The models, loaded once."""

    def __init__(self) -> None:
        self.detector = SileroDetector(detector_file())
        self.embedder = SpeakerEmbedder(embedder_file())
        self.segmenter = Segmenter(segmenter_file())
        self.recogniser = whole_recogniser("whisper-base")

    def track(self, samples: Samples, *, overlaps: bool = False) -> VoiceTrack:
        """Embed as a worker does."""
        rows = self.embedder.embed(samples)
        overlap = np.zeros(len(rows) - 1, np.float32)
        return VoiceTrack(
            rows[0], rows[1:], self.segmenter.overlap(samples) if overlaps else overlap
        )


@dataclass
class RoomResult:
    """The results of a stream."""

    over: list[tuple[int, int, int]] = field(default_factory=list)
    """Utterances: first sample, sample after the last, samples received when the end was known."""
    said: list[Transcription] = field(default_factory=list)
    watching_seconds: float = 0.0
    recognising_seconds: float = 0.0
    recognised_anew: int = 0


def _arrival(stop: int) -> Arrival:
    """Return the arrival of audio that is sent in real time."""
    spoken_seconds = stop / SAMPLE_RATE
    return Arrival(stop, spoken_seconds, spoken_seconds, CHUNK_FRAMES * FRAME_SAMPLES / SAMPLE_RATE)


class Room:
    """A session that processes a stream and runs each of its jobs at once."""

    def __init__(
        self, engines: Engines, voices: Voices, stream: Samples, *, is_watched: bool
    ) -> None:
        self._engines = engines
        self._voices = voices
        self._stream = stream
        self._is_watched = is_watched
        self._session = Session(SessionSettings(), voices)
        self._now = 0
        self.heard = RoomResult()

    def hear(self) -> RoomResult:
        """Enrol, process the whole stream, stop."""
        self._handle(Connected())
        for speaker_id in (0, 1):  # the embeddings exist already, so no audio is needed
            self._handle(Received(StartRegistration(speaker_id), 0))
            self._handle(Audio(FRAME_SAMPLES, (0.0,), (-120.0,), _arrival(FRAME_SAMPLES)))
            self._handle(Received(CompleteRegistration(speaker_id), FRAME_SAMPLES))
            self._handle(Enrolled())
        self._handle(Received(StartTranscription(details=True), 0))
        for audio in self._audio():
            self._now = audio.stop
            self._handle(audio)
        self._handle(Received(StopTranscription(), self._now))
        return self.heard

    def _audio(self) -> Iterator[Audio]:
        state = self._engines.detector.new_state()
        ring = ring_of(self._stream)
        frames, levels_dbfs = frames_to_detect(ring, start=0, origin=0)
        for first in range(0, len(frames), CHUNK_FRAMES):
            chunk = slice(first, first + CHUNK_FRAMES)
            (found,) = self._engines.detector.detect([(state, frames[chunk])])
            stop = (first + len(found)) * FRAME_SAMPLES
            yield Audio(stop, found, levels_dbfs[chunk], _arrival(stop))

    def _handle(self, event: Event) -> None:
        for effect in self._session.handle(event):
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Finish(segment_id, segment):
                self.heard.over.append((segment.start, segment.stop, self._now))
                self._recognise(segment_id, segment.start, segment.stop)
                spoken = self._stream[segment.start : segment.stop]
                track = self._engines.track(spoken, overlaps=True)
                whole = unscored_part(segment, self._voices)
                self._handle(Attributed(segment_id, split_by_voice(track, whole, self._voices)))
            case Recognise(segment_id, segment):
                self.heard.recognised_anew += 1
                self._recognise(segment_id, segment.start, segment.stop)
            case ProbeSpeaker(segment_id, start, stop) if self._is_watched:
                began = time.process_time()
                track = self._engines.track(self._stream[start:stop])
                whole = Part(start, stop, self._voices.speaker_ids, (stop - start) / SAMPLE_RATE)
                parts = split_by_voice(track, whole, self._voices)
                self.heard.watching_seconds += time.process_time() - began
                self._handle(SpeakerProbed(segment_id, next_turn(parts)))
            case Send(Transcription() as message, _):
                self.heard.said.append(message)

    def _recognise(self, segment_id: int, start: int, stop: int) -> None:
        began = time.process_time()
        text = self._engines.recogniser.recognise(Utterance(self._stream[start:stop]))
        self.heard.recognising_seconds += time.process_time() - began
        self._handle(Recognised(segment_id, text))


def dialogue(
    speech: Path, room: str, pause_seconds: float
) -> tuple[list[Samples], list[Line], Samples]:
    """Return enrolment audio of each voice, the lines, and the stream with all lines."""
    clips = load_clips(speech, room)
    sides = [[c for c in clips if c.speaker_id == speaker_id] for speaker_id in (0, 1)]
    spoken = {c.name: trimmed(c.samples) for c in clips}
    voices = [np.concatenate([spoken[c.name] for c in s])[:ENROLMENT_SAMPLES] for s in sides]
    pause = np.zeros(round(pause_seconds * SAMPLE_RATE), np.float32)
    pieces: list[Samples] = []
    lines: list[Line] = []
    at = 0
    for clip in (clip for both in zip(*sides, strict=False) for clip in both):
        samples = spoken[clip.name]
        lines.append(Line(at, at + len(samples), clip.speaker_id, clip.text))
        pieces += [samples, pause]
        at += len(samples) + len(pause)
    return voices, lines, np.concatenate(pieces)


def report(lines: list[Line], heard: RoomResult, seconds: float) -> str:
    """Return the report on a room."""
    waits = [
        (known - line.stop) / SAMPLE_RATE
        for line in lines
        for start, stop, known in heard.over
        if start < line.stop - SAMPLE_RATE // 2 <= stop
    ]
    ends = np.array([[line.start, line.stop] for line in lines])
    wrong = sum(np.abs(ends - stop).min() > NEAR_SECONDS * SAMPLE_RATE for _, stop, _ in heard.over)
    said, found = [line.text for line in lines], [message.text for message in heard.said]
    rates = heard.recognising_seconds / seconds, 1000 * heard.watching_seconds / seconds
    return (
        f"{len(heard.over)} utterances of {len(lines)} lines, {wrong} end within a line;"
        f" wait {spread(waits)};"
        f" CER {error_rate(said, found):.4f}, kocer {reading_error_rate(said, found):.4f};"
        f" {heard.recognised_anew} parts recognised anew, recognition {rates[0]:.3f} s,"
        f" watching {rates[1]:.1f} ms for a second"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("rooms", nargs="+")
    parser.add_argument("--pause-seconds", type=float, default=0.0)
    parser.add_argument("--unwatched", action="store_true")


def run(args: argparse.Namespace) -> None:
    engines = Engines()
    for room in args.rooms:
        takes, lines, stream = dialogue(args.speech, room, args.pause_seconds)
        voices = Voices(Cohort.load())
        for speaker_id, take in enumerate(takes):
            voices.enrol(speaker_id, pool(None, engines.track(take).whole, 1.0))
        heard = Room(engines, voices, stream, is_watched=not args.unwatched).hear()
        print(f"{room}: {report(lines, heard, len(stream) / SAMPLE_RATE)}")
