"""Every metric of the server, with its name, unit and labels; docs/operations.md explains them.

No label is free text or names a client. A label's value is a member of an enum, the number of a
worker, or an option of the recogniser. Live values are read from sessions and workers
at each scrape. They are not stored.
"""

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum
from itertools import product
from typing import Protocol

import psutil
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hwaja.process.log_writer import WRITER
from hwaja.protocol.codes import ErrorCode, Reason, Rejection
from hwaja.protocol.server_messages import Error, ModelLoaded, RegistrationCompleted, ServerMessage
from hwaja.session.effects import Outcome
from hwaja.session.states import State
from hwaja.workers.generations import Generations
from hwaja.workers.overload import DegradationLevel, Overload

LATENCY_BUCKETS_SECONDS = (
    *(0.1, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5),
    *(2.0, 3.0, 5.0, 10.0, 20.0, 30.0),
)
"""Dense around the hang-over (0.5 s) and the time that an idle server needs after it
(bench/RESULTS.md), up to the length of the ring."""

DETECTOR_BUCKETS_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""A frame lasts 0.032 s. With slower calls, the detector falls behind even a single stream."""

BATCH_BUCKETS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20)
"""Streams per call, around the default limit of 10 connections."""

LOOP_BUCKETS_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

ACCEPTED = "accepted"
"""The verdict on an accepted enrolment. Any other verdict is a `Reason`."""


class ModelChange(StrEnum):
    """How a change of the recogniser ended."""

    CHANGED = "changed"
    FAILED = "failed"


class FileOutcome(StrEnum):
    """How the upload of a file ended."""

    TRANSCRIBED = "transcribed"
    REFUSED = "refused"
    """The client got an error."""
    GONE = "gone"
    """The client was gone before the end."""


INTERIM_WORKER, LANGUAGE_WORKER = "drafts", "language"
"""Label of the worker for interim texts. The labels of other workers are numbers."""

_MISPLACED = frozenset({Reason.WRONG_STATE, Reason.UNKNOWN_SPEAKER, Reason.BAD_FIELD})
"""Reasons for a failed registration without a verdict on a voice."""


class LiveSession(Protocol):
    """The values of a session that are read at each scrape."""

    @property
    def state(self) -> State:
        """The state of the session."""

    @property
    def lag_seconds(self) -> float:
        """How long the oldest finished utterance has waited for its answer; 0 if all are answered.

        Delays that the session itself causes do not count.
        """

    @property
    def is_ahead(self) -> bool:
        """Whether the session's audio is ahead of real time."""

    @property
    def is_expensive(self) -> bool:
        """Whether the session uses far more than its share of the workers."""


Processes = Mapping[int, asyncio.subprocess.Process]
"""The last process of each worker, by number."""


