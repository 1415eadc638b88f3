"""What a check has found, and how one that fails becomes a finding too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hwaja.doctor.language import Said, said
from hwaja.engines.interface import EngineError
from hwaja.models import ModelError
from hwaja.server.config import ConfigError
from hwaja.server.tls import TlsError

State = Literal["ok", "warning", "failure"]
"""A warning: it can be served, but not well. A failure: it cannot be served."""

Facts = Mapping[str, Any]
"""For scripts: what JSON can hold."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says; nothing personal."""

    name: str
    state: State
    sentence: Said
    """What was found."""
    advice: Said | None = None
    """What to do about it; None where nothing is to be done, or the sentence says it."""
    facts: Facts = field(default_factory=dict)


def checked(name: str, check: Callable[[], Finding]) -> Finding:
    """Return what a check finds; one that raises has found a failure."""
    try:
        return check()
    except (ConfigError, EngineError, ModelError, TlsError) as error:
        return Finding(name, "failure", said("raised", error=str(error)))
    except Exception as error:  # its text may quote anything
        return Finding(name, "failure", said("broken", kind=type(error).__name__))
