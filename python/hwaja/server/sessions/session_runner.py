"""Runs one client's session: its ring of audio, its state machine, and its tasks.

A session outlives its connection: a client that reconnects continues it. Messages are taken one at
a time, so control messages and audio keep their order. All code runs on the event loop's thread.
Messages, timers and results of the workers become events. `_post` handles each event in a separate
callback of the loop, outside all tasks, in the order of arrival.
"""

import asyncio
import time
from functools import partial

import structlog

from hwaja.audio.decoder import BadAudioError
from hwaja.audio.stream import RING_SECONDS, AudioStream
from hwaja.observability.session_metrics import SessionMetrics
from hwaja.privacy.error_redaction import describe
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import DIVIDING, InvalidMessageError
from hwaja.protocol.codes import CloseCode, Reason
from hwaja.protocol.parse import parse
from hwaja.protocol.values import Hello, NotResumed
from hwaja.server.config import Config
from hwaja.server.services import Services, SessionObserver
from hwaja.server.sessions.analysis import Analysis
from hwaja.server.sessions.broadcast import Broadcast
from hwaja.server.sessions.intake import Intake
from hwaja.server.sessions.jobs import Jobs
from hwaja.server.sessions.outbox import Outbox, Sender
from hwaja.session import effects, events
from hwaja.session.deadlines import Deadlines
from hwaja.session.lateness import Lateness
from hwaja.session.pace import Pace
from hwaja.session.state_machine import Session
from hwaja.session.states import SERVER_FAULT, State
from hwaja.speakers.enroller import Enroller
from hwaja.speakers.enrolment import Enrol, Enrolled, Restore
from hwaja.speakers.voices import Voices
from hwaja.workers.overload import SessionOverload

_log = structlog.get_logger("hwaja.session")


