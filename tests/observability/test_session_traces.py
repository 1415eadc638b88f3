"""The spans of one session."""

import socket
import time
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from talk import Talk, answer, attributed, recognised, voice_of

from hwaja.observability.session_traces import CLOSE_SECONDS, SessionTrace, exporting
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    StartRegistration,
    StartTranscription,
)
from hwaja.protocol.codes import Reason
from hwaja.session.effects import Effect, Recognise
from hwaja.session.events import Attributed, Connected, Disconnected, Event
from hwaja.speakers.enrolment import Enrolled


class Traced(Talk):
    """A session that is traced."""

    def __init__(self) -> None:
        super().__init__()
        self._ended = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._ended))
        self._trace = SessionTrace(provider.get_tracer("test"), "3f2a9c10")
        self.handle(Connected())

    def handle(self, event: Event) -> list[Effect]:
        self._trace.happened(event)
        effects = super().handle(event)
        for effect in effects:
            self._trace.done(effect)
        return effects

    def named(self, name: str) -> Sequence[ReadableSpan]:
        """Return the ended spans of a name, in the order in which they ended."""
        return [span for span in self._ended.get_finished_spans() if span.name == name]


@pytest.fixture
def talk() -> Traced:
    talk = Traced()
    talk.enrol(0)
    talk.enrol(1)
    talk.say(StartTranscription())
    return talk


def outcomes(span: ReadableSpan) -> list[object]:
    """Return how the parts of an utterance were answered."""
    return [event.attributes["hwaja.outcome"] for event in span.events if event.attributes]


def test_an_utterance_is_a_span_with_its_stages_in_the_trace_of_its_session(talk: Traced) -> None:
    answer(talk, talk.utterance(1.5), "네", 0)
    talk.handle(Disconnected())
    (session,), (utterance,) = talk.named("session"), talk.named("utterance")
    assert utterance.parent == session.context
    assert utterance.attributes is not None
    assert utterance.attributes["hwaja.segment_id"] == 0
    assert utterance.attributes["hwaja.audio_seconds"] == pytest.approx(1.5, abs=0.8)
    assert outcomes(utterance) == ["answered"]
    for name in ("recognise", "attribute"):
        (stage,) = talk.named(name)
        assert stage.parent == utterance.context


def test_an_utterance_is_not_over_before_it_is_answered(talk: Traced) -> None:
    first, second = talk.utterance(), talk.utterance()
    answer(talk, second, "나중", 1)
    assert talk.named("utterance") == []
    answer(talk, first, "먼저", 0)
    assert [outcomes(span) for span in talk.named("utterance")] == [["answered"], ["answered"]]


def test_a_divided_utterance_is_one_span_with_an_answer_for_each_part(talk: Traced) -> None:
    job = talk.utterance(4)
    middle = job.segment.start + 2 * SAMPLE_RATE
    voices = voice_of(0, job.segment.start, middle), voice_of(1, middle, job.segment.stop)
    effects = talk.handle(recognised(job.segment_id, "어디 가세요 집에 갑니다"))
    effects += talk.handle(Attributed(job.segment_id, voices))
    again = [effect for effect in effects if isinstance(effect, Recognise)]
    for part in again:
        talk.handle(recognised(part.segment_id, "네"))
    (utterance,) = talk.named("utterance")
    assert outcomes(utterance) == ["answered", "answered"]
    parents = [span.parent for span in talk.named("recognise again")]
    assert parents == [utterance.context] * len(again)
    assert len(again) == 2


def test_what_failed_is_an_error_without_a_description(talk: Traced) -> None:
    job = talk.utterance()
    talk.handle(recognised(job.segment_id, None))
    talk.handle(attributed(job.segment_id, 0))
    spans = [*talk.named("recognise"), *talk.named("utterance")]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR] * 2
    assert [span.status.description for span in spans] == [None] * 2


def test_the_span_of_an_enrolment_has_its_verdict() -> None:
    talk = Traced()
    talk.enrol(0)
    talk.say(StartRegistration(1))
    talk.hear(3, speech=True)
    talk.say(CompleteRegistration(1))
    talk.handle(Enrolled(Reason.SAME_VOICE))
    assert [span.attributes for span in talk.named("enrolment")] == [
        {"hwaja.speaker_id": 0, "hwaja.verdict": "accepted"},
        {"hwaja.speaker_id": 1, "hwaja.verdict": "same_voice"},
    ]


def test_spans_of_unanswered_words_end_with_the_session(talk: Traced) -> None:
    talk.utterance()
    talk.handle(Disconnected())
    talk.handle(Disconnected())
    (utterance,) = talk.named("utterance")
    assert outcomes(utterance) == []
    assert len(talk.named("session")) == 1


def test_a_server_that_stops_does_not_wait_long_for_a_collector_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        with exporting(url, "") as begin:
            for _ in range(2000):  # more than one export takes
                begin("3f2a9c10").happened(Disconnected())
            began = time.monotonic()
        assert time.monotonic() - began < CLOSE_SECONDS + 1
