"""A session, the microphone in front of it, and what came of feeding it."""

import json
import sys
from collections.abc import Iterable

from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    ClientMessage,
    CompleteRegistration,
    PauseTranscription,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.codes import CloseCode, ErrorCode
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import Error
from hwaja.session.effects import Close, Effect, Finish, Release, Send
from hwaja.session.events import (
    Arrival,
    Attributed,
    Audio,
    Connected,
    Disconnected,
    Event,
    Received,
    Recognised,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import Session, State
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.speakers.parts import Part
from hwaja.vad.gate import FRAME_SAMPLES, frames_in

SETTINGS = SessionSettings()
EPOCH = 1_755_754_200.0
"""2025-08-21T05:30:00Z: when sample 0 of the tests was spoken."""
REGISTRATION = ErrorCode.SPEAKER_REGISTRATION_FAILED
TRANSCRIPTION = ErrorCode.TRANSCRIPTION_FAILED


class Enrolling:
    """The ids of the enrolled speakers, as an enroller would keep them."""

    def __init__(self) -> None:
        self.speaker_ids: tuple[int, ...] = ()
        self.sampled_ids: frozenset[int] = frozenset()
        self.speaker_id = 0  # of the take that is judged

    def keep(self) -> None:
        self.speaker_ids = tuple(sorted({*self.speaker_ids, self.speaker_id}))


class Talk:
    """A session and the microphone in front of it."""

    def __init__(self, settings: SessionSettings = SETTINGS) -> None:
        self.voices = Enrolling()
        self.session = Session(settings, self.voices)
        self.now = 0  # samples sent so far
        self.silent_seconds = 0.0  # in which nothing was sent

    def handle(self, event: Event) -> list[Effect]:
        is_judged = self.session.state is State.VERIFYING and isinstance(event, Enrolled)
        if is_judged and event.failure is None:
            self.voices.keep()
        effects = self.session.handle(event)
        for effect in effects:
            if isinstance(effect, Enrol):
                self.voices.speaker_id = effect.speaker_id
        return effects

    def say(self, message: ClientMessage) -> list[Effect]:
        return self.handle(Received(message, at=self.now))

    def hear(self, seconds: float, *, speech: bool, level: float = -30.0) -> list[Effect]:
        return self.take(seconds, 0.9, level) if speech else self.take(seconds, 0.05, -75.0)

    def take(self, seconds: float, probability: float, level: float) -> list[Effect]:
        count = frames_in(seconds)
        self.now += count * FRAME_SAMPLES
        arrival = self.arrival(count * FRAME_SAMPLES / SAMPLE_RATE)
        return self.handle(Audio(self.now, (probability,) * count, (level,) * count, arrival))

    def arrival(self, waited_seconds: float) -> Arrival:
        """Of a message that comes now."""
        at = self.seconds + self.silent_seconds
        return Arrival(self.now, at, EPOCH + at, waited_seconds)

    @property
    def seconds(self) -> float:
        return self.now / SAMPLE_RATE

    def utterance(self, seconds: float = 1.0, level: float = -30.0) -> Finish:
        """Speak, pause, and return the one job that comes of it."""
        effects = self.hear(seconds, speech=True, level=level) + self.hear(0.6, speech=False)
        (job,) = [effect for effect in effects if isinstance(effect, Finish)]
        return job

    def enrol(self, speaker_id: int) -> list[Effect]:
        effects = self.say(StartRegistration(speaker_id))
        effects += self.hear(3, speech=True)
        effects += self.say(CompleteRegistration(speaker_id))
        return effects + self.handle(Enrolled())


def connected(settings: SessionSettings = SETTINGS) -> Talk:
    talk = Talk(settings)
    talk.handle(Connected())
    return talk


def enrolled(settings: SessionSettings = SETTINGS) -> Talk:
    talk = connected(settings)
    talk.enrol(0)
    talk.enrol(1)
    return talk


def transcribing(settings: SessionSettings = SETTINGS, *, details: bool = False) -> Talk:
    talk = enrolled(settings)
    talk.say(StartTranscription(details=details))
    return talk


def draining(settings: SessionSettings = SETTINGS) -> Talk:
    talk = transcribing(settings)
    talk.utterance()
    talk.say(StopTranscription())
    return talk


def paused(settings: SessionSettings = SETTINGS) -> Talk:
    talk = transcribing(settings)
    talk.say(PauseTranscription())
    return talk


def in_state(state: State) -> Talk:
    talk = {
        State.CONNECTING: Talk,
        State.READY: connected,
        State.ENROLLING: connected,
        State.VERIFYING: connected,
        State.TRANSCRIBING: transcribing,
        State.PAUSED: paused,
        State.DRAINING: draining,
        State.CLOSED: connected,
    }[state]()
    if state in (State.ENROLLING, State.VERIFYING):
        talk.say(StartRegistration(0))
        talk.hear(3, speech=True)
    if state is State.VERIFYING:
        talk.say(CompleteRegistration(0))
    if state is State.CLOSED:
        talk.handle(Disconnected())
    assert talk.session.state is state
    return talk


def sent(effects: Iterable[Effect]) -> list[dict[str, object]]:
    """What the client reads."""
    return [
        json.loads(serialize(effect.message, details=effect.details, request_id=effect.request_id))
        for effect in effects
        if isinstance(effect, Send)
    ]


def errors(effects: Iterable[Effect]) -> list[Error]:
    return [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, Error)]


def said(effects: Iterable[Effect]) -> list[tuple[object, object]]:
    """The speaker and the text of each `transcription` that is sent."""
    messages = [fields for fields in sent(effects) if fields["type"] == "transcription"]
    return [(fields["speaker_id"], fields["text"]) for fields in messages]


def closes(effects: Iterable[Effect]) -> list[CloseCode]:
    return [effect.code for effect in effects if isinstance(effect, Close)]


def released(effects: Iterable[Effect]) -> list[int]:
    return [effect.index for effect in effects if isinstance(effect, Release)]


def recognised(segment_id: int, text: str | None) -> Recognised:
    return Recognised(segment_id, None if text is None else Hypothesis(text))


def voice_of(
    speaker_id: int,
    start: int = 0,
    stop: int = sys.maxsize,
    speech_seconds: float = 2.0,
    overlap_seconds: float = 0.0,
) -> Part:
    """A part in which one of two speakers is heard for sure."""
    scores = (0.6, 0.2) if speaker_id == 0 else (0.2, 0.6)
    evidence = (20.0, 0.0) if speaker_id == 0 else (0.0, 20.0)
    cosines = (0.7, 0.3) if speaker_id == 0 else (0.3, 0.7)
    return Part(start, stop, (0, 1), speech_seconds, cosines, scores, evidence, overlap_seconds)


def attributed(segment_id: int, speaker_id: int | None) -> Attributed:
    """One speaker, for sure; None: the engine failed."""
    return Attributed(segment_id, None if speaker_id is None else (voice_of(speaker_id),))


def answer(talk: Talk, job: Finish, text: str | None, speaker_id: int | None) -> list[Effect]:
    return talk.handle(recognised(job.segment_id, text)) + talk.handle(
        attributed(job.segment_id, speaker_id)
    )
