"""The settings of a session."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hwaja.engines.recognition import Abilities
from hwaja.protocol.audio import AudioEncoding
from hwaja.protocol.values import SPEAKERS
from hwaja.vad.gate import GateSettings


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The limits and abilities that all sessions of a server share."""

    gate: GateSettings = field(default_factory=GateSettings)
    abilities: Callable[[], Abilities] = Abilities
    """Returns the options that the recogniser supports now. Other options are refused."""
    encodings: frozenset[AudioEncoding] = frozenset(AudioEncoding)
    """How audio may be encoded."""
    max_speakers: int = SPEAKERS
    """Most voices in a session. A transcription needs at least the specification's two."""
    max_enrolment_seconds: float = 30.0
    """Longest enrolment. The specification asks for 3-5 s."""
    max_audio_seconds: float = 600.0
    """Longest transcription (specification, section on limits). An open utterance may end after
    it."""
    max_strikes: int = 5
    """The server closes the connection at this number of invalid messages."""
