"""Engines on Ray that several servers share. `make test-ray` runs this.

What they have in common with other engines is in `test_transports.py`, and which server gets what
in `test_shared_engine.py`.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import clips
import psutil
import pytest
import pytest_asyncio
from client_talk import enrolled, said
from poison import poisoned
from processes import Running, hwaja_serve
from ray_cluster import RayCluster
from ray_traces import stored, traces, written

from hwaja.client import connect
from hwaja.engines.interface import EngineError, Pcm16
from hwaja.protocol.values import Options
from hwaja.workers import supervisor
from hwaja.workers.pool import Pool
from hwaja.workers.transport import shared_engines, wire
from hwaja.workers.transport.model_origin import with_origin
from hwaja.workers.transport.ray_engines import RayEngines
from hwaja.workers.transport.shared_engines import SharedEngines
from hwaja_bench.nodes import free_port

pytest.importorskip("ray", reason="`make test-ray` installs Ray")

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 60


@asynccontextmanager
async def servers(cluster: RayCluster, setup: wire.Setup, number: int) -> AsyncIterator[list[Pool]]:
    """The pools of so many servers, which share one engine that dies of poisoned audio."""
    engines = RayEngines(cluster.address, 1, 0)
    await engines.connect()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engines.close)
        stack.enter_context(pytest.MonkeyPatch.context()).setitem(
            supervisor._MODULES, wire.Setup, "deadly_worker"
        )
        setup = with_origin(setup)
        pools = [
            Pool(setup, 1, spawn=SharedEngines(engines, "pair", setup).spawn) for _ in range(number)
        ]
        for pool in pools:
            stack.push_async_callback(pool.close)
        await asyncio.gather(*(pool.start() for pool in pools))
        yield pools


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(cluster: RayCluster, english: wire.Setup) -> AsyncIterator[list[Pool]]:
    async with servers(cluster, english, 2) as pools:
        yield pools


@pytest.fixture(scope="module")
def speech() -> Pcm16:
    """ "Fail again, fail better." """
    return clips.pcm16(clips.samples(clips.part("beckett", 6.2, 9.5)))


async def text_of(pool: Pool, pcm: Pcm16) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await pool.recognise("owner", pcm.copy, len(pcm), Options())
    return found.text.lower()


async def test_servers_use_one_engine(pair: list[Pool], cluster: RayCluster, speech: Pcm16) -> None:
    texts = await asyncio.gather(*(text_of(pool, speech) for pool in pair))
    assert ["better" in text for text in texts] == [True, True]
    assert len(cluster.engines) == 1


async def test_no_audio_or_text_of_a_server_reaches_the_object_store_or_a_file(
    pair: list[Pool], cluster: RayCluster
) -> None:
    pcm = clips.pcm16(clips.samples(clips.part("two_cities", 1, 16)))
    text = await text_of(pair[0], pcm)
    found = traces(pcm.tobytes(), [text])
    assert len(found) > 10
    places = [*stored(cluster), *written(cluster)]
    assert not [piece for piece in found for place in places if piece in place]


async def test_audio_of_one_server_that_kills_engines_fails_there_alone(
    pair: list[Pool], speech: Pcm16
) -> None:
    bad = asyncio.create_task(text_of(pair[0], poisoned(speech)))
    good = [asyncio.create_task(text_of(pool, speech)) for pool in pair * 2]
    with pytest.raises(EngineError):
        await bad
    assert ["better" in text for text in await asyncio.gather(*good)] == 4 * [True]


async def test_an_engine_that_hangs_is_replaced_for_all(
    pair: list[Pool], cluster: RayCluster, speech: Pcm16, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_engines, "SILENCE_SECONDS", 2.5)
    before = [pool.restarts for pool in pair]
    (actor,) = cluster.engines
    actor.send_signal(signal.SIGSTOP)
    texts = await asyncio.gather(*(text_of(pool, speech) for pool in pair))
    assert ["better" in text for text in texts] == [True, True]
    assert [pool.restarts - old for pool, old in zip(pair, before, strict=True)] == [1, 1]


async def test_a_server_that_is_killed_leaves_the_engine_to_the_others(
    cluster: RayCluster, tmp_path: Path
) -> None:
    options = ("--engines", "ray", "--ray-address", cluster.address, "--share-engines", "fleet")
    others = cluster.engines
    folders = [tmp_path / name for name in ("killed", "stays")]
    for folder in folders:
        folder.mkdir()
    with hwaja_serve(folders[0], *options) as killed:
        (engine,) = set(cluster.engines).difference(others)
        with hwaja_serve(folders[1], *options, "--port", str(free_port())) as stays:
            killed.process.kill()
            killed.process.wait()
            assert await transcribed(stays) == [0, 0, 0, 1]
            assert set(cluster.engines).difference(others) == {engine}
    assert not (await asyncio.to_thread(psutil.wait_procs, [engine], PATIENCE_SECONDS))[1]


async def transcribed(server: Running) -> list[int | None]:
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        connect(server.url, cafile=server.certificate) as client,
    ):
        await enrolled(client)
        told = [each async for each in client.transcribe(clips.conversation())]
    return [each.speaker_id for each in said(told)]
