"""The metrics of one session, on a clock that a test moves."""

import pytest
from scrapes import Scrape, read
from talk import Talk, answer, attributed, recognised, voice_of

from hwaja.engines.recognition import Hypothesis
from hwaja.observability import session_metrics as session_metrics
from hwaja.observability.metrics import Metrics
from hwaja.observability.session_metrics import SessionMetrics
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription, StopTranscription
from hwaja.protocol.values import Token
from hwaja.session.effects import Effect, Finish
from hwaja.session.events import Attributed, Connected, Event, Recognised, SpeakerProbed
from hwaja.session.pace import MARGIN_SECONDS, Pace
from hwaja.vad.gate import FRAME_SAMPLES, frames_in

RING_SAMPLES = 30 * SAMPLE_RATE
FRAME_SECONDS = FRAME_SAMPLES / SAMPLE_RATE
HANGOVER_SECONDS = frames_in(0.5) * FRAME_SECONDS


class Observed(Talk):
    """A transcription whose events and effects go to its metrics."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics = Metrics()
        self.pace = Pace()
        self.session_metrics = SessionMetrics(self.metrics, self.session, RING_SAMPLES, self.pace)
        self.handle(Connected())
        self.enrol(0)
        self.enrol(1)
        self.say(StartTranscription())

    def handle(self, event: Event) -> list[Effect]:
        self.session_metrics.happened(event)
        effects = super().handle(event)
        for effect in effects:
            self.session_metrics.done(effect)
        return effects

    def frames(self, count: int, *, speech: bool) -> list[Effect]:
        """Send single frames, as a microphone does. Return the effects."""
        heard = [self.hear(FRAME_SECONDS, speech=speech) for _ in range(count)]
        return [effect for effects in heard for effect in effects]

    def spoken(self, seconds: float = 1.0) -> Finish:
        """Speak an utterance that ends with the last sent frame. Return its `Finish`."""
        effects = self.frames(frames_in(seconds), speech=True)
        effects += self.frames(frames_in(0.5), speech=False)
        (job,) = [effect for effect in effects if isinstance(effect, Finish)]
        return job

    def scrape(self) -> Scrape:
        return read(self.metrics)


class Clock:
    """The clock of the metrics: `after_seconds` after the arrival of the last audio."""

    def __init__(self, talk: Observed) -> None:
        self._talk = talk
        self.after_seconds = 0.0

    def monotonic(self) -> float:
        return self._talk.seconds + self.after_seconds


@pytest.fixture
def talk() -> Observed:
    return Observed()


@pytest.fixture
def clock(talk: Observed, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(talk)
    monkeypatch.setattr(session_metrics, "time", clock)
    return clock


def latency_seconds(scrape: Scrape) -> float:
    return scrape["hwaja_answer_latency_seconds_sum"]


def outcomes(scrape: Scrape) -> dict[str, float]:
    return scrape.by("hwaja_utterances_total", "outcome")


def test_latency_counts_from_the_last_frame_of_speech_to_the_answer(
    talk: Observed, clock: Clock
) -> None:
    job = talk.spoken()
    clock.after_seconds = 0.3
    talk.handle(recognised(job.segment_id, "네"))
    clock.after_seconds = 0.4
    talk.handle(attributed(job.segment_id, 0))
    scrape = talk.scrape()
    assert latency_seconds(scrape) == pytest.approx(HANGOVER_SECONDS + 0.4, abs=1e-6)
    assert scrape["hwaja_answer_latency_seconds_count"] == 1
    assert outcomes(scrape) == {"answered": 1}


def test_latency_of_an_utterance_that_the_client_ends_counts_from_its_last_speech(
    talk: Observed, clock: Clock
) -> None:
    talk.frames(frames_in(1), speech=True)
    talk.frames(2, speech=False)
    (job,) = [e for e in talk.say(StopTranscription()) if isinstance(e, Finish)]
    clock.after_seconds = 0.25
    answer(talk, job, "네", 0)
    expected = 2 * FRAME_SECONDS + 0.25
    assert latency_seconds(talk.scrape()) == pytest.approx(expected, abs=1e-6)


def test_an_utterance_within_a_longer_message_counts_from_the_arrival_of_the_message(
    talk: Observed, clock: Clock
) -> None:
    """The client sends 1.6 s in one message: none of it arrived earlier."""
    job = talk.utterance()
    clock.after_seconds = 0.2
    answer(talk, job, "네", 0)
    assert latency_seconds(talk.scrape()) == pytest.approx(
        frames_in(0.6) * FRAME_SECONDS + 0.2, abs=1e-6
    )


def test_an_answer_that_waits_for_an_earlier_one_counts_until_it_is_sent(
    talk: Observed, clock: Clock
) -> None:
    first, second = talk.spoken(), talk.spoken()
    clock.after_seconds = 1.0
    answer(talk, second, "나중", 1)
    assert outcomes(talk.scrape()) == {}
    clock.after_seconds = 3.0
    answer(talk, first, "먼저", 0)
    scrape = talk.scrape()
    assert outcomes(scrape) == {"answered": 2}
    second_seconds = 1.0 + HANGOVER_SECONDS
    expected = 2 * (HANGOVER_SECONDS + 3.0) + frames_in(1.0) * FRAME_SECONDS + HANGOVER_SECONDS
    assert latency_seconds(scrape) == pytest.approx(expected, abs=1e-6)
    assert expected > 2 * second_seconds


def test_lag_is_the_time_that_the_oldest_finished_utterance_has_waited(
    talk: Observed, clock: Clock
) -> None:
    assert talk.session_metrics.lag_seconds == 0
    first = talk.spoken()
    first_at = clock.monotonic()
    second = talk.spoken()
    second_at = clock.monotonic()
    clock.after_seconds = 7.0
    ages = [clock.monotonic() - at for at in (first_at, second_at)]
    assert talk.session_metrics.lag_seconds == pytest.approx(ages[0], abs=1e-6)
    answer(talk, first, "먼저", 0)
    assert talk.session_metrics.lag_seconds == pytest.approx(ages[1], abs=1e-6)
    answer(talk, second, "", 1)
    assert talk.session_metrics.lag_seconds == 0


def test_an_utterance_ended_by_a_cut_has_not_waited_yet(talk: Observed, clock: Clock) -> None:
    talk.frames(frames_in(6), speech=True)
    turn = SpeakerProbed(0, talk.now - 3 * SAMPLE_RATE)
    (job,) = [effect for effect in talk.handle(turn) if isinstance(effect, Finish)]
    assert job.segment.stop <= talk.now - 2 * SAMPLE_RATE
    assert talk.session_metrics.lag_seconds == 0
    clock.after_seconds = 1.5
    assert talk.session_metrics.lag_seconds == pytest.approx(1.5, abs=1e-6)


def test_audio_that_arrives_early_counts_as_late_only_after_the_time_of_its_speech(
    talk: Observed, clock: Clock
) -> None:
    for _ in range(2):
        talk.pace.came(4.0, clock.monotonic(), caught_up=False)
    assert not talk.pace.is_ahead
    talk.spoken()
    early_seconds = talk.pace.early_seconds(clock.monotonic())
    assert 0 < early_seconds <= 4
    clock.after_seconds = early_seconds
    assert talk.session_metrics.lag_seconds == 0
    clock.after_seconds = early_seconds + 3
    assert talk.session_metrics.lag_seconds == pytest.approx(3, abs=1e-6)


def test_a_session_ahead_of_real_time_has_neither_lag_nor_latency(
    talk: Observed, clock: Clock
) -> None:
    talk.pace.came(MARGIN_SECONDS + 1, clock.monotonic(), caught_up=True)
    job = talk.spoken()
    clock.after_seconds = 600
    assert talk.session_metrics.lag_seconds == 0
    answer(talk, job, "네", 0)
    scrape = talk.scrape()
    assert outcomes(scrape) == {"answered": 1}
    assert scrape["hwaja_answer_latency_seconds_count"] == 0


def test_the_metrics_know_whether_every_utterance_is_answered(talk: Observed) -> None:
    assert talk.session.oldest_unanswered is None
    job = talk.spoken()
    assert talk.session.oldest_unanswered == job.segment
    answer(talk, job, "네", 0)
    assert talk.session.oldest_unanswered is None


def test_empty_and_failed_utterances_are_counted_without_latency(
    talk: Observed, clock: Clock
) -> None:
    answer(talk, talk.spoken(), "", 0)
    answer(talk, talk.spoken(), None, 0)
    answer(talk, talk.spoken(), "네", None)
    scrape = talk.scrape()
    assert outcomes(scrape) == {"empty": 1, "failed": 2}
    assert scrape["hwaja_answer_latency_seconds_count"] == 0
    assert (
        scrape.value("hwaja_errors_sent_total", code="TRANSCRIPTION_FAILED", reason="engine_failed")
        == 2
    )
    assert talk.session_metrics.lag_seconds == 0


def test_an_utterance_of_two_speakers_has_two_answers_and_one_latency(
    talk: Observed, clock: Clock
) -> None:
    job = talk.spoken(4)
    change = job.segment.start + round(2.2 * SAMPLE_RATE)
    voices = (voice_of(0, job.segment.start, change), voice_of(1, change, job.segment.stop))
    words = ((" 어디", 0.3), (" 가세요", 0.7), (" 집에", 2.3), (" 갑니다", 2.8))
    heard = Hypothesis("어디 가세요 집에 갑니다", tuple(Token(*word) for word in words))
    talk.handle(Recognised(job.segment_id, heard))
    clock.after_seconds = 0.5
    talk.handle(Attributed(job.segment_id, voices))
    scrape = talk.scrape()
    assert outcomes(scrape) == {"answered": 2}
    assert scrape["hwaja_answer_latency_seconds_count"] == 1
    assert latency_seconds(scrape) == pytest.approx(HANGOVER_SECONDS + 0.5, abs=1e-6)
    assert talk.session_metrics.lag_seconds == 0


def test_one_hour_of_silence_keeps_no_more_arrivals_than_the_ring_holds(talk: Observed) -> None:
    for _ in range(3600):
        talk.hear(1.0, speech=False)
    assert len(talk.session_metrics._arrivals) <= 31