class SessionRunner:
    """Runs one client's session until it ends."""

    def __init__(self, services: Services, config: Config, session_id: str) -> None:
        self._generations = services.generations
        self._voices = Voices(services.cohort)
        self._stream = AudioStream(RING_SECONDS * SAMPLE_RATE)
        self._ring = self._stream.ring
        self._session = Session(services.settings, self._voices, self._stream)
        self._max_speakers = services.settings.max_speakers
        self._broadcast = Broadcast(services.links, self._max_speakers)
        self._metrics = services.metrics
        self._overload = SessionOverload(services.overload)
        self._pace = Pace()
        self._lateness = Lateness()
        self._session_metrics = SessionMetrics(
            services.metrics, self._session, self._ring.capacity, self._pace
        )
        begun = [begin(session_id) for begin in services.observers]
        self._observers: tuple[SessionObserver, ...] = (self._session_metrics, *begun)
        self._is_patient = services.are_patient
        self.subjects: frozenset[bytes] = frozenset()
        """Digests of the client's access tokens. Voice tickets are bound to them."""
        self._analysis = Analysis(
            self,
            services,
            self._overload,
            self._voices,
            self._ring,
            self._post,
            send=lambda voice: self._sender.send(voice, details=False),
            subjects=lambda: self.subjects,
        )
        self._enroller = Enroller(
            partial(self._analysis.embed, overlaps=False),
            self._ring,
            self._voices,
            services.tickets,
            lambda: self.subjects,
            keeps_samples=bool(config.overlap_model),
        )
        self.client_waits = False
        """Whether a received message is not taken yet: the client is then not idle."""
        self._intake = Intake(
            self._session,
            self._stream,
            services.detection,
            self._post,
            is_behind=lambda: self.client_waits,
        )
        self._jobs = Jobs(self._job_failed)
        self._enrolment: asyncio.Task[None] | None = None
        self._deadlines = Deadlines(
            config.max_session_seconds, config.idle_seconds, time.monotonic()
        )
        self.session_id = session_id
        """Identifies the session in the log."""
        self._log = _log.bind(session=session_id)
        self.outbox: Outbox[str | CloseCode] = Outbox()
        """The messages for the client. A close code closes the connection."""
        self._sender = Sender(self.outbox, self._broadcast.tell, self._max_speakers, self._log)
        self.over = asyncio.Event()
        """Set once the session has ended by itself."""

    @property
    def state(self) -> State:
        """The state of the session."""
        return self._session.state

    @property
    def has_voice(self) -> bool:
        """Whether a voice is enrolled. It is lost when the session ends."""
        return self._session.has_voice

    @property
    def is_ahead(self) -> bool:
        """Whether the session transcribes audio that is ahead of real time."""
        return self._pace.is_ahead and self._session.transcribes

    @property
    def is_expensive(self) -> bool:
        """Whether the session uses far more than its share of the workers, and thus waits."""
        return self._overload.is_expensive

    @property
    def lag_seconds(self) -> float:
        """How long the oldest ended utterance has been unanswered; 0 if all are answered.

        Time while the session was expensive does not count: the session caused that delay itself.
        """
        return self._overload.shared_lag_seconds(
            self._session_metrics.lag_seconds, time.monotonic()
        )

    def watch_load(self) -> None:
        """Measure the lag of its own answers, and set which work the session skips."""
        now = time.monotonic()
        self._overload.take_shares(self._generations.shares(self), now)
        lag_seconds = self._session_metrics.lag_seconds
        self._overload.observe(lag_seconds, now)
        if (reported_seconds := self._lateness.observe(lag_seconds, now)) is not None:
            self._post(events.Lagging(reported_seconds))

    async def connected(
        self, token: str | None, hello: Hello | None = None, lost: NotResumed | None = None
    ) -> None:
        """Begin the session on its first connection. Returns once the welcome is queued.

        Args:
            token: lets the client resume the session. None: the client did not ask for one.
            hello: what the server can do. None: the client did not ask.
            lost: why an earlier session could not go on. None: there was none.

        """
        if token is not None:
            self._sender.begin_to_number()
        self._jobs.start(self._keep_time())
        self._log.info("session opened", resumable=token is not None)
        await self._post(events.Connected(token, hello, lost))

    async def reconnected(self, token: str, hello: Hello | None = None) -> None:
        """Continue on another connection. Sends all unconfirmed messages again."""
        self._log.info("session resumed")
        self._intake.is_connected = True
        self.outbox.rewind()
        await self._post(events.Reconnected(token, self._stream.sent_stop, hello))

    def disconnected(self) -> None:
        """Record a lost connection. A client that reconnects resends what was not taken."""
        self.client_waits = False
        self._intake.is_connected = False
        self._intake.wake()

    def waits(self, seconds: float) -> None:
        """Pass on how many seconds of received audio are not taken yet; 0: all audio is taken."""
        self._post(events.Waiting(seconds))

    def cut_off(self) -> None:
        """Close now, because the server stops and no longer waits for answers."""
        self._post(events.CutOff())

    def shut_down(self, *, is_handover: bool = False) -> None:
        """Answer the audio so far, then close: the server stops.

        If it is a handover, only finished utterances: the client takes the rest to another server.
        """
        self._post(events.Shutdown(is_handover))

    def revoke(self) -> None:
        """Answer the audio so far, then close, because the client's token is no longer valid."""
        self._post(events.LimitReached(Reason.TOKEN_REVOKED))

    def end_for_new_client(self) -> None:
        """Close, because another client gets the place. This client has enrolled no voice."""
        self._log.info("session gives way")
        self._post(events.LimitReached(Reason.SERVER_FULL))

    async def end(self) -> None:
        """End the session: cancel all work, and overwrite all personal data."""
        try:
            await self._post(events.Disconnected())
        finally:  # also if a server that stops cancels this
            await self._end()

    async def _end(self) -> None:
        self._analysis.close()
        self._generations.set_ahead(self, False)
        try:
            await self._jobs.cancel()
        finally:  # also if a server that stops cancels this
            self._generations.leave(self)
            self._intake.forget()
            self._session.forget()
            self._voices.forget()
            self.outbox.forget()
            self._broadcast.forget()
            self._log.info("session closed")

    async def _keep_time(self) -> None:
        while True:
            await asyncio.sleep(self._deadlines.next_at - time.monotonic())
            if self.client_waits:
                self._deadlines.reset_idle(time.monotonic())
            for event in self._deadlines.due(time.monotonic()):
                await self._post(event)
                if isinstance(event, events.LimitReached):
                    return

    async def take(self, message: str | bytearray, received_at: float) -> None:
        """Take one message of the client. Returns once the next one can be taken.

        A failure ends the session and is not raised.

        Args:
            message: a control message (text), or audio.
            received_at: when the message arrived, in seconds of `time.monotonic`.

        """
        try:
            await self._take(message, received_at)
        except Exception as error:
            self._log.error("session failed", **describe(error))
            await self._post(events.ServerFailed())
        finally:
            self._deadlines.reset_idle(time.monotonic())  # only now: the message waited until here

    async def heard(self) -> None:
        """Wait until all audio was searched for a change of speaker, which can be slower."""
        await self._intake.heard()
        await self._analysis.searched()

    async def _take(self, message: str | bytearray, received_at: float) -> None:
        if isinstance(message, str):
            await self._take_text(message)
            return
        fault = self._stream.fault_of(message)
        if fault is None:
            seconds = self.audio_seconds(message)
            self._metrics.audio_received(seconds)
            self._follow_pace(seconds, received_at)
            try:
                await self._intake.take(memoryview(message), received_at)
            except BadAudioError as error:
                fault = error.reason
        if fault is not None:
            await self._post(events.MalformedAudio(fault))

    def audio_seconds(self, message: bytes | bytearray) -> float:
        """Return the duration of audio that is encoded as the client's audio now is."""
        return self._stream.seconds_of(message)

    def _follow_pace(self, seconds: float, received_at: float) -> None:
        """Let live sessions go first if this client sends audio faster than real time."""
        if self.state is State.TRANSCRIBING:
            was_awaited = received_at >= self._intake.idle_since
            caught_up = was_awaited and self._session.oldest_unanswered is None
            self._pace.came(seconds, received_at, caught_up=caught_up)
            self._set_ahead(self._pace.is_ahead)

    def _set_ahead(self, is_ahead: bool) -> None:
        self._generations.set_ahead(self, is_ahead or self._is_patient)

    async def _take_text(self, text: str) -> None:
        try:
            message = parse(text, self._max_speakers)
        except InvalidMessageError as error:
            await self._post(events.Refused(error))
            return
        if isinstance(message, DIVIDING):
            await self._intake.drain()
        await self._post(events.Received(message, at=self._ring.end))
        if self._enrolment is not None:
            # The client may send more before the answer. That waits until the voice is enrolled.
            await self._enrolment
            self._enrolment = None

    def _post(self, event: events.Event) -> asyncio.Future[None]:
        """Queue an event. The session handles it in a separate callback of the loop.

        The loop's queue is the session's inbox. A failure in the session never reaches the caller.

        Returns:
            A future that is done once the event is handled.

        """
        loop = asyncio.get_running_loop()
        dealt_with = loop.create_future()
        loop.call_soon(self._take_event, event, dealt_with)
        return dealt_with

    def _take_event(self, event: events.Event, done: asyncio.Future[None] | None = None) -> None:
        """Handle an event. If that fails, answer the audio so far, then close.

        If it was the handling of a result or of `ServerFailed` that failed, close at once.
        """
        try:
            self._handle(event)
        except Exception as error:
            self._log.error("session failed", **describe(error))
            if isinstance(
                event, events.ServerFailed | Enrolled | events.Recognised | events.Attributed
            ):
                self._give_up()
            else:
                self._take_event(events.ServerFailed())
        if done is not None and not done.done():  # the waiting task may be cancelled
            done.set_result(None)

    def _handle(self, event: events.Event) -> None:
        for observer in self._observers:
            observer.happened(event)
        returned = self._session.handle(event)
        if isinstance(event, events.Disconnected):
            return  # its effects, also those left by a fault, are dropped
        for effect in returned:
            self._carry_out(effect)
            for observer in self._observers:
                observer.done(effect)
        if not self._session.transcribes:
            self._analysis.end()

    def _carry_out(self, effect: effects.Effect) -> None:
        match effect:
            case effects.Send(message, details, request_id):
                self._sender.send(message, details=details, request_id=request_id)
            case effects.Decode(config):
                self._intake.decode(config)
                self._analysis.hear(self._stream.rings)
            case effects.Listen():
                self._intake.begin()
            case Enrol():
                self._set_ahead(False)  # the client waits for the enrolment
                self._enrolment = self._jobs.start(self._enrol(effect))
            case Restore():
                self._post(self._enroller.restore(effect))
            case effects.Share(key, end, request_id):
                shared = self._broadcast.share(key, ends=end)
                self._sender.send(shared, details=False, request_id=request_id)
            case effects.Release(index):
                self._intake.release(index)
            case effects.Close(code):
                self.outbox.put(code)
                self._intake.wake()
                self.over.set()
            case effects.Settled():
                pass  # counted by the session metrics
            case _:
                self._analyse(effect)

    def _analyse(self, effect: effects.Analysing) -> None:
        if isinstance(effect, effects.Begin):
            self._pace.begin()
            self._lateness = Lateness()
            self._set_ahead(False)
            self._intake.watch_format()
        self._analysis.carry_out(effect)

    def _job_failed(self, error: BaseException) -> None:
        """Close at once: without the result of the job, no answer can be awaited."""
        self._log.error("session failed", **describe(error))
        self._give_up()

    def _give_up(self) -> None:
        """Send the error and close at once. The session handles nothing more."""
        if not self.over.is_set():
            self._handle(events.Disconnected())
            self._sender.send(SERVER_FAULT, details=False)
            self._carry_out(effects.Close(CloseCode.INTERNAL_ERROR))

    async def _enrol(self, effect: Enrol) -> None:
        await self._post(await self._enroller.enrol(effect))