class Metrics:
    """The metrics of one server. Each instance has its own registry."""

    def __init__(self) -> None:
        # The `_created` series double every counter, and nothing here uses them.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._live = _Live()
        self._registry.register(self._live)
        ProcessCollector(registry=self._registry)
        self._sessions_opened = self._counter("sessions_opened", "Sessions that began.")
        self._sessions_resumed = self._counter(
            "sessions_resumed", "Times that a client resumed its session."
        )
        self._rejections = self._counter(
            "rejections", "Clients refused before they had a session.", reason=Rejection
        )
        self._errors = Counter(
            "hwaja_errors_sent", "Errors sent.", ["code", "reason"], registry=self._registry
        )
        self._enrolments = Counter(
            "hwaja_enrolments", "Enrolments by verdict.", ["verdict"], registry=self._registry
        )
        self._audio = self._counter("audio_received_seconds", "Audio received.")
        self._utterances = self._counter(
            "utterances", "Utterances, or parts of one, by outcome.", outcome=Outcome
        )
        self._model_changes = self._counter(
            "model_changes", "Changes of the recogniser by outcome.", outcome=ModelChange
        )
        self._files = self._counter("files", "Uploads of files by outcome.", outcome=FileOutcome)
        self._latency = self._histogram(
            "answer_latency_seconds",
            "Time from the arrival of the end of speech until the answer is sent.",
            LATENCY_BUCKETS_SECONDS,
        )
        self._batches = self._histogram(
            "detector_batch_streams", "Audio streams in one call of the detector.", BATCH_BUCKETS
        )
        self._detector = self._histogram(
            "detector_call_seconds",
            "Processor time of one call of the detector.",
            DETECTOR_BUCKETS_SECONDS,
        )
        self._loop_lag = self._histogram(
            "event_loop_lag_seconds", "Delay of a timer of the event loop.", LOOP_BUCKETS_SECONDS
        )

    # values read at each scrape

    def watch_sessions(self, sessions: Callable[[], Collection[LiveSession]], slots: int) -> None:
        """Read the sessions from this function at each scrape. `slots` is their greatest number."""
        self._live.sessions = sessions
        self._live.slots = slots

    def watch_openings(self, openings: Callable[[], int]) -> None:
        """Read the number of connections without a session from this function at each scrape."""
        self._live.openings = openings

    def watch_read_ahead(self, used_bytes: Callable[[], int]) -> None:
        """Read the memory of received, unprocessed audio from this function at each scrape."""
        self._live.read_ahead_bytes = used_bytes

    def watch_overload(self, overload: Overload) -> None:
        """Read the degradation under overload from this object at each scrape."""
        self._live.overload = overload

    def watch_workers(self, generations: Generations) -> None:
        """Read the figures of these workers at each scrape."""
        self._live.generations = generations
        self._live.more_processes[INTERIM_WORKER] = lambda: generations.interim_processes

    def watch_model(self, model: Callable[[], Mapping[str, str]]) -> None:
        """Read the running recogniser from this function at each scrape, as labels.

        The labels are options of the operator.
        """
        self._live.model = model

    def watch_language_worker(self, processes: Callable[[], Processes]) -> None:
        """Read the process of the language worker from this function; empty before its start."""
        self._live.more_processes[LANGUAGE_WORKER] = processes

    def watch_certificate(self, expires: Callable[[], datetime | None]) -> None:
        """Read the expiry of the certificate in use at each scrape. None: it is unknown."""
        self._live.expires = expires

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)

    # events

    def rejected(self, reason: Rejection) -> None:
        """Count a client that was rejected before it had a session."""
        self._rejections.labels(reason).inc()

    def audio_received(self, seconds: float) -> None:
        """Count audio from a client, ignored audio included."""
        self._audio.inc(seconds)

    def message_sent(self, message: ServerMessage) -> None:
        """Count the session, verdict or error that a message to a client reports."""
        match message:
            case ModelLoaded(resumed=place):
                (self._sessions_opened if place is None else self._sessions_resumed).inc()
            case RegistrationCompleted():
                self._enrolments.labels(ACCEPTED).inc()
            case Error(code, reason):
                self._errors.labels(code, reason).inc()
                of_a_voice = code is ErrorCode.SPEAKER_REGISTRATION_FAILED
                if of_a_voice and reason not in _MISPLACED:
                    self._enrolments.labels(reason).inc()

    def model_changed(self, *, succeeded: bool) -> None:
        """Count a change of the recogniser, or one that failed and changed nothing."""
        outcome = ModelChange.CHANGED if succeeded else ModelChange.FAILED
        self._model_changes.labels(outcome).inc()

    def file_ended(self, outcome: FileOutcome) -> None:
        """Count the upload of a file, refused ones included."""
        self._files.labels(outcome).inc()

    def utterance_settled(self, outcome: Outcome) -> None:
        """Count an utterance, or a part of one, whose messages were all sent."""
        self._utterances.labels(outcome).inc()

    def utterance_answered(self, latency_seconds: float) -> None:
        """Observe the time from the end of an utterance's speech to its answer, in seconds."""
        self._latency.observe(latency_seconds)

    def detector_called(self, streams: int, seconds: float) -> None:
        """Observe one call of the detector: its streams, and its processor time in seconds."""
        self._batches.observe(streams)
        self._detector.observe(seconds)

    def loop_lagged(self, seconds: float) -> None:
        """Observe how late the event loop woke, in seconds."""
        self._loop_lag.observe(seconds)

    # construction

    def _counter(self, name: str, text: str, **labels: type[StrEnum]) -> Counter:
        """Return a counter that exports every value of its labels from the start, as 0."""
        counter = Counter(f"hwaja_{name}", text, list(labels), registry=self._registry)
        for values in product(*labels.values()) if labels else ():
            counter.labels(*values)
        return counter

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(f"hwaja_{name}", text, buckets=buckets, registry=self._registry)


