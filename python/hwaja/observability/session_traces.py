"""Traces for OpenTelemetry: a trace per session, with a span per enrolment and per utterance.

A span carries numbers, members of an enum and the session's number in the log. It never carries
audio, text, voices, names, addresses or the message of an exception.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, StatusCode, Tracer, set_span_in_context

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.effects import Effect, Finish, Outcome, Recognise, Settled
from hwaja.session.events import Attributed, Disconnected, Event, Recognised, Reconnected
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.vad.gate import Segment

EXPORT_SECONDS = 2
"""How long an export may take, with all its retries, unless the collector answers bit by bit."""

CLOSE_SECONDS = 3
"""How long a server that stops waits for the last exports, of which there may be several."""


@contextmanager
def exporting(endpoint: str, node: str) -> Iterator[Callable[[str], "SessionTrace"]]:
    """Return what begins the trace of a session, which takes the session's number in the log.

    Traces go to a collector while this is open. What the collector does not take is dropped, and
    never holds up a session.

    Args:
        endpoint: address that takes OTLP over HTTP, such as `http://localhost:4318/v1/traces`.
        node: name of this server among several; empty: it has none.

    """
    attributes = {SERVICE_NAME: "hwaja"} | ({SERVICE_INSTANCE_ID: node} if node else {})
    provider = TracerProvider(resource=Resource.create(attributes), shutdown_on_exit=False)
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=EXPORT_SECONDS))
    )
    tracer = provider.get_tracer("hwaja")
    try:
        yield lambda session_id: SessionTrace(tracer, session_id)
    finally:
        closing = Thread(target=provider.shutdown, daemon=True)  # it can take 30 s
        closing.start()
        closing.join(CLOSE_SECONDS)


class SessionTrace:
    """Follows one session by its events and effects."""

    def __init__(self, tracer: Tracer, session_id: str) -> None:
        self._tracer = tracer
        self._session = tracer.start_span("session", attributes={"hwaja.session": session_id})
        self._enrolment: Span | None = None
        self._utterances: dict[Segment, Span] = {}  # that are not answered
        self._stages: dict[tuple[type[Event], int], Span] = {}  # by what ends them, and segment id

    def happened(self, event: Event) -> None:
        """Follow an event of the session."""
        match event:
            case Recognised(segment_id, result) | Attributed(segment_id, result):
                stage = self._stages.pop((type(event), segment_id), None)
                if stage is not None:
                    if result is None:
                        stage.set_status(StatusCode.ERROR)
                    stage.end()
            case Enrolled(failure) if self._enrolment is not None:
                verdict = "accepted" if failure is None else failure.value
                self._enrolment.set_attribute("hwaja.verdict", verdict)
                self._enrolment.end()
                self._enrolment = None
            case Reconnected():
                self._session.add_event("resumed")
            case Disconnected():
                self._end_all()

    def done(self, effect: Effect) -> None:
        """Follow an effect of the session after it was carried out."""
        match effect:
            case Finish(segment_id, segment):
                span = self._utterances[segment] = self._child("utterance", self._session)
                span.set_attribute("hwaja.segment_id", segment_id)
                seconds = (segment.stop - segment.start) / SAMPLE_RATE
                span.set_attribute("hwaja.audio_seconds", seconds)
                self._stages[Recognised, segment_id] = self._child("recognise", span)
                self._stages[Attributed, segment_id] = self._child("attribute", span)
            case Recognise(segment_id, part) if (whole := self._whole_of(part)) is not None:
                again = self._child("recognise again", self._utterances[whole])
                self._stages[Recognised, segment_id] = again
            case Settled(part, outcome, ends_utterance):
                self._settle(part, outcome, ends_utterance)
            case Enrol(speaker_id):
                self._enrolment = self._child("enrolment", self._session)
                self._enrolment.set_attribute("hwaja.speaker_id", speaker_id)

    def _end_all(self) -> None:
        """End every span: what was not answered never will be."""
        enrolment = () if self._enrolment is None else (self._enrolment,)
        for span in (*self._stages.values(), *self._utterances.values(), *enrolment, self._session):
            if span.is_recording():
                span.end()

    def _settle(self, part: Segment, outcome: Outcome, ends_utterance: bool) -> None:
        whole = self._whole_of(part)
        if whole is None:
            return
        span = self._utterances[whole]
        span.add_event("answer", {"hwaja.outcome": outcome.value})
        if outcome is Outcome.FAILED:
            span.set_status(StatusCode.ERROR)
        if ends_utterance:
            span.end()
            del self._utterances[whole]

    def _whole_of(self, part: Segment) -> Segment | None:
        """Return the utterance of a part. None: it is not followed."""
        return next(
            (
                whole
                for whole in self._utterances
                if whole.channel == part.channel and whole.start <= part.start < whole.stop
            ),
            None,
        )

    def _child(self, name: str, parent: Span) -> Span:
        return self._tracer.start_span(name, context=set_span_in_context(parent))
