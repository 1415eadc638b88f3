"""Counters, their labels, and the live values of sessions and workers."""

import pytest
from fakes import FakePool, FakeSession, one_generation
from scrapes import read

from hwaja.observability.metrics import Metrics
from hwaja.protocol.codes import ErrorCode, Reason, Rejection
from hwaja.protocol.server_messages import Error, ModelLoaded, RegistrationCompleted
from hwaja.session.effects import Outcome
from hwaja.session.state_machine import State


def test_every_counter_exists_from_the_start_so_that_its_rate_is_known() -> None:
    scrape = read(Metrics())
    for name, label, values in (
        ("hwaja_utterances_total", "outcome", Outcome),
        ("hwaja_rejections_total", "reason", Rejection),
    ):
        for value in values:
            assert scrape.value(name, **{label: value}) == 0
    for state in State:
        assert scrape.value("hwaja_sessions", state=state.name.lower()) == 0
    assert scrape["hwaja_audio_received_seconds_total"] == 0


def test_two_servers_in_one_process_count_separately() -> None:
    mine, yours = Metrics(), Metrics()
    mine.rejected(Rejection.SERVER_FULL)
    mine.audio_received(2.5)
    assert read(mine)["hwaja_audio_received_seconds_total"] == 2.5
    assert read(yours)["hwaja_audio_received_seconds_total"] == 0
    assert read(mine).by("hwaja_rejections_total", "reason") == {"server_full": 1}
    assert read(yours).by("hwaja_rejections_total", "reason") == {}


def test_only_a_judged_enrolment_counts_as_a_verdict() -> None:
    metrics = Metrics()
    code = ErrorCode.SPEAKER_REGISTRATION_FAILED
    for message in (
        ModelLoaded(),
        RegistrationCompleted(0),
        RegistrationCompleted(1),
        Error(code, Reason.SAME_VOICE, 1),
        Error(code, Reason.NO_AUDIO, 1),
        Error(code, Reason.WRONG_STATE, 1),
        Error(code, Reason.UNKNOWN_SPEAKER, 7),
        Error(code, Reason.BAD_FIELD),
        Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.ENGINE_FAILED),
    ):
        metrics.message_sent(message)
    scrape = read(metrics)
    verdicts = scrape.by("hwaja_enrolments_total", "verdict")
    assert verdicts == {"accepted": 2, "same_voice": 1, "no_audio": 1}
    assert scrape["hwaja_sessions_opened_total"] == 1
    errors = [each for each in scrape.samples if each.name == "hwaja_errors_sent_total"]
    assert len(errors) == 6
    assert all(each.value == 1 for each in errors)


@pytest.mark.parametrize(
    ("seconds", "bucket"), [(0.05, "0.1"), (0.85, "0.9"), (29.0, "30.0"), (31.0, "+Inf")]
)
def test_the_buckets_of_the_latency_reach_from_a_tenth_of_a_second_to_thirty_seconds(
    seconds: float, bucket: str
) -> None:
    metrics = Metrics()
    metrics.utterance_answered(seconds)
    buckets = read(metrics).by("hwaja_answer_latency_seconds_bucket", "le")
    assert next(iter(buckets)) == bucket


def test_sessions_and_slots_are_read_at_each_scrape() -> None:
    metrics = Metrics()
    sessions = [FakeSession(State.READY), FakeSession(State.TRANSCRIBING, 1.5)]
    metrics.watch_sessions(lambda: sessions, slots=3)
    sessions.append(FakeSession(State.TRANSCRIBING, 4.0, is_ahead=True, is_expensive=True))
    scrape = read(metrics)
    assert scrape["hwaja_sessions_dear"] == 1
    assert scrape["hwaja_sessions_ahead"] == 1
    assert scrape.by("hwaja_sessions", "state") == {"ready": 1, "transcribing": 2}
    assert (scrape["hwaja_slots"], scrape["hwaja_slots_free"]) == (3, 0)
    assert scrape["hwaja_lag_seconds"] == 4.0
    sessions.clear()
    scrape = read(metrics)
    assert scrape.by("hwaja_sessions", "state") == {}
    assert scrape["hwaja_slots_free"] == 3
    assert scrape["hwaja_lag_seconds"] == 0


def test_workers_are_read_at_each_scrape() -> None:
    metrics, pool = Metrics(), FakePool()
    metrics.watch_workers(one_generation(pool))
    pool.running_workers, pool.idle_workers, pool.queue_seconds, pool.restarts = 4, 1, 12.5, 3
    scrape = read(metrics)
    assert (scrape["hwaja_workers_running"], scrape["hwaja_workers_idle"]) == (4, 1)
    assert scrape["hwaja_queue_audio_seconds"] == 12.5
    assert scrape["hwaja_worker_restarts_total"] == 3
