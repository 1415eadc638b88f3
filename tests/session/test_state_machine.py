"""The session: the specification's dialogue, early work, order, and arbitrary events."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from talk import (
    EPOCH,
    TRANSCRIPTION,
    Talk,
    answer,
    attributed,
    closes,
    connected,
    draining,
    enrolled,
    errors,
    in_state,
    recognised,
    sent,
    transcribing,
)

from hwaja.protocol.audio import PLAIN, SAMPLE_RATE
from hwaja.protocol.client_messages import (
    ClientMessage,
    CompleteRegistration,
    InvalidMessageError,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.server_messages import Error
from hwaja.session.answers import iso_timestamp
from hwaja.session.effects import (
    Close,
    Decode,
    Effect,
    Extend,
    Finish,
    Listen,
    ProbeSpeaker,
    Release,
    Send,
    Speculate,
)
from hwaja.session.events import (
    Audio,
    Connected,
    Disconnected,
    Event,
    MalformedAudio,
    PartialText,
    Refused,
    Shutdown,
    SpeakerProbed,
)
from hwaja.session.settings import SessionSettings
from hwaja.session.state_machine import State
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.vad.gate import FRAME_SAMPLES, frames_in

# The dialogue of the specification


def test_the_dialogue_of_the_specification_is_reproduced_word_for_word() -> None:
    """A client of the specification gets exactly its messages, in its order."""
    talk = Talk()
    effects = talk.handle(Connected())
    for speaker_id in (0, 1):
        effects += talk.enrol(speaker_id)
    effects += talk.say(StartTranscription())
    effects += talk.hear(2.016, speech=False)
    job = talk.utterance(level=-25.52)
    effects += answer(talk, job, "안녕하세요 반갑습니다", 1)
    assert [list(fields.items()) for fields in sent(effects)] == [
        [
            ("type", "model_loaded"),
            ("message", "STT AI 모델 로드 완료! 화자 등록을 시작하세요."),
        ],
        [
            ("type", "speaker_registration_started"),
            ("speaker_id", 0),
            ("message", "화자 1번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"),
        ],
        [
            ("type", "speaker_registration_completed"),
            ("speaker_id", 0),
            ("message", "화자 1번 등록이 완료되었습니다."),
        ],
        [
            ("type", "speaker_registration_started"),
            ("speaker_id", 1),
            ("message", "화자 2번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)"),
        ],
        [
            ("type", "speaker_registration_completed"),
            ("speaker_id", 1),
            ("message", "화자 2번 등록이 완료되었습니다."),
        ],
        [("type", "transcription_started"), ("message", "실시간 전사를 시작합니다.")],
        [
            ("type", "transcription"),
            ("speaker_id", 1),
            ("text", "안녕하세요 반갑습니다"),
            ("timestamp", "2025-08-21T05:30:08.032Z"),  # 2 * 3.008 s enrolment, 2.016 s silence
            ("confidence", -25.5),
        ],
    ]
    assert closes(effects) == []


def test_enrolment_embeds_the_spans_of_speech_of_the_named_speaker() -> None:
    talk = connected()
    talk.hear(1, speech=True)  # before the enrolment
    talk.say(StartRegistration(1))
    start = talk.now
    talk.hear(2, speech=True)
    talk.hear(1, speech=False)
    talk.hear(1, speech=True)
    (enrol,) = talk.say(CompleteRegistration(1))
    assert isinstance(enrol, Enrol)
    assert enrol.speaker_id == 1
    assert enrol.segments[0].start == start
    assert enrol.segments[-1].stop == talk.now
    assert len(enrol.segments) == 2
    assert all(a.start < a.stop <= b.start < b.stop for a, b in pairwise(enrol.segments))


def test_each_phase_resets_the_detector_and_releases_earlier_audio() -> None:
    talk = connected()
    talk.now = 700  # half frames of ignored audio
    effects = talk.say(StartRegistration(0))
    assert [effect for effect in effects if not isinstance(effect, Send)] == [
        Decode(PLAIN),
        Listen(),
        Release(700),
    ]
    assert talk.session.processed_stop == 700
    assert isinstance(effects[-1], Send)


def test_only_enrolment_and_transcription_take_audio() -> None:
    listening = {state for state in State if in_state(state).session.listening}
    assert listening == {State.ENROLLING, State.TRANSCRIBING, State.PAUSED}  # paused: to count it


def test_the_recogniser_gets_the_samples_of_the_utterance() -> None:
    talk = transcribing()
    origin = talk.now
    talk.hear(1.024, speech=False)
    job = talk.utterance(1.024)
    before, after = 3200, 1024  # 0.2 s, and until the speech has decayed
    assert (job.segment.start, job.segment.stop) == (
        origin + 16384 - before,
        origin + 2 * 16384 + after,
    )
    assert (job.segment_id, job.segment.speech_samples) == (0, 16384)


def test_details_are_sent_only_if_requested() -> None:
    talk = transcribing(details=True)
    origin = talk.now
    job = talk.utterance()
    (fields,) = sent(answer(talk, job, "네", 0))
    assert list(fields)[5:] == [
        "segment_id",
        "start_seconds",
        "end_seconds",
        "label",
        "probability",
        "scores",
        "overlap_seconds",
        "margin",
        "speakers",
    ]
    assert fields["segment_id"] == 0
    assert fields["start_seconds"] == 0.0
    assert fields["end_seconds"] == round((job.segment.stop - origin) / SAMPLE_RATE, 3)
    assert fields["scores"] == [0.7, 0.3]
    assert fields["margin"] == 0.4
    assert (fields["label"], fields["probability"]) == ("sure", 1.0)
    assert fields["overlap_seconds"] == 0.0
    assert fields["speakers"] == [{"speaker_id": 0, "speech_seconds": 0.99}]


def test_details_asked_for_at_enrolment_explain_its_errors() -> None:
    talk = connected()
    talk.say(StartRegistration(0, details=True))
    (fields,) = sent(talk.say(CompleteRegistration(0)))
    assert fields["reason"] == "no_audio"
    talk = connected()
    talk.say(StartRegistration(0))
    (fields,) = sent(talk.say(CompleteRegistration(0)))
    assert fields == {
        "type": "error",
        "code": "SPEAKER_REGISTRATION_FAILED",
        "speaker_id": 0,
        "message": "화자 등록에 실패했습니다. 다시 시도해주세요.",
    }


def test_a_timestamp_is_utc_with_milliseconds() -> None:
    assert iso_timestamp(1_755_754_215.123) == "2025-08-21T05:30:15.123Z"
    assert iso_timestamp(1_755_754_215.0) == "2025-08-21T05:30:15.000Z"


def test_a_timestamp_counts_samples_and_not_the_arrival_of_messages() -> None:
    """Delayed audio that arrives in a burst keeps the times of its speech."""
    talk = transcribing()
    start = EPOCH + talk.seconds
    talk.hear(1.024, speech=False)
    speech, pause = frames_in(1.024), frames_in(0.6)
    talk.now += (speech + pause) * FRAME_SAMPLES
    probabilities = (0.9,) * speech + (0.0,) * pause
    levels = (-30.0,) * (speech + pause)
    talk.silent_seconds += 100
    arrival = talk.arrival(waited_seconds=100)
    late = talk.handle(Audio(talk.now, probabilities, levels, arrival))
    (job,) = [effect for effect in late if isinstance(effect, Finish)]
    (fields,) = sent(answer(talk, job, "네", 0))
    assert fields["timestamp"] == iso_timestamp(start + 1.024)


# Work begun early


def test_a_pause_speculates_on_the_utterance_that_it_then_ends() -> None:
    """`Speculate` comes once, with the same samples as the later `Finish`."""
    talk = transcribing()
    talk.hear(1.0, speech=True)
    effects = talk.hear(0.256, speech=False) + talk.hear(0.128, speech=False)
    (early,) = [effect for effect in effects if isinstance(effect, Speculate)]
    (job,) = [e for e in talk.hear(0.256, speech=False) if isinstance(e, Finish)]
    assert (early.segment_id, early.segment) == (job.segment_id, job.segment)


def test_a_speaker_who_continues_causes_new_speculation_at_the_next_pause() -> None:
    talk = transcribing()
    effects = [
        effect
        for speech in (True, False, True, False)
        for effect in talk.hear(0.256, speech=speech)
        if isinstance(effect, Speculate)
    ]
    assert len(effects) == 2
    assert effects[0].segment.start == effects[1].segment.start
    assert effects[0].segment.stop < effects[1].segment.stop


def test_nothing_is_speculated_during_an_enrolment() -> None:
    talk = connected()
    talk.say(StartRegistration(0))
    effects = talk.hear(1.0, speech=True) + talk.hear(0.256, speech=False)
    assert not any(isinstance(effect, Speculate) for effect in effects)


# Order and failure


@pytest.mark.parametrize("late", ["text", "speaker", "both"])
def test_utterances_are_sent_in_the_order_of_speech(late: str) -> None:
    talk = transcribing()
    first, second, third = talk.utterance(), talk.utterance(), talk.utterance()
    effects: list[Effect] = []
    if late == "text":
        effects += talk.handle(attributed(first.segment_id, 0))
    elif late == "speaker":
        effects += talk.handle(recognised(first.segment_id, "하나"))
    effects += answer(talk, third, "셋", 0)
    effects += answer(talk, second, "둘", 1)
    assert sent(effects) == []
    if late != "speaker":
        effects += talk.handle(recognised(first.segment_id, "하나"))
    if late != "text":
        effects += talk.handle(attributed(first.segment_id, 0))
    assert [(f["speaker_id"], f["text"]) for f in sent(effects)] == [
        (0, "하나"),
        (1, "둘"),
        (0, "셋"),
    ]


@given(st.permutations([(k, part) for k in range(4) for part in ("text", "speaker")]))
def test_every_order_of_results_gives_the_same_conversation(
    arrivals: list[tuple[int, str]],
) -> None:
    talk = transcribing()
    jobs = [talk.utterance() for _ in range(4)]
    effects: list[Effect] = []
    for k, part in arrivals:
        segment_id = jobs[k].segment_id
        event: Event = (
            recognised(segment_id, f"{k}") if part == "text" else attributed(segment_id, k % 2)
        )
        effects += talk.handle(event)
    assert [(f["speaker_id"], f["text"]) for f in sent(effects)] == [
        (0, "0"),
        (1, "1"),
        (0, "2"),
        (1, "3"),
    ]


@pytest.mark.parametrize(("text", "speaker_id"), [(None, 0), ("네", None), (None, None)])
def test_a_failed_utterance_is_one_error_and_the_next_is_sent(
    text: str | None, speaker_id: int | None
) -> None:
    talk = transcribing()
    first, second = talk.utterance(), talk.utterance()
    failed = answer(talk, first, text, speaker_id)
    assert errors(failed) == [Error(TRANSCRIPTION, Reason.ENGINE_FAILED)]
    assert sent(answer(talk, second, "네", 1))[0]["text"] == "네"
    assert closes(failed) == []


@pytest.mark.parametrize("speaker_id", [0, None])
def test_an_utterance_without_words_is_not_sent(speaker_id: int | None) -> None:
    """A missing speaker is no error for an utterance without words."""
    talk = transcribing()
    assert sent(answer(talk, talk.utterance(), "", speaker_id)) == []
    talk.say(StopTranscription())
    assert talk.session.state is State.READY


def test_a_repeated_result_is_sent_once() -> None:
    talk = transcribing()
    job = talk.utterance()
    assert len(sent(answer(talk, job, "네", 0))) == 1
    assert sent(answer(talk, job, "네", 0)) == []


# Arbitrary events

speaker_ids = st.integers(0, 1)
client_messages = (
    st.builds(StartRegistration, speaker_ids, st.booleans())
    | st.builds(CompleteRegistration, speaker_ids)
    | st.builds(StartTranscription, st.booleans(), st.booleans())
    | st.just(StopTranscription())
)
small_ids = st.integers(0, 5)
errors_of_parse = st.builds(
    InvalidMessageError,
    st.sampled_from(ErrorCode),
    st.sampled_from(Reason),
    st.none() | st.integers(),
)
steps = st.one_of(
    client_messages,
    st.tuples(st.sampled_from([0.1, 0.6, 1.0, 3.0, 16.0]), st.booleans()),  # seconds, speech
    st.builds(Refused, errors_of_parse),
    st.builds(MalformedAudio, st.sampled_from(Reason)),
    st.builds(Enrolled, st.none() | st.none() | st.sampled_from(Reason)),
    st.builds(recognised, small_ids, st.none() | st.text(max_size=4)),
    st.builds(PartialText, small_ids, st.text(max_size=4)),
    st.builds(attributed, small_ids, st.none() | speaker_ids),
    st.builds(SpeakerProbed, small_ids, st.none() | st.integers(0, 60 * SAMPLE_RATE)),
    st.sampled_from([Connected(), Shutdown(), Disconnected()]),
)
beginnings = st.sampled_from([Talk, connected, enrolled, transcribing, draining])
FORGIVING = SessionSettings(max_strikes=1000)


@given(beginnings, st.lists(steps, max_size=40))
def test_no_sequence_of_events_raises_or_violates_an_invariant(
    beginning: Callable[[SessionSettings], Talk],
    script: list[ClientMessage | Event | tuple[float, bool]],
) -> None:
    """No effects follow a close. No effect needs released audio. Every message serializes."""
    talk = beginning(FORGIVING)
    forgotten = 0
    closed = False
    for step in script:
        if isinstance(step, tuple):
            effects = talk.hear(step[0], speech=step[1])
        elif isinstance(step, ClientMessage):
            effects = talk.say(step)
        else:
            effects = talk.handle(step)
        assert not (closed and effects)
        sent(effects)
        for effect in effects:
            if isinstance(effect, Finish):
                assert forgotten <= effect.segment.start < effect.segment.stop <= talk.now
            elif isinstance(effect, Extend | ProbeSpeaker):
                assert forgotten <= effect.start < effect.stop <= talk.now
            elif isinstance(effect, Enrol):
                assert forgotten <= effect.start <= talk.now
                assert all(effect.start <= s.start < s.stop <= talk.now for s in effect.segments)
            elif isinstance(effect, Release):
                assert forgotten <= effect.index <= talk.now
                forgotten = effect.index
            elif isinstance(effect, Close):
                closed = True
                assert effect is effects[-1]
