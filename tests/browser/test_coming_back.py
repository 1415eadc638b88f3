"""The page is reloaded, or the server is lost and returns: the data that is kept."""

from pathlib import Path

import clips
import pytest
from loopback import Endpoint
from processes import hwaja_serve
from relay import Relay, relaying

from browser.album import Album
from browser.conftest import Visit
from browser.sessions import VOICES, enrolled, remember
from browser.visitor import Utterance, Visitor

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

CHAPTER = "Coming back"

FIRST, SECOND = clips.part("beckett", 4.4, 9.9), clips.deepened(clips.part("two_cities", 17, 21))


async def talking(visit: Visit, relay: Relay, endpoint: Endpoint) -> Visitor:
    """Open the page with enrolled voices and start to talk."""
    visitor = await visit(None)
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(f"https://localhost:{relay.port}/")
    await visitor.card(1, "enrolled").wait_for()
    await visitor.listen_to(FIRST + clips.silence(1) + SECOND)
    await visitor.press("#start")
    await visitor.until_said(1)
    return visitor


async def test_speech_during_a_network_failure_is_transcribed_later(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    async with relaying(endpoint.port) as relay:
        visitor = await talking(visit, relay, endpoint)
        await relay.cut()
        await visitor.until("reconnecting")
        assert "Your speech is kept" in await visitor.notice("away")
        assert await visitor.page.inner_text("#toggle") == "Stop"
        await album.show(visitor, CHAPTER, "The network is down.", whole=False)
        await relay.mend()
        said = await visitor.until_heard(1)
        assert [utterance.speaker_id for utterance in said] == [0] * (len(said) - 1) + [1]
        assert "again" in said[0].text.lower()
        assert "better" in said[-2].text.lower()
        assert "it was the" in said[-1].text.lower()
        assert await visitor.page.locator(".notice").count() == 0
        await visitor.press("#toggle")
        await visitor.until("ready")


async def test_after_a_server_restart_the_page_brings_the_voices_along_and_goes_on(
    tmp_path: Path, visit: Visit
) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as server:
        port = server.url.rpartition(":")[2]
        visitor = await visit(f"https://localhost:{port}/")
        before = await enrol_and_talk(visitor, 1)
        server.process.kill()
        await visitor.until("reconnecting")
    with hwaja_serve(tmp_path, "--port", port):
        await visitor.until("transcribing")
        after = await visitor.until_said(len(before) + 1)  # the microphone's tape begins again
        assert after[: len(before)] == before
        assert await visitor.page.locator(".notice").count() == 0


async def test_after_a_restart_with_other_keys_the_page_asks_for_the_voices_again(
    tmp_path: Path, visit: Visit, album: Album
) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as server:
        port = server.url.rpartition(":")[2]
        visitor = await visit(f"https://localhost:{port}/")
        before = await enrol_and_talk(visitor, 1)
        server.process.kill()
        await visitor.until("reconnecting")
    (tmp_path / "ticket-keys").unlink()
    with hwaja_serve(tmp_path, "--port", port):
        assert "Enrol the voices again" in await visitor.notice("lost-session")
        await visitor.until("ready")
        assert (await visitor.said())[: len(before)] == before
        assert await visitor.page.inner_text("#interim") == ""
        await visitor.card(0, "waiting").wait_for()
        assert await visitor.page.is_disabled("#start")
        assert "gain" in (await visitor.export("txt"))[1]
        await album.show(visitor, CHAPTER, "The server was killed and is back.", whole=False)
        after = await enrol_and_talk(visitor, len(before) + 1)
        assert after[: len(before)] == before
        assert "Try again" in after[len(before)].text
        assert await visitor.page.locator(".notice").count() == 0


async def enrol_and_talk(visitor: Visitor, utterances: int) -> list[Utterance]:
    """Enrol on the page, and talk until it shows this many utterances."""
    for speaker_id, voice in enumerate(VOICES):
        assert "Enrolled" in await visitor.enrol(speaker_id, voice)
    await visitor.listen_to(FIRST + clips.silence(5))
    await visitor.press("#start")
    return await visitor.until_said(utterances)


async def test_a_reloaded_page_continues_the_conversation(
    endpoint: Endpoint, visit: Visit, album: Album
) -> None:
    async with relaying(endpoint.port) as relay:
        visitor = await talking(visit, relay, endpoint)
        visitor.page.on("dialog", lambda dialog: dialog.accept())
        await visitor.page.reload()
        assert "continues" in await visitor.notice("resumed")
        await visitor.until("transcribing")
        await album.show(visitor, CHAPTER, "The page was loaded anew.", whole=False)
        assert "again" in (await visitor.page.inner_text("#log")).lower()
        visitor.tape.record(clips.silence(1) + SECOND)
        await visitor.page.get_by_role("button", name="Continue").click()
        said = await visitor.page.locator(".utterance[data-speaker='1']").first.inner_text()
        assert "it was the" in said.lower()
        assert await visitor.page.locator(".notice").count() == 0
        await visitor.press("#toggle")
        await visitor.until("ready")
        assert await visitor.page.is_enabled("#toggle")


async def test_a_page_reloaded_before_the_conversation_still_has_its_voices(
    endpoint: Endpoint, visit: Visit
) -> None:
    visitor = await visit(None)
    await remember(visitor.page, await enrolled(endpoint))
    await visitor.page.goto(endpoint.page)
    for speaker_id in (0, 1):
        await visitor.card(speaker_id, "enrolled").wait_for()
    await visitor.page.reload()
    for speaker_id in (0, 1):
        await visitor.card(speaker_id, "enrolled").wait_for()
    assert await visitor.page.is_enabled("#start")


async def test_starting_over_needs_confirmation_and_forgets_the_voices(
    endpoint: Endpoint, visit: Visit
) -> None:
    async with relaying(endpoint.port) as relay:
        visitor = await talking(visit, relay, endpoint)
        await visitor.press("#toggle")
        await visitor.until("ready")
        said = await visitor.said()
        await visitor.press("#again")
        assert "both voices" in await visitor.page.inner_text("#sure")
        await visitor.page.keyboard.press("Escape")
        assert await visitor.said() == said
        await visitor.press("#again")
        await visitor.press("#sure [value=yes]")
        await visitor.card(0, "waiting").wait_for()
        assert await visitor.said() == []
        await visitor.until("ready")
        await visitor.press(".notice[data-kind=again] button")
        assert await visitor.said() == said
