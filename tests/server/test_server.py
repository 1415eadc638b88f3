"""The server over loopback TLS with the real engine, as a client sees it."""

import asyncio
import json
import re
from contextlib import suppress
from datetime import UTC, datetime

import clips
import pytest
from loopback import Endpoint, Message
from websockets.exceptions import ConnectionClosed

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

MODEL_LOADED = {
    "type": "model_loaded",
    "message": "STT AI 모델 로드 완료! 화자 등록을 시작하세요.",
}
ENROLMENT = [
    {
        "type": "speaker_registration_started",
        "speaker_id": 0,
        "message": "화자 1번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)",
    },
    {
        "type": "speaker_registration_completed",
        "speaker_id": 0,
        "message": "화자 1번 등록이 완료되었습니다.",
    },
    {
        "type": "speaker_registration_started",
        "speaker_id": 1,
        "message": "화자 2번의 목소리를 등록해주세요. (3-5초간 말씀해주세요)",
    },
    {
        "type": "speaker_registration_completed",
        "speaker_id": 1,
        "message": "화자 2번 등록이 완료되었습니다.",
    },
]
TRANSCRIPTION_STARTED = {
    "type": "transcription_started",
    "message": "실시간 전사를 시작합니다.",
}
TRANSCRIPTION_FAILED = {
    "type": "error",
    "code": "TRANSCRIPTION_FAILED",
    "message": "음성 인식에 실패했습니다.",
}


def registration_failed(speaker_id: int | None) -> Message:
    named = {} if speaker_id is None else {"speaker_id": speaker_id}
    text = "화자 등록에 실패했습니다. 다시 시도해주세요."
    return {"type": "error", "code": "SPEAKER_REGISTRATION_FAILED", **named, "message": text}


def invalid(code: str, reason: str, text: str) -> Message:
    return {"type": "error", "code": code, "message": text, "reason": reason}


def without_time(messages: list[Message]) -> list[Message]:
    return [{k: v for k, v in message.items() if k != "timestamp"} for message in messages]


async def test_the_dialogue_of_the_specification_is_reproduced_word_for_word(
    endpoint: Endpoint,
) -> None:
    """Messages, their order, the order of their keys: all as in the specification's sequence."""
    began = datetime.now(UTC)
    async with endpoint.connect() as peer:
        answers = [await peer.receive(), *await peer.enrol_both()]
        await peer.say("start_transcription")
        answers.append(await peer.receive())
        await peer.play(clips.conversation())
        utterances = [await peer.receive() for _ in range(4)]
    expected = [MODEL_LOADED, *ENROLMENT, TRANSCRIPTION_STARTED]
    assert [list(answer.items()) for answer in answers] == [list(e.items()) for e in expected]
    for utterance in utterances:
        assert list(utterance) == ["type", "speaker_id", "text", "timestamp", "confidence"]
        assert utterance["type"] == "transcription"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", utterance["timestamp"])
        assert type(utterance["confidence"]) is float
        assert -60 < utterance["confidence"] < 0
    # The audio came at once, so its first second reaches back to before the test.
    spoken = [datetime.fromisoformat(utterance["timestamp"]) for utterance in utterances]
    assert abs((spoken[0] - began).total_seconds()) < 10
    assert 5 < (spoken[3] - spoken[0]).total_seconds() < 9
    assert [type(u["speaker_id"]) for u in utterances] == [int] * 4


