"""The requests for an enrolment and their result; no audio."""

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
    """The segments of the take that contain speech."""
    adds: bool
    """True: the take is added to the speaker's earlier takes. False: it replaces them."""
    seals: bool = False
    """Whether to return the voice as a ticket."""
    checks_format: bool = True
    """Whether to refuse audio that seems to have another format. A client that names its format is
    trusted: telephone audio has an empty upper band, as audio at a wrong rate has."""


@dataclass(frozen=True, slots=True)
class Restore:
    """Enrol the voice of a ticket, and report `Enrolled`."""

    speaker_id: int
    ticket: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """An enrolled voice, sealed for the client to keep."""

    text: str
    expires_at: int
    """In seconds since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The result of an enrolment: the voice is kept, or `failure` says why not."""

    failure: Reason | None = None
    quality: Quality | None = None
    """The measurements. None: the engine failed, or the take was not measured."""
    looks_like: AudioFormat | None = None
    """The format that the audio seems to have, with `wrong_format` only."""
    ticket: Ticket | None = None
    """The voice for the client to keep. None: it was not asked for."""
