"""What is asked of an enrolment, and what comes of it; no audio."""

from dataclasses import dataclass

from hwaja.protocol.codes import AudioFormat, Reason
from hwaja.protocol.values import Quality
from hwaja.vad.gate import Segment


@dataclass(frozen=True, slots=True)
class Enrol:
    """Judge a take, keep its voice if it is good, and report `Enrolled`."""

    speaker_id: int
    start: int
    """First sample of the take."""
    segments: tuple[Segment, ...]
    """Where in it somebody speaks."""
    adds: bool
    """Whether the take is added to the earlier ones of this speaker, or replaces them."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The voice of the speaker being verified is kept, or `failure` says why not."""

    failure: Reason | None = None
    quality: Quality | None = None
    """What was measured; None where the engine failed."""
    looks_like: AudioFormat | None = None
    """With `wrong_format`: which."""
