"""The states of a session."""

from enum import Enum, auto


class State(Enum):
    """Where a session is."""

    CONNECTING = auto()
    READY = auto()
    ENROLLING = auto()
    """Hearing the voice of one speaker."""
    VERIFYING = auto()
    """The voice is being embedded; the caller reads nothing from the client meanwhile."""
    TRANSCRIBING = auto()
    DRAINING = auto()
    """Nothing more is heard; what was heard is still being answered."""
    CLOSED = auto()
