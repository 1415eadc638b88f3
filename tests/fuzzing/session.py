"""Any sequence of events: the session never raises and answers each utterance once."""

import math
from collections import deque
from dataclasses import replace
from itertools import pairwise

from msgspec import UNSET
from talk import Talk, connected, draining, enrolled, transcribing

from fuzzing.choices import Choices
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import PLAIN, AudioConfig
from hwaja.protocol.client_messages import (
    ClientMessage,
    CompleteRegistration,
    Finalize,
    InvalidMessageError,
    KeepAlive,
    NameSpeaker,
    PauseTranscription,
    RestoreSpeaker,
    ResumeTranscription,
    ShareSession,
    StartRegistration,
    StartTranscription,
    StopTranscription,
    UpdateTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import (
    Finalized,
    SpeechEnded,
    SpeechStarted,
    Transcription,
    TranscriptionStarted,
    TranscriptionStopped,
    UtteranceDropped,
)
from hwaja.protocol.values import Event as TranscriptionEvent
from hwaja.protocol.values import Options, Speakers, Token
from hwaja.session.effects import (
    Close,
    Effect,
    Extend,
    Finish,
    Learn,
    ProbeSpeaker,
    Recognise,
    Release,
    Send,
    Settled,
    Speculate,
)
from hwaja.session.events import (
    Attributed,
    Audio,
    AudioStopped,
    Connected,
    Disconnected,
    Event,
    Ignored,
    Lagging,
    LimitNear,
    LimitReached,
    MalformedAudio,
    PartialText,
    Recognised,
    Reconnected,
    Refused,
    ServerFailed,
    Shutdown,
    SpeakerProbed,
    VoiceKept,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.speakers.enrolment import Enrol, Enrolled, Ticket
from hwaja.speakers.parts import Part
from hwaja.vad.gate import FRAME_SAMPLES

_BEGINNINGS = (transcribing, enrolled, connected, Talk, draining)
_SPEAKER_IDS = (0, 1, 2, 7)
_PROBABILITIES = (0.05, 0.9, 0.4, 0.5, math.nan, 0.0, 1.0)
_LEVELS_DBFS = (-30.0, -75.0, -60.0, -120.0, 0.0, math.nan)
_EVENTS = ((), tuple(TranscriptionEvent), (TranscriptionEvent.SPEECH_STARTED,))
_SOURCES = (
    (Speakers.ENROLLED, PLAIN),
    (Speakers.CHANNELS, AudioConfig(channels=2)),
    (Speakers.DISCOVER, AudioConfig(channels=2)),
)
_EVIDENCE = ((20.0, 0.0), (0.0, 20.0), (0.0, 0.0), (1.0, 0.9), ())


def run(content: bytes) -> None:
    choices = Choices(content)
    watched = _Watched(choices)
    while choices.are_left:
        _step(watched, choices)
    watched.finish()


class _Watched:
    """A session with its open requests and its invariants."""

    def __init__(self, choices: Choices) -> None:
        settings = SessionSettings(
            max_strikes=choices.one_of((5, 1000)),
            max_audio_seconds=choices.one_of((600.0, 20.0)),
            max_speakers=3,
        )
        self.talk = choices.one_of(_BEGINNINGS)(settings)
        self.forgotten = 0
        self.closed = self.talk.session.state is State.CLOSED
        self.segments: dict[int, tuple[int, int]] = {}
        self.known_ids: set[int] = set()
        self.answered_ids: set[int] = set()
        self.begun_ids: set[int] = set()
        self.ended_ids: set[int] = set()
        self.answers = 0
        self.unsettled: deque[int] = deque()  # where utterances end that nothing was said of
        # What the beginning did was not seen.
        self.finalized = 0  # by the client, and not confirmed
        self.last_finalize: object = None
        self.has_come_back = False  # since then
        self.seen_whole = self.talk.session.state is not State.DRAINING

    def expect_confirmation(self, place: object) -> None:
        """The client finalizes; a repeat after it came back is confirmed with the first one."""
        is_repeat = self.has_come_back and place == self.last_finalize
        self.finalized += not is_repeat
        self.has_come_back, self.last_finalize = False, place

    def take(self, effects: list[Effect]) -> None:
        assert not (self.closed and effects), "something after the close"
        for effect in effects:
            self._check(effect)
        assert self.talk.session.state is State.CLOSED or not self.closed

    def _check(self, effect: Effect) -> None:
        assert not self.closed, "something after the close"
        match effect:
            case Finish() | Recognise():
                self._check_work(effect)
            case Settled():
                self._check_settled(effect)
            case Extend() | ProbeSpeaker():
                self._check_held(effect.start, effect.stop)
            case Speculate() | Learn():
                self._check_held(effect.segment.start, effect.segment.stop)
            case Enrol(_, start, segments):
                assert self.forgotten <= start <= self.talk.now
                for segment in segments:
                    self._check_held(segment.start, segment.stop)
            case Release(index):
                assert self.forgotten <= index <= self.talk.now, "released backwards"
                self.forgotten = index
            case Close():
                self.closed = True
            case Send():
                self._check_message(effect)

    def _check_work(self, effect: Finish | Recognise) -> None:
        start, stop = effect.segment.start, effect.segment.stop
        self._check_held(start, stop)
        self.segments[effect.segment_id] = start, stop
        if isinstance(effect, Finish):
            assert effect.segment_id not in self.known_ids
            self.unsettled.append(stop)
        self.known_ids.add(effect.segment_id)

    def _check_settled(self, effect: Settled) -> None:
        if effect.ends_utterance and self.unsettled:
            assert effect.segment.stop >= self.unsettled.popleft()

    def _check_held(self, start: int, stop: int) -> None:
        assert self.forgotten <= start < stop <= self.talk.now, "asks for what is not held"

    def _check_message(self, effect: Send) -> None:
        serialize(effect.message, details=effect.details, max_speakers=3)
        match effect.message:
            case SpeechStarted(segment_id):
                assert segment_id not in self.begun_ids, "begins twice"
                self.begun_ids.add(segment_id)
            case SpeechEnded(segment_id):
                assert segment_id not in self.ended_ids, "ends twice"
                self.ended_ids.add(segment_id)
            case UtteranceDropped(segment_id):
                assert segment_id not in self.answered_ids, "dropped, though answered"
                self.answered_ids.add(segment_id)
            case TranscriptionStarted():
                self.begun_ids, self.ended_ids = set(), set()
                self.last_finalize = None
                self.answers, self.seen_whole = 0, True
                assert not self.unsettled, "an utterance is lost"
                self.known_ids, self.answered_ids, self.segments = set(), set(), {}
            case Transcription(segment_id=segment_id):
                self.answers += 1
                if segment_id is not None:
                    assert segment_id not in self.answered_ids, "answered twice"
                    self.answered_ids.add(segment_id)
            case Finalized():
                self.finalized -= 1
                assert self.finalized >= 0, "confirmed twice"
            case TranscriptionStopped(summary):
                assert self.finalized == 0, "a finalize is not confirmed"
                assert not (self.seen_whole and self.unsettled), "an utterance is lost"
                assert not self.seen_whole or summary.utterances == self.answers

    def finish(self) -> None:
        """Answer all that was asked, then stop: nothing may be left over."""
        if self.talk.session.state in (State.TRANSCRIBING, State.PAUSED):
            self.take(self.talk.say(StopTranscription()))
        rounds = 0
        while self.talk.session.state is State.DRAINING:
            rounds += 1
            assert rounds < 10, "waits for what it never asked for"
            for segment_id in list(self.segments) or [0]:
                self.take(self.talk.handle(Recognised(segment_id, Hypothesis("네"))))
                self.take(
                    self.talk.handle(Attributed(segment_id, (_part(0, 1 << 40, Choices(b"")),)))
                )
        if self.seen_whole and self.talk.session.state is State.READY:
            assert not self.unsettled, "an utterance is lost"
        self.take(self.talk.handle(Disconnected()))
        assert self.talk.session.state is State.CLOSED
        for event in (Connected(), Shutdown(), Enrolled(), Recognised(0, Hypothesis("네"))):
            assert self.talk.handle(event) == []


def _step(watched: _Watched, choices: Choices) -> None:
    talk = watched.talk
    match choices.number(3):
        case 0:
            message = _message(choices)
            if isinstance(message, Finalize) and talk.session.transcribes:
                watched.expect_confirmation((talk.now, message.request_id))
            watched.take(talk.say(message))
        case 1:
            watched.take(_hear(talk, choices))
        case 2:
            watched.take(talk.handle(_result(watched, choices)))
        case _:
            event = _event(talk.now, choices)
            is_open = talk.session.state is not State.CLOSED
            watched.has_come_back |= isinstance(event, Reconnected) and is_open
            watched.take(talk.handle(event))


def _message(choices: Choices) -> ClientMessage:
    speaker_id = choices.one_of(_SPEAKER_IDS[:3])
    request_id = choices.one_of((None, None, 1, "a"))
    match choices.number(9):
        case 9:
            return RestoreSpeaker(speaker_id, "ticket", choices.flag(), choices.flag())
        case 8:
            return NameSpeaker(speaker_id, choices.one_of(("김", "")), request_id=request_id)
        case 4:
            return Finalize(request_id=request_id)
        case 5:
            return _update(choices)
        case 6:
            return PauseTranscription(request_id=request_id)
        case 7:
            kinds = (ResumeTranscription, ResumeTranscription, KeepAlive, ShareSession)
            return choices.one_of(kinds)(request_id=request_id)
        case 0:
            flags = choices.flag(), choices.flag(), choices.flag(), choices.flag()
            return StartRegistration(speaker_id, *flags)
        case 1:
            return CompleteRegistration(speaker_id)
        case 2:
            wants = choices.flag(), choices.flag(), choices.flag(), choices.flag()
            options = Options(choices.one_of((None, "ko")))
            events = choices.one_of(_EVENTS)
            speakers, audio = choices.one_of(_SOURCES)
            return StartTranscription(
                *wants, options=options, events=events, speakers=speakers, audio=audio
            )
        case _:
            return StopTranscription(request_id=request_id)


def _update(choices: Choices) -> UpdateTranscription:
    return UpdateTranscription(
        interim_results=choices.one_of((UNSET, True, False)),
        adapt=choices.one_of((UNSET, True, False)),
        language=choices.one_of((UNSET, None, "ko", "xx")),
        events=choices.one_of((UNSET, *_EVENTS)),
    )


def _hear(talk: Talk, choices: Choices) -> list[Effect]:
    count = choices.one_of((1, 3, 20, 100, 500))
    probability, level = choices.one_of(_PROBABILITIES), choices.one_of(_LEVELS_DBFS)
    talk.now += count * FRAME_SAMPLES
    talk.silent_seconds += choices.one_of((0, 0, 0, 0.5, 100))
    arrival = talk.arrival(choices.one_of((0, 0.5, 100)))
    if talk.session.state is State.PAUSED:
        talk.now += choices.number(255)
        return talk.handle(Ignored(talk.now, arrival))
    audio = Audio(talk.now, (probability,) * count, (level,) * count, arrival)
    effects = talk.handle(audio)
    for channel in range(1, talk.session.channels):
        level = choices.one_of(_LEVELS_DBFS)
        effects += talk.handle(replace(audio, levels_dbfs=(level,) * count, channel=channel))
    return effects


def _result(watched: _Watched, choices: Choices) -> Event:
    """A result of the engine, mostly for what was asked."""
    segment_id = choices.one_of((*watched.segments, 1_000_000, -1))
    start, stop = watched.segments.get(segment_id, (0, 1))
    match choices.number(5):
        case 5:
            return VoiceKept(choices.one_of(_SPEAKER_IDS), "김", choices.flag())
        case 4:
            turn_id = choices.one_of((len(watched.segments), segment_id))
            turn_at = watched.talk.now - choices.number(20) * FRAME_SAMPLES
            return SpeakerProbed(turn_id, choices.one_of((turn_at, None)))
        case 0:
            return Recognised(segment_id, _hypothesis(choices))
        case 1:
            return Attributed(segment_id, _parts(start, stop, choices))
        case 2:
            return PartialText(segment_id, choices.text(8))
        case _:
            return PartialText(len(watched.segments), choices.text(8))


def _hypothesis(choices: Choices) -> Hypothesis | None:
    if choices.number(7) == 0:
        return None
    texts = [choices.text(6) for _ in range(choices.number(4))]
    tokens = tuple(Token(text, choices.number(255) / 16) for text in texts)
    return Hypothesis("".join(texts).strip(), tokens if choices.flag() else ())


def _parts(start: int, stop: int, choices: Choices) -> tuple[Part, ...] | None:
    """Parts that follow each other, as `attribution.reading` makes them."""
    count = choices.number(4)
    if count == 0:
        return None
    edges = sorted(start + choices.number(stop - start) for _ in range(count - 1))
    edges = [start, *edges, stop]
    return tuple(_part(first, last, choices) for first, last in pairwise(edges))


def _part(start: int, stop: int, choices: Choices) -> Part:
    evidence = choices.one_of(_EVIDENCE)
    scores = (0.7, 0.2)[: len(evidence)]
    overlap = choices.number(8) / 4
    return Part(start, stop, (0, 1), choices.number(16) / 4, scores, scores, evidence, overlap)


def _event(now: int, choices: Choices) -> Event:
    """Something else that happens, mostly what lets a session go on."""
    reason = choices.one_of(tuple(Reason))
    error = InvalidMessageError(choices.one_of(tuple(ErrorCode)), reason, choices.one_of((None, 0)))
    limit = choices.one_of((Reason.SESSION_LIMIT, Reason.IDLE))
    rare = (
        Shutdown(),
        ServerFailed(),
        Disconnected(),
        Connected(),
        Connected("token"),
        LimitReached(limit),
    )
    frequent = (
        Refused(error),
        MalformedAudio(reason),
        Enrolled(reason),
        Reconnected("token", now),
        LimitNear(limit, 60),
        AudioStopped(now),
        Lagging(choices.number(16) / 2),
        Enrolled(),
        Enrolled(ticket=Ticket("ticket", 1_756_000_000)),
    )
    return choices.one_of((*rare, *frequent, *frequent))