class _Live(Collector):
    """Reads the live values of sessions and workers at each scrape."""

    def __init__(self) -> None:
        self.sessions: Callable[[], Collection[LiveSession]] = tuple
        self.slots = 0
        self.openings: Callable[[], int] = int
        self.overload = Overload()
        self.read_ahead_bytes: Callable[[], int] = int
        self.generations: Generations | None = None
        self.more_processes: dict[str, Callable[[], Processes]] = {}  # by label
        self.model: Callable[[], Mapping[str, str]] = dict
        self.expires: Callable[[], datetime | None] = lambda: None

    def collect(self) -> Iterator[Metric]:
        yield from self._of_sessions()
        text = "Log lines that were dropped."
        yield CounterMetricFamily("hwaja_log_lines_dropped", text, WRITER.dropped_lines)
        if (expires := self.expires()) is not None:
            name, text = "hwaja_certificate_expires_timestamp_seconds", "Expiry of the certificate."
            yield GaugeMetricFamily(name, text, expires.timestamp())
        if labels := self.model():
            info = GaugeMetricFamily("hwaja_model_info", "The recogniser.", labels=list(labels))
            info.add_metric(list(labels.values()), 1)
            yield info
        if self.generations is not None:
            yield from _of_workers(self.generations)
            yield from _of_processes(self._processes(self.generations))

    def _processes(self, generations: Generations) -> dict[str, asyncio.subprocess.Process]:
        named = {str(number): process for number, process in generations.processes.items()}
        for label, watched in self.more_processes.items():
            for process in watched().values():  # at most one, which starts when it is needed
                named[label] = process
        return named

    def _of_sessions(self) -> Iterator[Metric]:
        sessions = self.sessions()
        in_state = Tally(session.state for session in sessions)
        states = GaugeMetricFamily("hwaja_sessions", "Sessions by state.", labels=["state"])
        for state in State:
            states.add_metric([state.name.lower()], in_state[state])
        yield states
        yield GaugeMetricFamily("hwaja_slots", "Maximum number of sessions.", self.slots)
        free = max(0, self.slots - len(sessions))
        yield GaugeMetricFamily("hwaja_slots_free", "Number of sessions that can begin now.", free)
        text = "Connections without a session."
        yield GaugeMetricFamily("hwaja_openings", text, self.openings())
        lag_seconds = max((session.lag_seconds for session in sessions), default=0.0)
        ahead = sum(session.is_ahead for session in sessions)
        yield GaugeMetricFamily("hwaja_sessions_ahead", "Sessions ahead of real time.", ahead)
        expensive = sum(session.is_expensive for session in sessions)
        text = "Sessions that use far more than their share of the workers."
        yield GaugeMetricFamily("hwaja_sessions_dear", text, expensive)
        text = "Memory of received audio that is not processed yet."
        yield GaugeMetricFamily("hwaja_read_ahead_bytes", text, self.read_ahead_bytes())
        text = "Wait of the oldest finished utterance for its answer."
        yield GaugeMetricFamily("hwaja_lag_seconds", text, lag_seconds)
        text = "Whether the server omits this work because answers are late."
        left_out = GaugeMetricFamily("hwaja_left_out", text, labels=["what"])
        for level in (each for each in DegradationLevel if each is not DegradationLevel.NOTHING):
            left_out.add_metric([level.name.lower()], self.overload.skips(level))
        yield left_out


def _of_workers(workers: Generations) -> Iterator[Metric]:
    text = "Workers that have loaded their models."
    yield GaugeMetricFamily("hwaja_workers_running", text, workers.running_workers)
    yield GaugeMetricFamily("hwaja_workers_idle", "Workers without a job.", workers.idle_workers)
    text = "Workers of an earlier model that complete their work."
    yield GaugeMetricFamily("hwaja_workers_earlier", text, workers.earlier_workers)
    text = "Audio that waits for a worker. Each utterance counts for text and for voice."
    yield GaugeMetricFamily("hwaja_queue_audio_seconds", text, workers.queue_seconds)
    text = "Workers that died and were restarted."
    yield CounterMetricFamily("hwaja_worker_restarts", text, workers.restarts)


def _of_processes(processes: Mapping[str, asyncio.subprocess.Process]) -> Iterable[Metric]:
    """Read the memory and processor time of each running worker."""
    text = "Resident memory of a worker process."
    memory = GaugeMetricFamily("hwaja_worker_resident_memory_bytes", text, labels=["worker"])
    text = "Processor time of a worker process."
    cpu = CounterMetricFamily("hwaja_worker_cpu_seconds", text, labels=["worker"])
    for name, process in processes.items():
        if process.returncode is not None:
            continue
        with suppress(psutil.Error):  # it has just ended
            running = psutil.Process(process.pid)
            resident_bytes, times = running.memory_info().rss, running.cpu_times()
            memory.add_metric([name], resident_bytes)
            cpu.add_metric([name], times.user + times.system)
    return memory, cpu
