"""The result of a check; an exception in a check becomes a finding too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hwaja.doctor.language import Phrase, phrase
from hwaja.engines.interface import EngineError
from hwaja.models import ModelError
from hwaja.server.config import ConfigError
from hwaja.server.network.tls import TlsError

State = Literal["ok", "warning", "failure"]
"""Warning: the server can run, but not well. Failure: the server cannot run."""

Facts = Mapping[str, Any]
"""Values for scripts, in JSON types."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. It holds no personal data."""

    name: str
    state: State
    sentence: Phrase
    """The sentence that describes the result."""
    advice: Phrase | None = None
    """Advice; None where no action is needed or the sentence contains it."""
    facts: Facts = field(default_factory=dict)


def checked(name: str, check: Callable[[], Finding]) -> Finding:
    """Return the finding of a check; an exception becomes a failure."""
    try:
        return check()
    except (ConfigError, EngineError, ModelError, TlsError) as error:
        return Finding(name, "failure", phrase("raised", error=str(error)))
    except Exception as error:  # the message may quote private data
        return Finding(name, "failure", phrase("broken", kind=type(error).__name__))
