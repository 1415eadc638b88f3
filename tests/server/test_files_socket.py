"""Sound files that come by HTTP, over a socket: transcripts, forms and the order of parts."""

import asyncio

import clips
import pytest
from fakes import FakePool
from loopback import Endpoint, Serve
from uploads import PATH, lines_of, post, post_form, refusal, uploading, wav

from hwaja.server.files import file_service
from hwaja.server.sessions import intake
from hwaja.workers.efforts import PATIENT

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

TALK = wav(clips.conversation())
SILENCE = wav(clips.silence(0.5))
FIRST, SECOND = map(wav, clips.voices())


async def test_a_file_is_answered_with_speakers_texts_and_times(endpoint: Endpoint) -> None:
    response = await post_form(
        endpoint, ("name", "Sam"), ("voice", FIRST), ("voice", SECOND), ("file", TALK)
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    found = response.json()
    assert found["type"] == "transcript"
    assert found["audio_seconds"] == pytest.approx(len(clips.conversation()) / 32_000, abs=0.04)
    assert [each["speaker_id"] for each in found["speakers"]] == [0, 1]
    assert found["speakers"][0]["name"] == "Sam"
    assert "name" not in found["speakers"][1]
    first, last = found["utterances"][0], found["utterances"][-1]
    assert "again" in first["text"].lower()
    assert first["speaker_name"] == "Sam"
    assert "winter of despair" in last["text"].lower() or last["speaker_id"] == 1
    assert "words" not in first
    assert 0 < first["start_seconds"] < first["end_seconds"] < last["end_seconds"]


async def test_without_voices_the_speakers_are_discovered(endpoint: Endpoint) -> None:
    """A plain body is the file itself, as `curl --data-binary` sends it."""
    response = await post(endpoint, TALK)
    found = response.json()
    assert response.status_code == 200
    assert {each["speaker_id"] for each in found["utterances"]} == {0, 1}
    assert {"segment_id", "label"} <= found["utterances"][0].keys()


@pytest.mark.parametrize(
    ("query", "accept", "begin"),
    [
        ("?format=srt", "*/*", "1\n00:00:0"),
        ("?format=vtt", "*/*", "WEBVTT\n\n00:00:0"),
        ("?format=txt", "application/json", "[00:00:00] "),
        ("", "text/html, text/vtt;q=0.9", "WEBVTT\n\n"),
        ("", "application/x-subrip", "1\n00:00:0"),
        ("", "image/png", '{"type": "transcript"'),
    ],
)
async def test_the_query_or_the_accept_header_chooses_the_format(
    serve: Serve, query: str, accept: str, begin: str
) -> None:
    async with serve() as endpoint:
        response = await post(endpoint, TALK, query, accept=accept)
    assert response.text.startswith(begin)
    assert "charset=utf-8" in response.headers["content-type"]


async def test_a_stream_reports_progress_and_texts_before_the_transcript(serve: Serve) -> None:
    async with serve() as endpoint:
        response = await post(endpoint, TALK, "?format=ndjson")
    lines = lines_of(response)
    assert response.headers["content-type"] == "application/x-ndjson"
    kinds = [each["type"] for each in lines]
    assert kinds[-1] == "transcript"
    assert {"progress", "transcription"} <= set(kinds)
    told = [each["text"] for each in lines if each["type"] == "transcription"]
    assert [each["text"] for each in lines[-1]["utterances"]] == told


async def test_details_bring_all_fields(serve: Serve) -> None:
    async with serve() as endpoint:
        found = (await post(endpoint, TALK, "?details=true")).json()
    assert {"probability", "scores", "overlap_seconds"} <= found["utterances"][0].keys()


async def test_a_voice_ticket_enrols_a_speaker(serve: Serve) -> None:
    """A ticket comes from a session on a WebSocket."""
    async with serve() as endpoint:
        async with endpoint.welcomed() as peer:
            await peer.say("start_speaker_registration", speaker_id=0, ticket=True)
            await peer.play(clips.voices()[0])
            await peer.say("complete_speaker_registration", speaker_id=0)
            (*_, done) = await peer.receive_until("speaker_registration_completed")
        parts = (("ticket", f"{done['ticket']}\n"), ("voice", SECOND), ("file", TALK))
        response = await post_form(endpoint, *parts)
        broken = await post_form(endpoint, ("ticket", "AAAA"), ("file", TALK))
    assert [each["speaker_id"] for each in response.json()["speakers"]] == [0, 1]
    assert refusal(broken) == (422, "ticket_tampered")
    assert broken.json()["speaker_id"] == 0


async def test_voices_may_stand_behind_a_short_file(serve: Serve) -> None:
    async with serve() as endpoint:
        response = await post_form(endpoint, ("file", TALK), ("name", "Sam"), ("format", "txt"))
    assert "Sam" in response.text


async def test_a_part_behind_a_long_file_is_refused(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is not held in memory as a whole."""
    monkeypatch.setattr(file_service, "HELD_BYTES", 1000)
    async with serve() as endpoint:
        whole = await post_form(endpoint, ("name", "Sam"), ("file", TALK))
        late = await post_form(endpoint, ("file", TALK), ("name", "Sam"))
        between = await post_form(endpoint, ("name", "Sam"), ("file", SILENCE), ("format", "srt"))
    assert whole.json()["utterances"]
    assert refusal(late) == refusal(between) == (400, "late_part")


async def test_the_work_of_a_file_waits_for_others_and_is_thorough(
    serve: Serve, engine: FakePool
) -> None:
    """No work begins early, and the server's load does not make it worse."""
    engine.use = 1.0
    engine.idle_workers = 1
    engine.working.clear()
    async with serve() as endpoint:
        uploaded = asyncio.create_task(post_form(endpoint, ("voice", FIRST), ("file", TALK)))
        while not engine.ahead:  # noqa: ASYNC110  # the file has a session then
            await asyncio.sleep(0.01)
        engine.working.set()
        assert (await uploaded).status_code == 200
    assert set(engine.efforts) == {PATIENT}
    assert not engine.ahead


async def test_an_upload_that_pauses_changes_no_time(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Audio of a client that speaks has stopped if none comes; that of a slow upload has not."""
    monkeypatch.setattr(intake, "STOPPED_SECONDS", 0.01)
    middle = len(TALK) // 3

    async def halting():  # type: ignore[no-untyped-def]
        yield TALK[:middle]
        await asyncio.sleep(0.2)  # audio counts as stopped after 0.01 s
        yield TALK[middle:]

    async with serve() as endpoint:
        at_once, slow = await asyncio.gather(
            post(endpoint, TALK, "?details=true"), post(endpoint, halting(), "?details=true")
        )
    times = [
        [(each["start_seconds"], each["end_seconds"]) for each in response.json()["utterances"]]
        for response in (at_once, slow)
    ]
    assert times[0] == times[1]


async def test_an_utterance_that_the_engine_fails_on_is_counted(
    serve: Serve, engine: FakePool
) -> None:
    engine.failures.append(RuntimeError("broken"))
    async with serve() as endpoint:
        found = (await post(endpoint, TALK)).json()
    assert found["failed"] == 1
    assert found["utterances"]


async def test_silence_gives_an_empty_transcript(serve: Serve) -> None:
    async with serve() as endpoint:
        found = (await post(endpoint, wav(clips.silence(3)))).json()
    assert found["utterances"] == found["speakers"] == []


async def test_the_files_of_one_client_come_one_after_another(serve: Serve) -> None:
    """The place of a file is free again when its transcript has come."""
    async with serve(max_file_jobs=1) as endpoint:
        for _ in range(3):
            assert (await post(endpoint, wav(clips.silence(0.5)))).status_code == 200


async def test_an_upload_by_another_method_says_which_one(endpoint: Endpoint) -> None:
    async with uploading(endpoint) as client:
        response = await client.get(PATH)
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"


async def test_files_can_be_off(serve: Serve) -> None:
    async with serve(max_file_jobs=0) as endpoint, uploading(endpoint) as client:
        assert (await client.post(PATH)).status_code == 405
