"""The speech gate: where an utterance begins and where it ends.

Hysteresis over the speech probability and the level of each frame. The gate alone decides, so
that the text, the speaker and the level of an utterance are taken from the same samples. It
knows neither clock nor audio: it is fed numbers and answers sample indices.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hwaja.protocol.audio import FLOOR_DBFS, SAMPLE_RATE

FRAME_SAMPLES = 512
"""Samples of one frame (32 ms): the window that Silero VAD v6 is trained for at 16 kHz."""


def frames_in(seconds: float) -> int:
    """Return the nearest whole number of frames in `seconds`."""
    return round(seconds * SAMPLE_RATE / FRAME_SAMPLES)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When the gate opens and closes. Found on real Korean dialogue, see bench/RESULTS.md."""

    open_probability: float = 0.5
    """A frame at or above may begin an utterance (Silero's own default)."""
    close_probability: float = 0.35
    """A frame below counts as a pause (Silero's own default: 0.15 under the opening one)."""
    min_level_dbfs: float = -60.0
    """A quieter frame is never speech, whatever its probability: quiet speech in the test
    dialogue lies at -53 dBFS, the noise of the quieter room at -64 dBFS."""
    onset_frames: int = 3
    """Speech frames in a row that begin an utterance (0.1 s): a click is shorter, "네" longer."""
    hangover_seconds: float = 0.5
    """Pause that ends an utterance."""
    patience_seconds: float = 8.0
    """Of an utterance that is longer a shorter pause is the end: where nobody pauses for long,
    texts would come late."""
    impatience_seconds: float = 12.0
    """From this length on the shortest pause is enough."""
    min_hangover_seconds: float = 0.224
    """The shortest pause that ends a long utterance: one frame more than the post-roll."""
    pre_roll_seconds: float = 0.2
    """Audio kept before the first speech frame, so that a soft first syllable survives."""
    post_roll_seconds: float = 0.192
    """Audio kept after the last speech frame, so that a soft ending survives: six whole frames, as
    an utterance is foreseen with the frame that completes it."""
    max_seconds: float = 15.0
    """Longest utterance; longer speech is split. Decoding time grows with it."""
    split_window_seconds: float = 4.0
    """How far back from the cap the quietest place to split is looked for: by so much later do
    texts come."""
    cut_reach_seconds: float = 0.25
    """How far from where a turn begins the quietest place to cut is looked for: somewhat more than
    a window of the voices is off."""


