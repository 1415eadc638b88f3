"""A client with two servers, of which the one it talks to is killed in mid-sentence."""

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby
from pathlib import Path
from typing import Any

import clips
import pytest
from loopback import PATIENCE_SECONDS, Endpoint, serving
from people import People, korean
from processes import Running, hwaja_serve

from hwaja.client import Client, SessionLostError, SpeakerNamed, Transcription, connect
from hwaja.client.audio_store import AudioStore
from hwaja.privacy.sealing import KeyRing
from hwaja.server.services import Services
from hwaja.speakers.voice_tickets import VoiceTickets

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

KOREAN = ("--asr-model", "whisper-base", "--language", "ko", "--workers", "1")


@contextmanager
def two_servers(folder: Path) -> Iterator[list[Running]]:
    keys = folder / "keys"
    keys.write_text(secrets.token_hex(32))
    keys.chmod(0o600)
    options = ("--port", "0", "--ticket-key-file", str(keys))
    folders = [folder / "one", folder / "other"]
    with (
        hwaja_serve(folders[0], *options, model=KOREAN) as one,
        hwaja_serve(folders[1], *options, model=KOREAN) as other,
    ):
        yield [one, other]


async def enrol(client: Client, voices: list[bytes]) -> None:
    for speaker_id, voice in enumerate(voices):
        await client.enrol(speaker_id, voice)


async def said(client: Client, talk: AsyncIterator[bytes]) -> list[Transcription]:
    return [event async for event in client.transcribe(talk) if isinstance(event, Transcription)]


def turns_of(answers: list[Transcription]) -> list[tuple[int, str]]:
    """Who spoke in turn, and the letters of what they said: where a turn is cut may differ."""
    turns = groupby(answers, key=lambda answer: answer.speaker_id)
    return [
        (speaker_id, "".join(filter(str.isalnum, "".join(each.text for each in own))))
        for speaker_id, own in turns
    ]


async def in_real_time(pcm: bytes, at_bytes: int = -1, act: Any = None) -> AsyncIterator[bytes]:
    """Yield chunks twice as fast as they are spoken; act at a place."""
    for offset in range(0, len(pcm), 8192):
        if offset <= at_bytes < offset + 8192:
            act()
        yield pcm[offset : offset + 8192]
        await asyncio.sleep(0.128)


@pytest.mark.alone  # it talks in real time
@pytest.mark.timeout(300)
async def test_a_real_conversation_goes_on_at_another_server_when_its_own_is_killed_in_mid_sentence(
    tmp_path: Path,
) -> None:
    people = korean()
    turns = [people.first[1], people.second[1], people.first[0], people.second[0]]
    talk = b"".join(turn + clips.silence(1) for turn in turns)
    voices = [people.first[0], people.second[0]]
    with two_servers(tmp_path) as servers:
        urls = [server.url for server in servers]
        async with connect(urls, verify=False) as client:
            await enrol(client, voices)
            whole = await said(client, in_real_time(talk))
        async with connect(urls, verify=False) as client:
            await enrol(client, voices)

            def kill() -> None:
                os.kill(servers[0].process.pid, signal.SIGKILL)

            middle = len(turns[0]) + len(turns[1]) // 2 // 2 * 2
            cut = await said(client, in_real_time(talk, middle, kill))
            assert client._link._home == 1
    mine, theirs = turns_of(cut), turns_of(whole)
    assert [speaker_id for speaker_id, _ in mine] == [speaker_id for speaker_id, _ in theirs]
    for (_, text), (_, expected) in zip(mine, theirs, strict=True):
        assert SequenceMatcher(None, text, expected, autojunk=False).ratio() > 0.9
    ids = [each.segment_id for each in cut if each.segment_id is not None]
    starts = [each.details.start_seconds for each in cut if each.details is not None]
    assert len(set(ids)) == len(set(starts)) == len(cut)
    assert (ids, starts) == (sorted(ids), sorted(starts))
    assert [each.timestamp for each in cut] == sorted(each.timestamp for each in cut)


