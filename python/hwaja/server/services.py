"""The services that all sessions of a server share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hwaja.observability.metrics import Metrics
from hwaja.server.sessions.links import Links
from hwaja.session.effects import Effect
from hwaja.session.events import Event
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voice_tickets import VoiceTickets
from hwaja.speakers.voices import Cohort
from hwaja.vad.silero import Detection, SileroState
from hwaja.workers.generations import Generations
from hwaja.workers.overload import Overload


class SessionObserver(Protocol):
    """Follows a session, and changes nothing of it."""

    def happened(self, event: Event) -> None:
        """Observe an event of the session; the last one is `Disconnected`."""

    def done(self, effect: Effect) -> None:
        """Observe an effect of the session after it was carried out."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services that sessions share."""

    generations: Generations
    detection: Detection[SileroState]
    cohort: Cohort
    settings: SessionSettings
    metrics: Metrics = field(default_factory=Metrics)
    overload: Overload = field(default_factory=Overload)
    tickets: VoiceTickets = field(default_factory=VoiceTickets)
    links: Links = field(default_factory=Links)
    """Those of all sessions: one may take over the link of another."""
    observers: tuple[Callable[[str], SessionObserver], ...] = ()
    """Each begins to observe a session, and takes the session's number in the log."""
    are_patient: bool = False
    """Whether nobody waits for single answers of these sessions, as for a file. All their work
    waits for that of other sessions."""