async def test_each_sentence_has_its_words_and_its_speaker(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await peer.begin()
        heard = await peer.transcribe(clips.conversation())
    assert [message["speaker_id"] for message in heard] == [0, 0, 0, 1]
    words = [message["text"].lower() for message in heard]
    assert "try again" in words[0]
    assert "fail again" in words[1]
    assert "better" in words[2]
    assert "winter of despair" in words[3]


async def test_any_split_of_the_audio_gives_the_same_texts(endpoint: Endpoint) -> None:
    """Chunks as recommended, tiny, odd, and longer than the server takes in one piece."""

    async def split(chunk_samples: int) -> list[Message]:
        async with endpoint.welcomed() as peer:
            await peer.begin(details=True)
            return without_time(await peer.transcribe(clips.conversation(), chunk_samples))

    expected = await split(4096)
    assert len(expected) == 4
    for chunk_samples in (160, 1001, 77_777):
        assert await split(chunk_samples) == expected


async def test_silence_and_hiss_give_no_text(endpoint: Endpoint) -> None:
    hiss = bytes((7 * k * k + k) % 11 * (k % 2 == 0) for k in range(160_000))
    async with endpoint.welcomed() as peer:
        await peer.begin()
        assert await peer.transcribe(clips.silence(5) + hiss) == []


async def test_a_second_transcription_follows_the_first_in_one_session(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await peer.begin()
        first = await peer.transcribe(clips.conversation())
        await peer.say("start_transcription")
        assert await peer.receive() == TRANSCRIPTION_STARTED
        second = await peer.transcribe(clips.conversation())
    assert without_time(second) == without_time(first) != []


async def test_audio_before_and_between_the_phases_is_ignored(endpoint: Endpoint) -> None:
    """A microphone keeps sending, for longer than a session can hold."""
    async with endpoint.welcomed() as peer:
        await peer.play(clips.clip("two_cities"))
        assert await peer.enrol(0, clips.voices()[0]) == ENROLMENT[:2]
        await peer.play(clips.part("two_cities", 5, 9))
        assert await peer.enrol(1, clips.voices()[1]) == ENROLMENT[2:]
        await peer.play(clips.part("two_cities", 5, 9))
        await peer.say("start_transcription")
        assert await peer.receive() == TRANSCRIPTION_STARTED
        heard = await peer.transcribe(clips.conversation())
    assert [message["speaker_id"] for message in heard] == [0, 0, 0, 1]


MISUSE: dict[str, tuple[str | bytes, Message]] = {
    "no JSON": (
        "안녕하세요",
        invalid("INVALID_MESSAGE", "not_json", "JSON 객체 형식의 메시지가 아닙니다."),
    ),
    "no object": (
        '["start_transcription"]',
        invalid("INVALID_MESSAGE", "not_json", "JSON 객체 형식의 메시지가 아닙니다."),
    ),
    "an unknown type": (
        '{"type": "start"}',
        invalid("INVALID_MESSAGE", "unknown_type", "알 수 없는 메시지 유형입니다."),
    ),
    "a long text": (
        '{"type": "' + "x" * 20_000,
        invalid("INVALID_MESSAGE", "message_too_long", "메시지가 너무 깁니다."),
    ),
    "an odd byte count": (
        bytes(4097),
        invalid("INVALID_AUDIO", "odd_byte_count", "PCM16 오디오의 바이트 수는 짝수여야 합니다."),
    ),
    "a WAV header": (
        b"RIFF\x24\x08\0\0WAVEfmt " + bytes(28),
        invalid(
            "INVALID_AUDIO",
            "riff_header",
            "WAV 파일 헤더를 빼고 16kHz PCM16 데이터만 보내주세요.",
        ),
    ),
    "a speaker 2": (
        '{"type": "start_speaker_registration", "speaker_id": 2}',
        registration_failed(2),
    ),
    "a speaker that is no number": (
        '{"type": "start_speaker_registration", "speaker_id": "0"}',
        registration_failed(None),
    ),
    "no speaker": ('{"type": "complete_speaker_registration"}', registration_failed(None)),
    "a completion of nothing": (
        '{"type": "complete_speaker_registration", "speaker_id": 1}',
        registration_failed(1),
    ),
    "a transcription without voices": ('{"type": "start_transcription"}', TRANSCRIPTION_FAILED),
    "a stop of nothing": ('{"type": "stop_transcription"}', TRANSCRIPTION_FAILED),
}


@pytest.mark.parametrize("case", MISUSE)
async def test_misuse_gets_its_documented_error_and_the_session_continues(
    case: str, endpoint: Endpoint
) -> None:
    content, error = MISUSE[case]
    async with endpoint.welcomed() as peer:
        await peer.websocket.send(content)
        assert await peer.receive() == error
        assert await peer.enrol(0, clips.voices()[0]) == ENROLMENT[:2]


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("no JSON", 1002),
        ("an unknown type", 1002),
        ("an odd byte count", 1003),
        ("a WAV header", 1003),
    ],
)
async def test_five_invalid_messages_close_the_connection(
    case: str, code: int, endpoint: Endpoint
) -> None:
    content, error = MISUSE[case]
    async with endpoint.welcomed() as peer:
        for _ in range(5):
            await peer.websocket.send(content)
        assert await peer.receive_until_closed() == ([error] * 5, code)


