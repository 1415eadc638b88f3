"""The speech gate: finds where each utterance begins and ends.

It applies hysteresis to the speech probability and the level of each frame. Only the gate decides,
so that the text, the speaker and the level of an utterance come from the same samples. It uses
neither a clock nor audio: it takes numbers and returns sample indices.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hwaja.protocol.audio import FLOOR_DBFS, SAMPLE_RATE

FRAME_SAMPLES = 512
"""Samples per frame (32 ms): the window that Silero VAD v6 is trained for at 16 kHz."""


def frames_in(seconds: float) -> int:
    """Return the duration `seconds` in frames, rounded to the nearest whole number."""
    return round(seconds * SAMPLE_RATE / FRAME_SAMPLES)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """When the gate opens and closes. Tuned on real Korean dialogue, see bench/RESULTS.md."""

    open_probability: float = 0.5
    """A frame at or above this probability may begin an utterance (Silero's own default)."""
    close_probability: float = 0.35
    """A frame below this probability is a pause (Silero's own default: 0.15 under the opening
    probability)."""
    min_level_dbfs: float = -60.0
    """A quieter frame is never speech, whatever its probability: quiet speech in the test
    dialogue lies at -53 dBFS, the noise of the quieter room at -64 dBFS."""
    onset_frames: int = 3
    """An utterance begins with this many speech frames in a row (0.1 s): a click is shorter, "네"
    is longer."""
    hangover_seconds: float = 0.5
    """A pause of this length ends an utterance."""
    patience_seconds: float = 8.0
    """An utterance longer than this is ended by a shorter pause. Otherwise texts would be late if
    nobody makes a long pause."""
    impatience_seconds: float = 12.0
    """An utterance of at least this length is ended by a pause of `min_hangover_seconds`."""
    min_hangover_seconds: float = 0.224
    """The shortest pause that ends a long utterance: one frame more than the post-roll."""
    pre_roll_seconds: float = 0.2
    """Audio kept before the first speech frame, so that a soft first syllable is not lost."""
    post_roll_seconds: float = 0.192
    """Audio kept after the last speech frame, so that a soft ending is not lost. It is six whole
    frames, because `SpeechGate.speculated` becomes known with the frame that completes it."""
    decayed_db: float = 25.0
    """The post-roll ends earlier, after `decayed_frames` frames in a row that are this much quieter
    than the speech: there is no soft ending to wait for (bench/RESULTS.md)."""
    decayed_frames: int = 2
    max_seconds: float = 15.0
    """Longest utterance. Longer speech is split. Decoding time grows with this length."""
    split_window_seconds: float = 4.0
    """The gate splits at the quietest frame of this window before `max_seconds`. Texts are late by
    up to this much."""
    cut_reach_seconds: float = 0.25
    """The gate cuts at the quietest frame within this distance of the start of a speaker turn. The
    distance is somewhat more than the error of a voice window."""


def enrolment_gate(settings: GateSettings) -> GateSettings:
    """Return the settings for an enrolment, in which more frames count as speech.

    The speaker was asked to speak, so that speech is likely. In noise of 10 dB, 5 % of the takes
    had too little speech with the settings of a conversation, and none has with these. They take
    no more noise for a voice (bench/RESULTS.md, "Enrolment in noise").
    """
    return replace(settings, open_probability=0.3, close_probability=0.2)


@dataclass(frozen=True, slots=True)
class SpeechFrame:
    """A frame that counts as speech."""

    start: int
    """Index of its first sample."""
    level_dbfs: float


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance, or a part of one: samples `[start, stop)` of the session."""

    start: int
    stop: int
    speech: tuple[SpeechFrame, ...]
    """The speech frames in order, at least one."""
    channel: int = 0
    """The channel in which it was heard."""

    @property
    def speech_start(self) -> int:
        """Index of the first sample of the first speech frame: when the speaker began."""
        return self.speech[0].start

    @property
    def speech_stop(self) -> int:
        """Index of the first sample after the last speech frame."""
        return self.speech[-1].start + FRAME_SAMPLES

    @property
    def speech_samples(self) -> int:
        """Number of samples in the speech frames."""
        return len(self.speech) * FRAME_SAMPLES

    @property
    def level_dbfs(self) -> float:
        """RMS level over the speech frames, in dBFS."""
        return mean_dbfs(frame.level_dbfs for frame in self.speech)

    def part(self, start: int, stop: int) -> "Segment":
        """Return samples `[start, stop)`, with the speech frames that begin in them.

        Raises:
            ValueError: no speech frame begins in them.

        """
        speech = tuple(frame for frame in self.speech if start <= frame.start < stop)
        if not speech:
            raise ValueError("there is no speech in this part")
        return replace(self, start=start, stop=stop, speech=speech)


@dataclass(frozen=True, slots=True)
class _Frame:
    level_dbfs: float
    is_speech: bool


def dbfs(power: float) -> float:
    """Return the level of a mean power. A full-scale square wave has a power of 1."""
    return max(FLOOR_DBFS, 10 * math.log10(power)) if power > 0 else FLOOR_DBFS


def mean_dbfs(levels_dbfs: Iterable[float]) -> float:
    """Return the RMS level in dBFS over frames of these levels (mean of power, not of decibels).

    It is at least `FLOOR_DBFS`. Without frames, it is `FLOOR_DBFS`.
    """
    powers = [10 ** (level / 10) for level in levels_dbfs]
    return dbfs(math.fsum(powers) / len(powers)) if powers else FLOOR_DBFS


class SpeechGate:
    """Cuts a stream of frames into utterances.

    Frame k begins at sample `origin + k * FRAME_SAMPLES`. The caller feeds every frame once, in
    order.
    """

    def __init__(self, settings: GateSettings, origin: int, channel: int = 0) -> None:
        self._settings = settings
        self.channel = channel
        """The channel whose frames it takes."""
        self._max_frames = frames_in(settings.max_seconds)
        self._pre_roll_samples = round(settings.pre_roll_seconds * SAMPLE_RATE)
        self._post_roll_samples = round(settings.post_roll_seconds * SAMPLE_RATE)
        self.processed_stop = origin
        """Index of the first sample after the last frame."""
        self._taken = origin  # earlier samples belong to utterances already returned
        self._frames: list[_Frame] = []  # of the open utterance, or of the onset so far
        self._is_open = False
        self._pause_frames = 0

    @property
    def needed_from(self) -> int:
        """Index of the first sample that a future segment may contain."""
        first_frame = self.processed_stop - len(self._frames) * FRAME_SAMPLES
        return max(self._taken, first_frame - self._pre_roll_samples)

    @property
    def speculated(self) -> Segment | None:
        """The open utterance as it will be if the pause lasts. None: not known yet.

        It is known at the end of the post-roll, well before the end of the hang-over, so that work
        on it can begin early. If speech continues, it is no longer valid.
        """
        if not self._is_open or self._pause_frames >= len(self._frames):
            return None
        known_samples = self._pause_frames * FRAME_SAMPLES
        if known_samples < self._post_roll(len(self._frames) - self._pause_frames):
            return None
        return self._segment(len(self._frames), self.processed_stop)

    @property
    def is_open(self) -> bool:
        """Whether an utterance is open."""
        return self._is_open

    @property
    def speech_start(self) -> int | None:
        """Index of the first sample of the open utterance's speech. None: none is open."""
        spoken = (k for k, frame in enumerate(self._frames) if frame.is_speech)
        first = next(spoken, None) if self._is_open else None
        first_frame = self.processed_stop - len(self._frames) * FRAME_SAMPLES
        return None if first is None else first_frame + first * FRAME_SAMPLES

    @property
    def open_span(self) -> tuple[int, int] | None:
        """Samples `[start, stop)` that are certain to be in the open utterance. None: none is open.

        The utterance will begin at `start` and end at `stop` or later, unless it is split.
        """
        # After a split, the rest may be only a pause.
        if not self._is_open or self._pause_frames >= len(self._frames):
            return None
        speech_stop = self.processed_stop - self._pause_frames * FRAME_SAMPLES
        post_roll = self._post_roll(len(self._frames) - self._pause_frames)
        return self.needed_from, min(self.processed_stop, speech_stop + post_roll)

    def feed(self, probabilities: Iterable[float], levels_dbfs: Iterable[float]) -> list[Segment]:
        """Take the next frames; return the utterances that ended in them.

        Args:
            probabilities: speech probability of each frame.
            levels_dbfs: RMS level of each frame.

        Raises:
            ValueError: the arguments differ in length. The frames of the shorter one were taken.

        """
        segments: list[Segment] = []
        for probability, level_dbfs in zip(probabilities, levels_dbfs, strict=True):
            self.processed_stop += FRAME_SAMPLES
            if self._is_open:
                self._continue(probability, level_dbfs, segments)
            else:
                self._wait_for_onset(probability, level_dbfs)
        return segments

    def cut(self, sample: int) -> list[Segment]:
        """End the open utterance at the quietest frame near `sample`; the rest stays open.

        If `sample` is not in the open utterance, nothing changes and the list is empty.
        """
        first_frame = self.processed_stop - len(self._frames) * FRAME_SAMPLES
        near = (sample - first_frame) // FRAME_SAMPLES
        if not self._is_open or not 0 < near < len(self._frames):
            return []
        reach = frames_in(self._settings.cut_reach_seconds)
        segments: list[Segment] = []
        self._split(near - reach, near + reach + 1, segments)
        return segments

    def flush(self, at: int | None = None) -> list[Segment]:
        """End the open utterance, because the audio ends or has a gap, and begin anew behind it.

        Args:
            at: the sample at which it ends, behind the last frame. The samples between belong to
                the utterance, although the detector has not seen them: part of a frame, and what a
                resampler held back. None: it ends with the last frame.

        """
        stop = self.processed_stop if at is None else at
        segments: list[Segment] = []
        if self._is_open:
            self._cut(len(self._frames), stop, segments)
        self._close()
        self._taken = self.processed_stop = stop
        return segments

    def _wait_for_onset(self, probability: float, level_dbfs: float) -> None:
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
            self._cut(len(self._frames), self.processed_stop, segments)
            self._close()
        elif len(self._frames) >= self._max_frames:
            window = frames_in(self._settings.split_window_seconds)
            self._split(len(self._frames) - window, len(self._frames), segments)

    def _needed_pause_frames(self) -> int:
        """Return the pause that ends the open utterance. It is shorter for a longer utterance."""
        settings = self._settings
        seconds = len(self._frames) * FRAME_SAMPLES / SAMPLE_RATE
        patience = settings.impatience_seconds - settings.patience_seconds
        impatience = min(1.0, max(0.0, (seconds - settings.patience_seconds) / patience))
        least = min(settings.hangover_seconds, settings.min_hangover_seconds)
        return frames_in(
            settings.hangover_seconds - impatience * (settings.hangover_seconds - least)
        )

    def _is_speech(self, probability: float, level_dbfs: float, threshold: float) -> bool:
        # Both comparisons are false for NaN.
        return probability >= threshold and level_dbfs >= self._settings.min_level_dbfs

    def _close(self) -> None:
        self._frames.clear()
        self._is_open = False

    def _split(self, first: int, stop: int, segments: list[Segment]) -> None:
        """End the utterance at the quietest frame of `[first, stop)`; the rest stays open."""
        places = range(max(1, first), min(stop, len(self._frames)))
        at = min(places, key=lambda k: self._frames[k].level_dbfs)
        split_sample = self.processed_stop - (len(self._frames) - at) * FRAME_SAMPLES
        self._cut(at, split_sample, segments)
        self._taken = split_sample
        del self._frames[:at]

    def _cut(self, frames: int, limit: int, segments: list[Segment]) -> None:
        """Append the first `frames` open frames as a segment that ends at `limit` or earlier."""
        segment = self._segment(frames, limit)
        if segment is not None:
            self._taken = segment.stop
            segments.append(segment)

    def _segment(self, frames: int, limit: int) -> Segment | None:
        first_frame = self.processed_stop - len(self._frames) * FRAME_SAMPLES
        spoken = [k for k in range(frames) if self._frames[k].is_speech]
        if not spoken:  # after a split, the rest was only a pause
            return None
        speech = tuple(
            SpeechFrame(first_frame + k * FRAME_SAMPLES, self._frames[k].level_dbfs) for k in spoken
        )
        speech_stop = speech[-1].start + FRAME_SAMPLES
        return Segment(
            start=max(self._taken, first_frame - self._pre_roll_samples),
            stop=min(limit, speech_stop + self._post_roll(spoken[-1] + 1)),
            speech=speech,
            channel=self.channel,
        )

    def _post_roll(self, speech_stop_frame: int) -> int:
        """Return how many samples are kept after a speech frame, the last one so far.

        The result depends on no frame behind the samples that are kept. So once those have come, a
        longer pause does not change it.

        Args:
            speech_stop_frame: index of the frame that follows the speech frame.

        """
        settings, frames = self._settings, self._frames
        decayed_frames = settings.decayed_frames
        longest = frames_in(settings.post_roll_seconds)
        pause = frames[speech_stop_frame : speech_stop_frame + longest]
        if len(pause) < decayed_frames:
            return self._post_roll_samples
        spoken = (frame.level_dbfs for frame in frames[:speech_stop_frame] if frame.is_speech)
        decayed_dbfs = mean_dbfs(spoken) - settings.decayed_db
        for stop in range(decayed_frames, len(pause) + 1):
            tail = pause[stop - decayed_frames : stop]
            if all(frame.level_dbfs < decayed_dbfs and not frame.is_speech for frame in tail):
                return min(self._post_roll_samples, stop * FRAME_SAMPLES)
        return self._post_roll_samples
