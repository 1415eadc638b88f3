"""What a session decides by."""

from dataclasses import dataclass, field

from hwaja.engines.recognition import Abilities
from hwaja.protocol.messages import SPEAKERS
from hwaja.vad.gate import GateSettings


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Set once, for all sessions of a server."""

    gate: GateSettings = field(default_factory=GateSettings)
    abilities: Abilities = field(default_factory=Abilities)
    """What the recogniser can do: a client that asks for more is told so."""
    max_speakers: int = SPEAKERS
    """How many voices may be enrolled; the specification's two are needed to begin."""
    max_enrolment_seconds: float = 30.0
    """Longest enrolment. The specification asks for 3-5 s."""
    max_audio_seconds: float = 600.0
    """Longest transcription (specification, section on limits), plus what is being said then."""
    max_strikes: int = 5
    """Invalid messages before the connection is closed."""
