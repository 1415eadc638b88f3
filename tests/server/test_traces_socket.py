"""Traces over the wire: of a real session, to a collector of OpenTelemetry."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import clips
import pytest
from loopback import serving
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from hwaja.observability.session_traces import exporting
from hwaja.server.services import Services

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


@dataclass
class Collector:
    """Takes traces by OTLP over HTTP."""

    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def spans(self) -> list[str]:
        """Names of all spans."""
        return [
            span.name
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.port = server.server_port
        Thread(target=server.serve_forever, daemon=True).start()
        yield collector
        server.shutdown()


async def test_a_collector_gets_the_spans_of_a_session_and_nothing_that_was_said(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    with collecting() as collector:
        url = f"http://127.0.0.1:{collector.port}/v1/traces"
        with exporting(url, "node-1") as begin:
            traced = replace(services, observers=(begin,))
            async with serving(traced, certificate) as endpoint, endpoint.welcomed() as peer:
                for speaker_id, voice in enumerate(clips.voices()):
                    await peer.enrol(speaker_id, voice)
                await peer.say("start_transcription")
                messages = await peer.transcribe(clips.conversation())
    said = [message["text"] for message in messages if message["type"] == "transcription"]
    assert collector.spans.count("utterance") == len(said) > 0
    assert collector.spans.count("enrolment") == 2
    assert collector.spans.count("session") == 1
    exported = b"".join(collector.bodies)
    assert b"node-1" in exported
    assert not any(word.encode() in exported for text in said for word in text.split() if word[3:])


async def test_a_collector_that_is_away_holds_up_no_session(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    with collecting() as gone:
        url = f"http://127.0.0.1:{gone.port}/v1/traces"
    with exporting(url, "") as begin:
        traced = replace(services, observers=(begin,))
        async with serving(traced, certificate) as endpoint, endpoint.welcomed() as peer:
            await peer.enrol(0, clips.voices()[0])
