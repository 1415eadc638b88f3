"""`hwaja serve` leaves no session data in its logs, its files or its memory."""

import asyncio
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import clips
import extraction_models
import pytest
from loopback import Peer
from own_voiceprints import add_voices
from people import korean
from processes import Running, hwaja_serve
from remains import SEARCHABLE, left_in_memory, open_files, processes
from tone_speech import hummed
from traces import Numbers, Search
from websockets.asyncio.client import connect

from hwaja.models import cache_root
from hwaja.models.conversion.tones import write_tone_model
from hwaja.vad.silero import SileroDetector

pytestmark = [pytest.mark.models, *SEARCHABLE]

ADDRESS = "127.0.0.77"
SECRETS = {
    "query": "Query-4711-Mark",
    "token": "Bearer-0815-Mark",
    "session": "Session-2357-Mark",
    "agent": "Agent-1234-Mark",
    "name": "Name-3141-Mark",
    "address": ADDRESS,
}


@dataclass(frozen=True)
class Talk:
    """The voices and the speech of a session. Their audio is unique, so a search can find it."""

    options: tuple[str, ...]
    voices: tuple[bytes, bytes]
    pcm: bytes
    rest: bytes
    """The speech during which the client disconnects."""


def toned(folder: Path) -> Talk:
    model = folder / "tones"
    model.mkdir()
    write_tone_model(model)
    said, more = hummed([0, 1, 2, 3, 4, 5, 2, 6, 1, 7]), hummed([7, 6, 5, 4, 1], piece="season")
    pcm = clips.silence(0.5) + said.pcm + clips.silence(1)
    voices = (hummed(range(8)).pcm, clips.voices()[0])
    return Talk(("--asr-model", str(model), "--language", "ko"), voices, pcm, more.pcm)


def spoken(folder: Path) -> Talk:
    people = korean()
    pcm = clips.silence(0.5) + people.first[1] + clips.silence(1)
    extraction = extraction_models.write(folder / "extraction")
    options = ("--asr-model", "whisper-base", "--language", "ko")
    options += ("--overlap-model", str(extraction))
    return Talk(options, (people.first[0], people.second[0]), pcm, people.second[1])


@asynccontextmanager
async def visitor(running: Running) -> AsyncIterator[Peer]:
    """A client with a marked address, query, token and name."""
    async with connect(
        f"{running.url}/?secret={SECRETS['query']}",
        ssl=ssl.create_default_context(cafile=str(running.certificate)),
        additional_headers={"Authorization": f"Bearer {SECRETS['token']}"},
        user_agent_header=SECRETS["agent"],
        local_addr=(ADDRESS, 0),
        compression=None,
        proxy=None,
    ) as websocket:
        peer = Peer(websocket)
        assert (await peer.receive())["type"] == "model_loaded"
        yield peer


async def enrol(peer: Peer, talk: Talk) -> list[str]:
    """Enrol the voices. Return their tickets."""
    tickets = []
    for speaker_id, voice in enumerate(talk.voices):
        await peer.say("start_speaker_registration", speaker_id=speaker_id, ticket=True)
        await peer.play(voice)
        await peer.say("complete_speaker_registration", speaker_id=speaker_id)
        completed = (await peer.receive_until("speaker_registration_completed"))[-1]
        tickets.append(completed["ticket"])
    return tickets


async def restore(peer: Peer, tickets: list[str]) -> None:
    for speaker_id, ticket in enumerate(tickets):
        await peer.say("restore_speaker", speaker_id=speaker_id, ticket=ticket)
        assert (await peer.receive())["type"] == "speaker_registration_completed"


async def discovered(peer: Peer, talk: Talk) -> str:
    """Have the server discover a voice. Return the ticket of it."""
    await peer.say("start_transcription", speakers="discover", tickets=True)
    await peer.play(talk.voices[0] + clips.silence(1))
    await peer.say("stop_transcription")
    messages = await peer.receive_until("transcription_stopped")
    *_, ticket = [each["ticket"] for each in messages if each["type"] == "voice_sealed"]
    return str(ticket)


async def begin(peer: Peer) -> None:
    await peer.say("name_speaker", speaker_id=0, name=SECRETS["name"])
    assert (await peer.receive())["type"] == "speaker_named"
    await peer.say("start_transcription", details=True, interim_results=True)
    assert (await peer.receive())["type"] == "transcription_started"