@pytest.mark.parametrize(("pcm", "why"), [(b"", "none"), (clips.silence(4), "only silence")])
async def test_an_enrolment_needs_speech(pcm: bytes, why: str, endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        assert await peer.enrol(1, pcm) == [ENROLMENT[2], registration_failed(1)], why
        assert await peer.enrol(1, clips.voices()[1]) == ENROLMENT[2:]


async def test_a_client_that_asked_for_details_gets_the_reason(endpoint: Endpoint) -> None:
    async with endpoint.welcomed() as peer:
        await peer.say("start_speaker_registration", speaker_id=0, details=True)
        await peer.play(clips.part("beckett", 0, 1.2))
        await peer.say("complete_speaker_registration", speaker_id=0)
        failure = (await peer.receive_until("error"))[-1]
    assert (failure["code"], failure["reason"]) == (
        "SPEAKER_REGISTRATION_FAILED",
        "too_little_speech",
    )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "start_speaker_registration", "speaker_id": 2}, "unknown_speaker"),
        ({"type": "start_speaker_registration", "speaker_id": "0"}, "bad_field"),
        ({"type": "start_transcription", "language": 7}, "bad_field"),
        ({"type": "start_transcription"}, "wrong_state"),
    ],
    ids=["a speaker 2", "a speaker that is no number", "a language that is none", "too early"],
)
async def test_a_refused_message_that_asks_for_details_is_answered_with_them(
    message: Message, reason: str, endpoint: Endpoint
) -> None:
    """A developer of a client gets the reason with the first error."""
    async with endpoint.welcomed() as peer:
        await peer.say("start_speaker_registration", speaker_id=0)
        await peer.receive()
        await peer.websocket.send(json.dumps(message))
        assert "reason" not in await peer.receive()
        await peer.websocket.send(json.dumps(message | {"details": True}))
        assert (await peer.receive())["reason"] == reason


async def test_a_message_longer_than_any_audio_ends_only_its_own_connection(
    endpoint: Endpoint,
) -> None:
    async with endpoint.welcomed() as other, endpoint.welcomed() as peer:
        with suppress(ConnectionClosed):  # the answer may come while it is still being sent
            await peer.websocket.send(bytes((1 << 20) + 2))
        assert await peer.receive_until_closed() == ([], 1009)
        assert await other.enrol(0, clips.voices()[0]) == ENROLMENT[:2]


async def transcribe(endpoint: Endpoint, talk: bytes, *, swapped: bool = False) -> list[Message]:
    """One whole session; returns its utterances without the time at which they were spoken."""
    async with endpoint.welcomed() as peer:
        for speaker_id, voice in enumerate(clips.voices()[:: -1 if swapped else 1]):
            await peer.enrol(speaker_id, voice)
        await peer.say("start_transcription", details=True)
        await peer.receive()
        return without_time(await peer.transcribe(talk))


async def test_errors_of_one_client_change_nothing_for_another(endpoint: Endpoint) -> None:
    over = asyncio.Event()

    async def misuse(case: str) -> None:
        content, error = MISUSE[case]
        while not over.is_set():
            async with endpoint.welcomed() as peer:
                for _ in range(5):
                    await peer.websocket.send(content)
                assert (await peer.receive_until_closed())[0] == [error] * 5

    async def leave_in_mid_speech() -> None:
        async with endpoint.welcomed() as peer:
            await peer.begin()
            await peer.play(clips.part("two_cities", 5, 15))
            peer.websocket.transport.abort()

    alone = await transcribe(endpoint, clips.conversation())
    async with asyncio.TaskGroup() as others:
        for case in ("no JSON", "an odd byte count", "a WAV header"):
            others.create_task(misuse(case))
        others.create_task(leave_in_mid_speech())
        disturbed = await transcribe(endpoint, clips.conversation())
        over.set()
    assert disturbed == alone != []


async def test_ten_sessions_at_once_give_the_results_of_single_ones(endpoint: Endpoint) -> None:
    """The specification's limit; speakers and words of no session reach another."""
    pause = clips.silence(1)
    talks = [clips.part("beckett", 4.4, 7) + pause, clips.part("two_cities", 17, 21) + pause]
    kinds = [(talk, swapped) for talk in talks for swapped in (False, True)]
    alone = [await transcribe(endpoint, talk, swapped=swapped) for talk, swapped in kinds]
    assert len({str(answer) for answer in alone}) == len(kinds)
    sessions = [kinds[k % len(kinds)] for k in range(10)]
    together = await asyncio.gather(
        *(transcribe(endpoint, talk, swapped=swapped) for talk, swapped in sessions)
    )
    assert together == [alone[k % len(kinds)] for k in range(10)]