async def test_the_voices_are_lost_if_no_other_server_has_the_key(
    services: Services, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwaja.client.resumption.RESUME_SECONDS", 3.0)
    rings = [KeyRing.random(), KeyRing.random()]
    own, foreign = [
        replace(services, tickets=VoiceTickets(lambda ring=ring: ring))  # type: ignore[misc]
        for ring in rings
    ]
    async with (
        serving(foreign, certificate) as other,
        serving(own, certificate, resume_seconds=0) as one,
        connect([one.url, other.url], cafile=certificate[0]) as client,
    ):
        await client.enrol(0, clips.voices()[0])
        await one.server.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            with pytest.raises(SessionLostError):
                await client.enrol(1, clips.voices()[1])


def restart(endpoint: Endpoint, client: Client) -> None:
    """As after a restart: the server knows the token of the session no more."""
    endpoint.server._registry._by_digest.clear()
    assert client._link._connection is not None
    client._link._connection._websocket.transport.abort()


async def test_a_restarted_server_takes_over_its_own_clients(
    services: Services, certificate: tuple[Path, Path]
) -> None:
    """With one address in a list."""
    ring = KeyRing.random()
    sealing = replace(services, tickets=VoiceTickets(lambda: ring))
    async with (
        serving(sealing, certificate) as first,
        connect([first.url], cafile=certificate[0]) as client,
    ):
        await enrol(client, list(clips.voices()))
        restart(first, client)
        talk = client.transcribe(clips.conversation())
        answers = [event async for event in talk if isinstance(event, Transcription)]
    assert len(answers) == 4


NAMES = ("김지영", "이영희")


async def discovered(
    client: Client, people: People, restarted: Callable[[], None]
) -> list[Transcription]:
    """Name two people whom nobody enrolled, and return what they say behind a restart."""
    silence, named = clips.silence(1), asyncio.Event()
    answers: list[Transcription] = []
    names: set[str] = set()

    async def talk() -> AsyncIterator[bytes]:
        yield silence + people.first[0] + silence + people.second[0] + silence
        async with asyncio.timeout(PATIENCE_SECONDS):
            await named.wait()
        restarted()
        yield people.second[1] + silence + people.first[1] + silence

    async for event in client.transcribe(talk(), discover=True):
        if isinstance(event, Transcription):
            answers.append(event)
            if event.speaker_id == 1 and not names:
                for speaker_id, name in enumerate(NAMES):
                    await client.name_speaker(speaker_id, name)
        elif isinstance(event, SpeakerNamed):
            names.add(event.name)
            if len(names) == len(NAMES) and not named.is_set():
                named.set()
                answers.clear()
    return answers


@pytest.mark.parametrize("has_keys", [True, False], ids=["the same keys", "other keys"])
async def test_people_who_were_discovered_come_along_with_their_ids_and_names_or_are_found_anew(
    has_keys: bool, services: Services, certificate: tuple[Path, Path]
) -> None:
    """A ticket that is refused costs the ids, not the session."""
    rings = [KeyRing.random()]
    sealing = replace(services, tickets=VoiceTickets(lambda: rings[-1]))
    async with (
        serving(sealing, certificate) as endpoint,
        connect([endpoint.url], cafile=certificate[0]) as client,
    ):

        def restarted() -> None:
            if not has_keys:
                rings.append(KeyRing.random())
            restart(endpoint, client)

        answers = await discovered(client, korean(), restarted)
    turns = [speaker_id for speaker_id, _ in turns_of(answers)]
    called = {each.speaker_id: each.details.speaker_name for each in answers if each.details}
    if has_keys:
        assert (turns, called) == ([1, 0], dict(enumerate(NAMES)))
    else:
        assert (turns, called) == ([0, 1], {0: None, 1: None})


async def test_answered_audio_is_dropped_and_confirmed_audio_is_kept() -> None:
    store = AudioStore(keeps_unanswered=True)
    for start in range(0, 100, 10):
        store.append(bytes(range(start, start + 10)) * 2)
    for _ in range(8):
        store.next()
    store.confirm(60)
    assert (store.start, store.confirmed, store.sent) == (0, 60, 80)
    store.answer(25)
    assert (store.start, store.confirmed, store.sent) == (25, 60, 80)
    store.rewind(65)
    assert (store.start, store.confirmed, store.sent) == (25, 65, 65)
    assert store.rebase(30) == 0
    assert (store.start, store.confirmed, store.sent, store.end) == (0, 0, 0, 70)
    assert store.next() == (bytes(range(30, 40)) * 2)
