"""The services that all sessions of a server share."""

from dataclasses import dataclass, field

from hwaja.observability.metrics import Metrics
from hwaja.session.settings import SessionSettings
from hwaja.speakers.voice_tickets import VoiceTickets
from hwaja.speakers.voices import Cohort
from hwaja.vad.silero import Detection, SileroState
from hwaja.workers.generations import Generations
from hwaja.workers.overload import Overload


@dataclass(frozen=True, slots=True)
class Services:
    """The services that all sessions share."""

    generations: Generations
    detection: Detection[SileroState]
    cohort: Cohort
    settings: SessionSettings
    metrics: Metrics = field(default_factory=Metrics)
    overload: Overload = field(default_factory=Overload)
    tickets: VoiceTickets = field(default_factory=VoiceTickets)
