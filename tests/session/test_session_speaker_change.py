"""The session: another voice begins in an open utterance."""

from collections.abc import Sequence

import pytest
from talk import answer, said, transcribing

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StopTranscription
from hwaja.session.channel import PROBE_STEP_SECONDS, PROBED_SECONDS
from hwaja.session.effects import Effect, Extend, Finish, ProbeSpeaker
from hwaja.session.events import SpeakerProbed
from hwaja.vad.gate import FRAME_SAMPLES, GateSettings, frames_in


def watches(effects: Sequence[Effect]) -> list[ProbeSpeaker]:
    return [effect for effect in effects if isinstance(effect, ProbeSpeaker)]


def jobs(effects: Sequence[Effect]) -> list[Finish]:
    return [effect for effect in effects if isinstance(effect, Finish)]


def test_the_end_of_a_long_utterance_is_probed_at_every_step_of_speech() -> None:
    talk = transcribing()
    began = talk.now
    watched = []
    for _ in range(200):
        asked = watches(talk.hear(0.032, speech=True))
        watched += asked
        for watch in asked:
            assert talk.handle(SpeakerProbed(watch.segment_id, None)) == []
    assert len(watched) == 1 + int((200 * 0.032 - PROBED_SECONDS) / PROBE_STEP_SECONDS)
    assert {watch.segment_id for watch in watched} == {0}
    for watch in watched:
        watched_seconds = (watch.stop - watch.start) / SAMPLE_RATE
        assert watched_seconds == pytest.approx(PROBED_SECONDS, abs=FRAME_SAMPLES / SAMPLE_RATE)
    assert 0 <= watched[0].start - began < FRAME_SAMPLES
    assert watches(talk.hear(2.0, speech=False)) == []


def test_the_next_probe_waits_for_the_answer_to_the_last_and_skips_no_audio() -> None:
    talk = transcribing()
    (first,) = watches(talk.hear(3.1, speech=True))
    assert watches(talk.hear(5.0, speech=True)) == []
    (second,) = watches(talk.handle(SpeakerProbed(first.segment_id, None)))
    assert second.stop == talk.now
    overlap_seconds = (first.stop - second.start) / SAMPLE_RATE
    assert overlap_seconds == pytest.approx(PROBED_SECONDS - PROBE_STEP_SECONDS)


def test_the_next_utterance_is_probed_even_if_the_last_probe_was_never_answered() -> None:
    talk = transcribing()
    assert len(watches(talk.hear(3.1, speech=True))) == 1
    talk.hear(0.6, speech=False)
    assert len(watches(talk.hear(3.1, speech=True))) == 1


def test_a_short_utterance_is_not_probed() -> None:
    talk = transcribing()
    assert watches(talk.hear(PROBED_SECONDS - 0.1, speech=True)) == []


def test_a_turn_is_answered_while_the_next_one_continues() -> None:
    talk = transcribing()
    began = talk.now
    talk.hear(4.0, speech=True)
    change = began + 3 * SAMPLE_RATE
    (first,) = jobs(talk.handle(SpeakerProbed(0, change)))
    assert (first.segment_id, first.segment.start) == (0, began)
    reach_samples = frames_in(GateSettings().cut_reach_seconds) * FRAME_SAMPLES
    assert abs(first.segment.stop - change) < reach_samples + FRAME_SAMPLES
    assert said(answer(talk, first, "저기요", 0)) == [(0, "저기요")]
    talk.hear(1.0, speech=True)
    (second,) = jobs(talk.hear(0.6, speech=False))
    assert (second.segment_id, second.segment.start) == (1, first.segment.stop)
    assert said(answer(talk, second, "네", 1)) == [(1, "네")]


def test_the_rest_after_a_turn_is_extended_and_probed_under_the_next_id() -> None:
    talk = transcribing()
    talk.hear(4.0, speech=True)
    (first,) = jobs(talk.handle(SpeakerProbed(0, talk.now - SAMPLE_RATE)))
    effects = talk.hear(0.5, speech=True)
    (follow,) = [effect for effect in effects if isinstance(effect, Extend)]
    assert (follow.segment_id, follow.start) == (1, first.segment.stop)
    assert watches(effects) == []
    (watch,) = watches(talk.hear(PROBED_SECONDS, speech=True))
    assert watch.segment_id == 1
    assert watch.start >= first.segment.stop


@pytest.mark.parametrize(
    "stale", [SpeakerProbed(0, 1 << 40), SpeakerProbed(1, 0), SpeakerProbed(-1, 0)]
)
def test_a_turn_in_a_segment_that_is_not_open_changes_nothing(stale: SpeakerProbed) -> None:
    talk = transcribing()
    talk.hear(4.0, speech=True)
    assert jobs(talk.handle(stale)) == []
    (job,) = jobs(talk.hear(0.6, speech=False))
    assert talk.handle(SpeakerProbed(job.segment_id, job.segment.start + SAMPLE_RATE)) == []


def test_a_turn_found_after_a_stop_divides_nothing() -> None:
    talk = transcribing()
    talk.hear(4.0, speech=True)
    (job,) = jobs(talk.say(StopTranscription()))
    assert talk.handle(SpeakerProbed(job.segment_id, job.segment.start + SAMPLE_RATE)) == []
    assert said(answer(talk, job, "네", 0)) == [(0, "네")]
