"""Uploads that are refused, over a socket: for their sender, a lack of places, or their content."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import clips
import pytest
from fakes import FakePool
from loopback import PATIENCE_SECONDS, Endpoint, Serve, tokens_of
from raw_client import dialled
from scrapes import TOKEN
from uploads import PATH, encoded, lines_of, post, post_form, refusal, wav

from hwaja.audio import opus
from hwaja.privacy.sealing import KeyRing
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.client_tokens import ClientTokens, Restrictions
from hwaja.server.files import decoding
from hwaja.session.effects import Effect
from hwaja.session.events import Audio, Event
from hwaja.session.state_machine import Session

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

TALK = wav(clips.conversation())
ALPHA, BETA = "alpha-" * 4, "beta-" * 4
"""Tokens of two applications."""

SILENCE = wav(clips.silence(0.5))


@asynccontextmanager
async def busy(endpoint: Endpoint, *header: str) -> AsyncIterator[None]:
    """A client whose file is on its way, without an end."""
    lines = (f"POST {PATH} HTTP/1.1", "Host: localhost", *header, "Content-Length: 1000000", "", "")
    async with dialled(endpoint.port, endpoint.trust) as client:
        await client.send("\r\n".join(lines).encode() + TALK[:50_000])
        await until(lambda: len(endpoint.server._files.registry) == 1)
        yield


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_server_with_all_places_taken_names_the_reason_and_when_to_retry(
    serve: Serve,
) -> None:
    """Files have places of their own: a client that speaks is still let in, and the reverse."""
    limits = {"max_file_jobs": 1, "max_connections": 1}
    async with serve(**limits) as endpoint, endpoint.welcomed() as peer:
        await peer.enrol_both()
        async with busy(endpoint):
            refused = await post(endpoint, SILENCE)
        assert refusal(refused) == (503, "server_full")
        assert int(refused.headers["retry-after"]) > 0
        await until(lambda: not len(endpoint.server._files.registry))
        assert (await post(endpoint, SILENCE)).status_code == 200


async def test_one_token_gets_no_more_places_than_it_may_have(serve: Serve) -> None:
    policy = AccessPolicy(tokens_of(ALPHA, BETA))
    alpha, beta = f"Bearer {ALPHA}", f"Bearer {BETA}"
    async with (
        serve(policy=policy, max_sessions_per_token=1) as endpoint,
        busy(endpoint, f"Authorization: {alpha}"),
    ):
        again = await post(endpoint, SILENCE, authorization=alpha)
        other = await post(endpoint, SILENCE, authorization=beta)
    assert refusal(again) == (429, "token_full")
    assert other.status_code == 200


async def test_a_client_without_a_good_token_is_refused(serve: Serve) -> None:
    async with serve(policy=AccessPolicy(tokens_of(ALPHA))) as endpoint:
        missing = await post(endpoint, SILENCE)
        wrong = await post(endpoint, SILENCE, authorization=f"Bearer {BETA}")
    assert refusal(missing) == refusal(wrong) == (401, "unauthorized")
    assert missing.headers["www-authenticate"] == "Bearer"


async def test_a_client_token_sends_one_file(serve: Serve) -> None:
    """A page sets it in `Authorization`, which it cannot do for a WebSocket."""
    ring = KeyRing([bytes(range(32))])
    tokens, client_tokens = tokens_of(ALPHA), ClientTokens(lambda: ring)
    issued = client_tokens.issue(next(iter(tokens._digests)), Restrictions())
    assert issued is not None
    bearer = f"Bearer {issued[0]}"
    async with serve(policy=AccessPolicy(tokens, client_tokens=client_tokens)) as endpoint:
        first = await post(endpoint, SILENCE, authorization=bearer)
        second = await post(endpoint, SILENCE, authorization=bearer)
    assert first.status_code == 200
    assert refusal(second) == (401, "client_token_used")


async def test_a_form_on_a_page_of_another_site_is_refused(serve: Serve) -> None:
    """Browsers send such a form without asking the server first."""
    async with serve() as endpoint:
        foreign = await post_form(endpoint, ("file", SILENCE), origin="https://evil.example")
        own = await post_form(endpoint, ("file", SILENCE), origin=endpoint.page.rstrip("/"))
        rebound = await post(endpoint, SILENCE, host="evil.example")
    assert refusal(foreign) == (403, "origin")
    assert own.status_code == 200
    assert refusal(rebound) == (421, "host")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", (415, "no_sound_file")),
        (b"no sound at all" * 1000, (415, "no_sound_file")),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", (415, "no_sound_file")),
        (encoded(clips.conversation(), "flac", "flac")[:60], (415, "no_sound_file")),
        (wav(clips.silence(1), rate=1), (415, "no_sound_file")),
    ],
)
async def test_what_is_no_sound_file_is_named(
    endpoint: Endpoint, content: bytes, reason: tuple[int, str]
) -> None:
    assert refusal(await post(endpoint, content)) == reason


@pytest.mark.parametrize(
    "query",
    [
        "?format=doc",
        "?max_speakers=two",
        "?adapt=1",
        "?interim_results=true",
        "?name=a%0Ab",
        "?speakers=channels",
    ],
)
async def test_a_wrong_option_is_refused_before_the_file_is_read(
    endpoint: Endpoint, query: str
) -> None:
    assert refusal(await post(endpoint, SILENCE, query)) == (400, "bad_option")


async def test_a_refusal_of_an_option_says_what_would_be_right(endpoint: Endpoint) -> None:
    answer = await post(endpoint, SILENCE, "?format=doc")
    assert answer.json()["message"] == "The format must be one of: json, ndjson, srt, vtt, txt."
    answer = await post(endpoint, SILENCE, "?speakers=channels")
    assert answer.json()["message"].startswith("The channels of a file are averaged")
    answer = await post_form(endpoint, ("audio", SILENCE * 20))  # a file, under a wrong name
    assert refusal(answer) == (400, "bad_option")
    assert "no option or part 'audio'. The options are: format," in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("?speakers=enrolled", "not_enrolled"),
        ("?speakers=some", "bad_field"),
        ("?max_speakers=99", "bad_field"),
        ("?language=xx", "language_unsupported"),
        ("?hotwords=word", "hotwords_unsupported"),
    ],
)
async def test_what_the_session_refuses_is_told_with_its_reason(
    endpoint: Endpoint, query: str, reason: str
) -> None:
    assert refusal(await post(endpoint, TALK, query)) == (422, reason)


async def test_an_unsuitable_voice_is_refused_with_its_measurements(endpoint: Endpoint) -> None:
    voice = wav(clips.voices()[0][:32_000])
    response = await post_form(endpoint, ("voice", voice), ("file", TALK))
    assert refusal(response) == (422, "too_little_speech")
    assert response.json()["speaker_id"] == 0


async def test_an_error_after_the_beginning_of_a_stream_is_its_last_line(serve: Serve) -> None:
    async with serve(max_file_seconds=8.0) as endpoint:
        response = await post(endpoint, TALK, "?format=ndjson")
    lines = lines_of(response)
    assert response.status_code == 200
    assert lines[-1]["type"] == "error"
    assert lines[-1]["reason"] == "file_too_long"


@pytest.mark.parametrize("parts", [(), (("format", "txt"),)])
async def test_a_form_without_a_file_is_refused(
    endpoint: Endpoint, parts: tuple[tuple[str, str], ...]
) -> None:
    content = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (name.encode(), value.encode())
        for name, value in parts
    )
    form = {"content_type": "multipart/form-data; boundary=x"}
    assert refusal(await post(endpoint, content + b"--x--\r\n", **form)) == (400, "no_file")


@pytest.mark.parametrize(
    ("content", "boundary"),
    [
        (b"", "x"),
        (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nabc", "x"),
        (b"--x\r\n\r\nabc\r\n--x--\r\n", "x"),
        (b"--x--\r\n", ""),
        (b'--x\r\nContent-Disposition: form-data; name="language"\r\n\r\n' + b"k" * 20_000, "x"),
    ],
)
async def test_a_broken_form_is_refused(endpoint: Endpoint, content: bytes, boundary: str) -> None:
    form = {"content_type": f"multipart/form-data; boundary={boundary}"}
    assert refusal(await post(endpoint, content, **form)) == (400, "bad_form")


async def test_a_decoder_that_crashes_fails_its_file_only(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = "import os, sys; sys.stdin.buffer.read(9); os.abort()"
    command = decoding._COMMAND
    async with serve() as endpoint:
        monkeypatch.setattr(decoding, "_COMMAND", (command[0], "-c", crash))
        assert refusal(await post(endpoint, TALK)) == (422, "file_damaged")
        monkeypatch.setattr(decoding, "_COMMAND", command)
        assert (await post(endpoint, SILENCE)).status_code == 200


async def test_a_small_file_with_minutes_of_silence_is_cut_off_at_the_limit(serve: Serve) -> None:
    """A FLAC file of silence is a thousand times smaller than its audio."""
    minutes = encoded(bytes(2 * 48_000 * 600), "flac", "flac")
    assert len(minutes) < 200_000
    async with serve(max_file_seconds=20.0) as endpoint:
        assert refusal(await post(endpoint, minutes)) == (413, "file_too_long")


async def test_a_server_without_decoders_says_what_to_install(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opus, "is_installed", lambda: False)
    async with serve() as endpoint:
        response = await post(endpoint, TALK)
    assert refusal(response) == (501, "files_unsupported")
    assert "hwaja[files]" in response.json()["message"]


async def test_a_stopping_server_tells_the_client_to_send_the_file_again(
    serve: Serve, engine: FakePool
) -> None:
    engine.working.clear()
    async with serve(drain_seconds=0.1) as endpoint:
        uploaded = asyncio.create_task(post(endpoint, TALK))
        await engine.asked.wait()
        await endpoint.server.stop()
        response = await uploaded
    assert refusal(response) == (503, "server_stopped")
    assert "retry-after" in response.headers


async def test_a_fault_of_the_server_is_named(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its session ends, and later files are transcribed."""

    handle = Session.handle

    def broken(session: Session, event: Event) -> list[Effect]:
        if isinstance(event, Audio):
            raise TypeError
        return handle(session, event)

    async with serve(max_file_jobs=1) as endpoint:
        with monkeypatch.context() as patch:
            patch.setattr(Session, "handle", broken)
            refused = await post(endpoint, TALK)
        assert refusal(refused) == (500, "server_failed")
        assert (await post(endpoint, SILENCE)).status_code == 200


async def test_uploads_are_counted_by_outcome(serve: Serve) -> None:
    async with serve(metrics_token=TOKEN) as endpoint:
        await post(endpoint, SILENCE)
        await post(endpoint, b"nothing")
        async with busy(endpoint):
            pass
        await until(lambda: not len(endpoint.server._files.registry))
        page = await endpoint.get("/metrics", f"Authorization: Bearer {TOKEN}")
    for outcome in ("transcribed", "refused", "gone"):
        assert f'hwaja_files_total{{outcome="{outcome}"}} 1.0' in page.body