@dataclass(frozen=True, slots=True)
class SpeechFrame:
    """A frame that counts as speech."""

    start: int
    """Its first sample."""
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance, or a part of it: samples `[start, stop)` of the session."""

    start: int
    stop: int
    speech: tuple[SpeechFrame, ...]
    """In order, at least one."""

    @property
    def speech_start(self) -> int:
        """First sample of the first speech frame: when the speaker began."""
        return self.speech[0].start

    @property
    def speech_stop(self) -> int:
        """Sample behind the last speech frame."""
        return self.speech[-1].start + FRAME_SAMPLES

    @property
    def speech_samples(self) -> int:
        """Samples in frames that count as speech."""
        return len(self.speech) * FRAME_SAMPLES

    @property
    def level_dbfs(self) -> float:
        """RMS level over the speech frames."""
        return mean_dbfs(frame.level_dbfs for frame in self.speech)

    def part(self, start: int, stop: int) -> "Segment":
        """Return samples `[start, stop)` of it, with the speech that begins in them.

        Raises:
            ValueError: where none does.

        """
        speech = tuple(frame for frame in self.speech if start <= frame.start < stop)
        if not speech:
            raise ValueError("there is no speech in this part")
        return Segment(start, stop, speech)


@dataclass(frozen=True, slots=True)
class _Frame:
    level_dbfs: float
    is_speech: bool


def mean_dbfs(levels_dbfs: Iterable[float]) -> float:
    """Return the RMS level over frames of the given levels (mean of power, not of decibels)."""
    powers = [10 ** (level / 10) for level in levels_dbfs]
    mean_power = math.fsum(powers) / len(powers) if powers else 0.0
    return max(FLOOR_DBFS, 10 * math.log10(mean_power)) if mean_power > 0 else FLOOR_DBFS


class SpeechGate:
    """Cuts a stream of frames into utterances.

    Frame k covers samples `[origin + k * FRAME_SAMPLES, ...)`; feed every frame, in order, once.
    """

    def __init__(self, settings: GateSettings, origin: int) -> None:
        self._settings = settings
        self._max_frames = frames_in(settings.max_seconds)
        self._pre_roll_samples = round(settings.pre_roll_seconds * SAMPLE_RATE)
        self._post_roll_samples = round(settings.post_roll_seconds * SAMPLE_RATE)
        self.heard = origin
        """Sample behind the last frame."""
        self._taken = origin  # everything before belongs to an utterance already answered
        self._frames: list[_Frame] = []  # of the open utterance, or the onset heard so far
        self._is_open = False
        self._pause_frames = 0

    @property
    def needed_from(self) -> int:
        """First sample that a future segment may still contain."""
        first_frame = self.heard - len(self._frames) * FRAME_SAMPLES
        return max(self._taken, first_frame - self._pre_roll_samples)

    @property
    def speculated(self) -> Segment | None:
        """The utterance as it will be if the pause lasts; None while that is not yet known.

        It is known once the post-roll is heard, well before the hang-over has passed, so that
        work on it can begin. Speech that goes on makes it void.
        """
        if not self._is_open or self._pause_frames * FRAME_SAMPLES < self._post_roll_samples:
            return None
        return self._segment(len(self._frames), self.heard)

    @property
    def open_span(self) -> tuple[int, int] | None:
        """Samples `[start, stop)` that are certain of the utterance being spoken; None without one.

        Whatever follows, it begins there and reaches at least so far, unless it is split.
        """
        # What a split left over may be a pause only.
        if not self._is_open or self._pause_frames >= len(self._frames):
            return None
        speech_stop = self.heard - self._pause_frames * FRAME_SAMPLES
        return self.needed_from, min(self.heard, speech_stop + self._post_roll_samples)

    def feed(self, probabilities: Iterable[float], levels_dbfs: Iterable[float]) -> list[Segment]:
        """Take the next frames; return the utterances that ended with them."""
        segments: list[Segment] = []
        for probability, level_dbfs in zip(probabilities, levels_dbfs, strict=True):
            self.heard += FRAME_SAMPLES
            if self._is_open:
                self._continue(probability, level_dbfs, segments)
            else:
                self._listen(probability, level_dbfs)
        return segments

    def cut(self, sample: int) -> list[Segment]:
        """End the open utterance at the quietest place near `sample`; the rest stays open.

        Where `sample` is not in the open utterance nothing is changed.
        """
        first_frame = self.heard - len(self._frames) * FRAME_SAMPLES
        near = (sample - first_frame) // FRAME_SAMPLES
        if not self._is_open or not 0 < near < len(self._frames):
            return []
        reach = frames_in(self._settings.cut_reach_seconds)
        segments: list[Segment] = []
        self._split(near - reach, near + reach + 1, segments)
        return segments

    def flush(self) -> list[Segment]:
        """Close an open utterance because the audio ends, or has a gap, behind the last frame."""
        segments: list[Segment] = []
        if self._is_open:
            self._cut(len(self._frames), self.heard, segments)
        self._close()
        self._taken = self.heard
        return segments

    def _listen(self, probability: float, level_dbfs: float) -> None:
        settings = self._settings
        if not self._is_speech(probability, level_dbfs, settings.open_probability):
            self._frames.clear()
            return
        self._frames.append(_Frame(level_dbfs, is_speech=True))
        if len(self._frames) >= settings.onset_frames:
            self._is_open = True
            self._pause_frames = 0

    def _continue(self, probability: float, level_dbfs: float, segments: list[Segment]) -> None:
        is_speech = self._is_speech(probability, level_dbfs, self._settings.close_probability)
        self._frames.append(_Frame(level_dbfs, is_speech))
        self._pause_frames = 0 if is_speech else self._pause_frames + 1
        if self._pause_frames >= self._needed_pause_frames():
            self._cut(len(self._frames), self.heard, segments)
            self._close()
        elif len(self._frames) >= self._max_frames:
            window = frames_in(self._settings.split_window_seconds)
            self._split(len(self._frames) - window, len(self._frames), segments)

    def _needed_pause_frames(self) -> int:
        """Return how long a pause ends the open utterance: the longer it is, the shorter."""
        settings = self._settings
        seconds = len(self._frames) * FRAME_SAMPLES / SAMPLE_RATE
        patience = settings.impatience_seconds - settings.patience_seconds
        impatience = min(1.0, max(0.0, (seconds - settings.patience_seconds) / patience))
        least = min(settings.hangover_seconds, settings.min_hangover_seconds)
        return frames_in(
            settings.hangover_seconds - impatience * (settings.hangover_seconds - least)
        )

    def _is_speech(self, probability: float, level_dbfs: float, threshold: float) -> bool:
        # Both comparisons are false for what is no number.
        return probability >= threshold and level_dbfs >= self._settings.min_level_dbfs

    def _close(self) -> None:
        self._frames.clear()
        self._is_open = False

    def _split(self, first: int, stop: int, segments: list[Segment]) -> None:
        """End the utterance at the quietest of the frames `[first, stop)`; the rest stays open."""
        places = range(max(1, first), min(stop, len(self._frames)))
        at = min(places, key=lambda k: self._frames[k].level_dbfs)
        split_sample = self.heard - (len(self._frames) - at) * FRAME_SAMPLES
        self._cut(at, split_sample, segments)
        self._taken = split_sample
        del self._frames[:at]

    def _cut(self, frames: int, limit: int, segments: list[Segment]) -> None:
        """Add the first `frames` open frames as a segment that ends at `limit` at the latest."""
        segment = self._segment(frames, limit)
        if segment is not None:
            self._taken = segment.stop
            segments.append(segment)

    def _segment(self, frames: int, limit: int) -> Segment | None:
        first_frame = self.heard - len(self._frames) * FRAME_SAMPLES
        speech = tuple(
            SpeechFrame(first_frame + k * FRAME_SAMPLES, self._frames[k].level_dbfs)
            for k in range(frames)
            if self._frames[k].is_speech
        )
        if not speech:  # what a split left over was a pause only
            return None
        speech_stop = speech[-1].start + FRAME_SAMPLES
        return Segment(
            start=max(self._taken, first_frame - self._pre_roll_samples),
            stop=min(limit, speech_stop + self._post_roll_samples),
            speech=speech,
        )
