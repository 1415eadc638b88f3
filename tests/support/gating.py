"""Frames for the gate, and what it makes of them."""

from collections.abc import Iterable

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.vad.gate import FRAME_SAMPLES, GateSettings, Segment, SpeechFrame, SpeechGate, frames_in

Frame = tuple[float, float]
"""Speech probability and level in dBFS."""

SPEECH: Frame = (0.9, -30.0)
PAUSE: Frame = (0.1, -50.0)
"""A pause in which the room still sounds."""
SILENCE: Frame = (0.1, -70.0)
SETTINGS = GateSettings()
HANGOVER = frames_in(SETTINGS.hangover_seconds)
PRE_ROLL = round(SETTINGS.pre_roll_seconds * SAMPLE_RATE)
POST_ROLL = round(SETTINGS.post_roll_seconds * SAMPLE_RATE)
SMALL = GateSettings(hangover_seconds=0.128, max_seconds=0.64, split_window_seconds=0.32)
"""A cap of 20 frames, so that hypothesis reaches it."""


def samples(frames: int) -> int:
    return frames * FRAME_SAMPLES


def cut(
    frames: Iterable[Frame],
    *,
    settings: GateSettings = SETTINGS,
    origin: int = 0,
    sizes: Iterable[int] = (),
) -> list[Segment]:
    """Feed `frames`, in pieces of `sizes` and then the rest, and flush."""
    gate = SpeechGate(settings, origin)
    rest = list(frames)
    segments: list[Segment] = []
    for size in [*sizes, len(rest)]:
        piece, rest = rest[:size], rest[size:]
        segments += gate.feed([p for p, _ in piece], [level for _, level in piece])
    return segments + gate.flush()


def feed(gate: SpeechGate, frames: list[Frame]) -> list[Segment]:
    return gate.feed([p for p, _ in frames], [level for _, level in frames])


def segment(start: int, stop: int, speech_samples: int) -> Segment:
    """A segment with about so much speech, of whole frames from its beginning on."""
    frames = max(1, speech_samples // FRAME_SAMPLES)
    speech = tuple(SpeechFrame(start + k * FRAME_SAMPLES, -30.0) for k in range(frames))
    return Segment(start, stop, speech)
