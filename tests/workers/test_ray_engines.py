"""Engines on a Ray cluster: what is particular to Ray. `make test-ray` runs this.

What they have in common with processes of this machine is in `test_transports.py`.
"""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import clips
import numpy as np
import pytest
import pytest_asyncio
from client_talk import enrolled, said
from processes import hwaja_serve
from ray_cluster import RayCluster
from ray_traces import stored, traces, written
from structlog.testing import capture_logs

from hwaja.client import connect
from hwaja.engines.interface import EngineError, Pcm16
from hwaja.protocol.values import Options
from hwaja.workers.pool import Pool
from hwaja.workers.transport import ray_engines, wire
from hwaja.workers.transport.frames import MAX_FRAME_BYTES
from hwaja.workers.transport.model_origin import with_origin
from hwaja.workers.transport.ray_engines import RayEngines

ray = pytest.importorskip("ray", reason="`make test-ray` installs Ray")


pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_SECONDS = 60
MODULE = "hwaja.workers.inference.worker"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engines(cluster: RayCluster) -> AsyncIterator[RayEngines]:
    engines = RayEngines(cluster.address, 1, 0)
    await engines.connect()
    yield engines
    await engines.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def one(engines: RayEngines, english: wire.Setup) -> AsyncIterator[Pool]:
    pool = Pool(with_origin(english), 1, spawn=engines.spawn)
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture(scope="module")
def speech() -> Pcm16:
    """15 s of English, which take several calls."""
    return clips.pcm16(clips.samples(clips.part("two_cities", 1, 16)))


async def text_of(pool: Pool, pcm: Pcm16) -> str:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return (await pool.recognise("owner", pcm.copy, len(pcm), Options())).text


# personal data


async def test_no_audio_text_or_voice_reaches_the_object_store_or_a_file(
    one: Pool, cluster: RayCluster, speech: Pcm16
) -> None:
    text = await text_of(one, speech)
    track = await one.embed("owner", speech.copy, len(speech), overlaps=True)
    with pytest.raises(EngineError):  # a job that fails says nothing either
        await one.embed("owner", speech[:100].copy, 100, overlaps=True)
    one._supervisor.kill(0)
    assert await text_of(one, speech) == text
    assert len(text) > 100
    found = [
        *traces(speech.tobytes(), [text]),
        *traces(track.whole.tobytes(), []),
        *traces(track.windows.tobytes(), []),
    ]
    assert len(found) > 30
    places = [*stored(cluster), *written(cluster)]
    assert not [piece for piece in found for place in places if piece in place]


async def test_the_largest_frame_does_not_reach_the_object_store(
    engines: RayEngines, cluster: RayCluster
) -> None:
    frame = np.random.default_rng(3).bytes(MAX_FRAME_BYTES)
    transport = await engines.spawn("echoing_worker")
    async with asyncio.timeout(PATIENCE_SECONDS):
        _, echoed = await asyncio.gather(
            transport.write(bytearray(frame)), transport.replies.readexactly(len(frame))
        )
    await transport.end()
    assert echoed == frame
    places = list(stored(cluster))
    some = traces(frame, [])[::64]
    assert not [piece for piece in some for place in places if piece in place]


async def test_the_tests_above_would_find_what_is_stored(one: Pool, cluster: RayCluster) -> None:
    marker = np.random.default_rng(2).bytes(200_000)
    kept = ray.put(marker)
    assert any(marker[1000:2000] in place for place in stored(cluster))
    del kept


# faults


async def test_a_machine_with_another_hwaja_is_refused(
    engines: RayEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engines, "__version__", "9.9.9")
    with pytest.raises(EngineError, match=r"machine of an engine has hwaja .*, the server 9\.9\.9"):
        await engines.spawn(MODULE)


async def test_work_of_a_machine_that_dies_is_done_on_another(
    engines: RayEngines, english: wire.Setup, cluster: RayCluster, speech: Pcm16
) -> None:
    node = cluster.add_node(1)
    pool = Pool(with_origin(english), 2, spawn=engines.spawn)  # one of them finds room there only
    await pool.start()
    try:
        expected = await text_of(pool, speech)
        texts = [asyncio.create_task(text_of(pool, speech)) for _ in range(4)]
        await asyncio.sleep(0)
        await asyncio.to_thread(cluster.kill_node, node)
        assert await asyncio.gather(*texts) == 4 * [expected]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while pool.running_workers > 1:
                assert await text_of(pool, speech) == expected
    finally:
        await pool.close()


async def test_an_actor_that_hangs_is_replaced(
    one: Pool, cluster: RayCluster, speech: Pcm16, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that is cut off from the network."""
    monkeypatch.setattr(ray_engines, "SILENCE_SECONDS", 2.5)
    expected, before = await text_of(one, speech), one.restarts
    (actor,) = cluster.engines
    actor.send_signal(signal.SIGSTOP)
    assert await text_of(one, speech) == expected
    assert one.restarts - before == 1


async def test_a_cluster_without_room_is_reported(
    engines: RayEngines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engines, "PLACE_SECONDS", 0.1)
    monkeypatch.setitem(engines._needs, "num_cpus", 100)
    with capture_logs() as log, pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await engines.spawn(MODULE)
    assert [line["event"] for line in log] == ["Ray has no room for an engine yet"]


async def test_a_cluster_that_does_not_answer_is_named() -> None:
    with pytest.raises(EngineError, match=r"No Ray cluster answers at 127\.0\.0\.1:1 "):
        await RayEngines("127.0.0.1:1", 1, 0).connect()


# the server


async def test_a_server_transcribes_with_engines_of_the_cluster_and_ends_as_usual(
    cluster: RayCluster, tmp_path: Path
) -> None:
    ray_options = ("--engines", "ray", "--ray-address", cluster.address)
    with hwaja_serve(tmp_path, *ray_options) as server:
        assert server.serving["workers"] == 1
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            connect(server.url, cafile=server.certificate) as client,
        ):
            await enrolled(client)
            told = [each async for each in client.transcribe(clips.conversation())]
        assert [each.speaker_id for each in said(told)] == [0, 0, 0, 1]
        server.process.send_signal(signal.SIGTERM)
        log = server.end()
    assert server.process.returncode == 0
    assert [line["event"] for line in log][-1] == "stopped"