@contextmanager
def files_watched(running: Running, log: Path) -> Iterator[None]:
    """Log the system calls that open files until the server ends, if strace is installed.

    strace stays attached until then: detaching would stop the server for a while.
    """
    if shutil.which("strace") is None:
        yield
        return
    pids = [argument for pid in processes(running).values() for argument in ("-p", str(pid))]
    command = ["strace", "-f", "-e", "trace=open,openat,openat2,creat,memfd_create", "-o", log]
    with subprocess.Popen([*command, *pids], stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        for _ in processes(running):
            assert "attached" in strace.stderr.readline()
        try:
            yield
        except BaseException:  # the server ends later, and strace would wait for it
            strace.kill()
            raise


def files_written(log: Path) -> list[str]:
    """Return the system calls that opened a file for writing.

    `/dev/null`, compiled modules, `/proc/self/oom_score_adj` and coverage's lists of lines do not
    count: they hold nothing of a session.
    """
    opened = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|creat\(|memfd_create\(")
    lines = log.read_text().splitlines() if log.exists() else []
    harmless = ('"/dev/null"', '"/proc/self/oom_score_adj"', "__pycache__", ".coverage")
    return [
        line for line in lines if opened.search(line) and not any(name in line for name in harmless)
    ]


async def turned_away(running: Running, trust: ssl.SSLContext | None, number: int) -> None:
    """Send one of several requests that open no session. Each carries the secrets."""
    path, lines = [
        ("/", [f"Connection: Upgrade\r\nAuthorization: Bearer {SECRETS['token']}"]),
        ("/", []),
        ("/healthz", []),
        ("/metrics", [f"Authorization: Bearer {SECRETS['token']}"]),
        ("not-http", ["broken line"]),
        ("/", ["X-Padding: " + "x" * 8000] * 3),
    ][number]
    reader, writer = await asyncio.open_connection(
        "localhost", int(running.url.rpartition(":")[2]), ssl=trust, local_addr=(ADDRESS, 0)
    )
    query = f"?secret={SECRETS['query']}&resume={SECRETS['session']}"
    head = [f"GET {path}{query} HTTP/1.1", "Host: localhost", f"User-Agent: {SECRETS['agent']}"]
    writer.write("\r\n".join([*head, *lines, "", ""]).encode())
    with suppress(ConnectionError, ssl.SSLError):
        await reader.read()
    writer.close()


async def test_nothing_of_a_request_without_a_session_stays_in_memory(
    tmp_path: Path,
) -> None:
    """The requests are: a refused token, a page, a health check, the metrics, a broken request, a
    too large one, and one without TLS. No session follows whose end would trigger a sweep."""
    tokens = tmp_path / "tokens"
    tokens.write_text("0123456789abcdef")
    tokens.chmod(0o600)
    options = ("--port", "0", "--token-file", str(tokens), "--metrics-token-file", str(tokens))
    numbers = Numbers()
    numbers.add_audio("voice", clips.voices()[0])
    search = Search(numbers, SECRETS)
    with hwaja_serve(tmp_path, *options) as running:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        for number in range(6):
            await turned_away(running, trust, number)
        assert left_in_memory(search, running) == set()
        await turned_away(running, None, 0)
        assert left_in_memory(search, running) == set()


@pytest.mark.alone  # strace slows a server down
@pytest.mark.parametrize("model", [toned, spoken])
async def test_nothing_of_a_session_stays_in_logs_files_or_memory_after_its_end(
    model: Callable[[Path], Talk], detector: SileroDetector, tmp_path: Path
) -> None:
    """One session ends in order, and one that discovers a voice and seals it. In the last, whose
    voices come from tickets, the client disconnects within a word. During a session, the same
    search finds its data."""
    talk = model(tmp_path)
    numbers = Numbers()
    for mark, pcm in {"voice": b"".join(talk.voices), "talk": talk.pcm, "rest": talk.rest}.items():
        numbers.add_audio(mark, pcm)
    await add_voices(numbers, talk.voices, detector)
    home = tmp_path / "home"
    home.mkdir()
    folders = {name: str(home) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    folders |= {"HWAJA_CACHE": str(cache_root()), "XDG_RUNTIME_DIR": str(home)}
    keys = tmp_path / "keys"
    keys.write_text("0123456789abcdef" * 4)
    keys.chmod(0o600)
    options = (*talk.options, "--port", "0", "--ticket-key-file", str(keys))
    calls = tmp_path / "strace"
    with hwaja_serve(home, *options, **folders) as running, files_watched(running, calls):
        async with visitor(running) as peer:
            tickets = await enrol(peer, talk)
            await begin(peer)
            heard = await peer.transcribe(talk.pcm)
            (sentence, *_) = [m["text"] for m in heard if m["type"] == "transcription"]
            assert len(sentence) > 8
        async with visitor(running) as peer:
            found = await discovered(peer, talk)
            sealed = {"ticket": tickets[0][100:140], "found ticket": found[100:140]}
            search = Search(numbers, {"text": sentence[:8]} | sealed | SECRETS)
            pid = running.process.pid
            during = await asyncio.to_thread(search.in_memory, pid, "front")  # it answers pings
        async with visitor(running) as peer:
            await restore(peer, tickets)
            await begin(peer)
            await peer.play(talk.rest)
            while (await peer.receive())[
                "type"
            ] != "interim":  # the interim came after that sentence
                await peer.play(talk.rest)
            peer.websocket.transport.abort()
        assert {trace.mark for trace in during} >= {"query", "token", "address"}
        assert left_in_memory(search, running) == set()
        assert search.in_files(open_files(running)) == set()
        running.process.terminate()
        log = await asyncio.to_thread(running.end)
    assert [line["event"] for line in log].count("session closed") == 3
    assert search.in_bytes(repr(log).encode(), "log") == set()
    assert search.in_files(file for file in home.rglob("*") if file.is_file()) == set()
    assert files_written(calls) == []
