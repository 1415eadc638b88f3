"""Workers that say what no worker says: each is ended, and its work done or failed."""

import asyncio
import random
import resource
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import clips
import pytest
import pytest_asyncio
from pools import running

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.engines.recognition import Hypothesis
from hwaja.models.conversion.tones import spoken
from hwaja.protocol.values import Options, Token
from hwaja.workers.pool import Pool
from hwaja.workers.transport import frames, wire
from hwaja.workers.transport import worker_process as process
from hwaja.workers.transport.worker_link import WorkerLink
from hwaja.workers.utterance_stream import UtteranceStream

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 60

SPEECH = (6.2, 9.5)

_WORKER = f"""#!{sys.executable}
from pathlib import Path
from hwaja.workers.transport import frames
from hwaja.workers.transport import wire
from hwaja.workers.inference import worker

once, always = Path({{once!r}}), Path({{always!r}})
answer = frames.write_reply

def say(stream, reply):
    if isinstance(reply, wire.Recognised | wire.Stepped) and (once.exists() or always.exists()):
        nonsense = (once if once.exists() else always).read_bytes()
        once.unlink(missing_ok=True)
        while nonsense:
            nonsense = nonsense[stream.write(nonsense):]
        if {{ends}}:
            raise SystemExit
    else:
        answer(stream, reply)

frames.write_reply = say
worker.main()
"""


def frame(body: bytes, says_bytes: int | None = None) -> bytes:
    length = len(body) if says_bytes is None else says_bytes
    return length.to_bytes(4, "little") + body


def recognised(hypothesis: Hypothesis, job_id: int = 1) -> bytes:
    return bytes(frames.encode(wire.Recognised(job_id, hypothesis)))


NONSENSE = {
    "any bytes": random.Random(1).randbytes(100_000),  # noqa: S311 (no secret)
    "a huge length": frame(bytes(1_000_000), 0xFFFFFFFF),
    "an answer to nothing": recognised(Hypothesis("no"), job_id=1 << 40),
    "a voice for a text": bytes(
        frames.encode(wire.Embedded(1, memoryview(bytes(192 * 4)), memoryview(b"")))
    ),
    "a huge text": recognised(Hypothesis("no" * 4_000_000)),
}
"""Of each kind one; `test_frames` has the rest."""


class InvalidReplies:
    """A worker that sends invalid bytes instead of its replies."""

    def __init__(self, folder: Path, *, ends: bool = False) -> None:
        self._once, self._always = folder / "once", folder / "always"
        script = folder / "worker"
        places = {"once": str(self._once), "always": str(self._always)}
        script.write_text(_WORKER.format(**places, ends=ends))
        script.chmod(stat.S_IRWXU)
        self.executable = str(script)

    def reply_once(self, nonsense: bytes) -> None:
        self._once.write_bytes(nonsense)

    def reply_always(self, nonsense: bytes) -> None:
        self._always.write_bytes(nonsense)


@pytest.fixture
def invalid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InvalidReplies:
    found = InvalidReplies(tmp_path)
    monkeypatch.setattr(process.sys, "executable", found.executable)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def talking(
    english: wire.Setup, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Pool, InvalidReplies]]:
    """A pool of one worker, and what the worker is to say."""
    invalid = InvalidReplies(tmp_path_factory.mktemp("invalid"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process.sys, "executable", invalid.executable)
        async with running(english) as pool:
            yield pool, invalid


def speech() -> Pcm16:
    return clips.pcm16(clips.samples(clips.part("beckett", *SPEECH)))


async def text_of(pool: Pool) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        heard = await pool.recognise("owner", speech, 52_800, Options(), 3.3)
    return heard.text.lower()


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
async def test_a_worker_with_an_invalid_reply_is_replaced_and_its_job_done_by_the_next(
    nonsense: bytes, talking: tuple[Pool, InvalidReplies]
) -> None:
    pool, invalid = talking
    restarts, most_bytes = pool.restarts, peak_bytes()
    invalid.reply_once(nonsense)
    assert "better" in await text_of(pool)
    assert pool.restarts - restarts == 1
    assert peak_bytes() - most_bytes < 12 * frames.MAX_FRAME_BYTES


async def test_a_worker_with_much_output_is_reaped_even_if_its_end_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopping server cancels the task that ends a worker, and then waits for the process."""
    script = tmp_path / "worker"
    script.write_text("#!/bin/sh\nexec cat /dev/zero\n")
    script.chmod(stat.S_IRWXU)
    monkeypatch.setattr(process.sys, "executable", str(script))
    worker = await process.WorkerProcess.spawn("hwaja.workers.inference.worker")
    with pytest.raises(frames.WireError):
        await WorkerLink(worker).receive()
    replies = worker.process._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    while replies.is_reading():  # noqa: ASYNC110  # until too much is unread; nothing reports it
        await asyncio.sleep(0)
    ending = asyncio.create_task(worker.end())
    await asyncio.sleep(0)
    ending.cancel()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await worker.process.wait()
    assert ending.cancelled()


async def test_an_incomplete_reply_is_not_used(
    english: wire.Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    invalid = InvalidReplies(tmp_path, ends=True)
    monkeypatch.setattr(process.sys, "executable", invalid.executable)
    async with running(english) as pool:
        invalid.reply_once(recognised(Hypothesis("no"))[:-1])
        assert "better" in await text_of(pool)
        assert pool.restarts == 1


async def test_a_job_that_always_gets_an_invalid_reply_fails_alone(
    english: wire.Setup, invalid: InvalidReplies
) -> None:
    async with running(english) as pool:
        invalid.reply_always(frame(b"\xc1"))
        with pytest.raises(EngineError):
            await text_of(pool)
        samples = speech()
        async with asyncio.timeout(PATIENCE_SECONDS):
            track = await pool.embed("owner", samples.copy, len(samples), overlaps=False)
        assert track.whole.any()
        assert pool.restarts == 2


@pytest.mark.parametrize("always", [False, True])
async def test_a_stream_with_an_invalid_reply_is_decoded_again_and_fails_at_the_second(
    always: bool, tones: wire.Setup, invalid: InvalidReplies
) -> None:
    said = spoken([3, 1, 4])
    utterance = UtteranceStream(
        "a", Options(), lambda a, b: clips.pcm16(said.samples[a:b]), 0, None
    )
    wrong = Hypothesis(said.text, (Token(said.text, float("inf")),))
    nonsense = bytes(frames.encode(wire.Stepped([wire.StreamResult(1, wrong, is_final=True)])))
    async with running(tones) as pool:
        (invalid.reply_always if always else invalid.reply_once)(nonsense)
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                text = (await pool.finish(utterance, len(said.samples), 3.0)).text
            except EngineError:
                text = "failed"
        assert text == ("failed" if always else said.text)
        assert pool.restarts == 1  # and once more for the one that was found to be deadly
