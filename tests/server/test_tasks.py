"""The long-running tasks are exactly those in the list of docs/reliability.md."""

import asyncio
import re
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from fakes import no_cohort, one_generation
from loopback import PATIENCE_SECONDS, serving
from pools import running

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.protocol.values import Options
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.vad.silero import Detection, SileroDetector
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.transport import wire

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"

THREADS = {"log", "asyncio_N", "asyncio-waitpid-N"}
"""Of the list; whether each runs depends on what was asked for, and on the version of Python."""


ELSEWHERE = {"change of the model"}
"""Of the list; the server of this test is assembled without it."""


def listed() -> set[str]:
    section = PAGE.read_text(encoding="utf-8").partition("### What runs for as long as the server")
    cells = re.findall(r"^\| (`[^|]+)\|", section[2].partition("\n## ")[0], re.MULTILINE)
    return {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


def without_numbers(name: str) -> str:
    return re.sub(r"\d+", "N", name)


async def start(interim_worker: InterimWorker) -> None:
    def nothing() -> Pcm16:
        return np.zeros(1600, np.int16)

    with suppress(EngineError):  # this recogniser hears streams only
        await interim_worker.recognise("owner", nothing, 1600, Options())


@pytest.mark.alone  # a worker that is late is replaced
async def test_every_task_and_thread_that_outlives_a_session_is_in_the_list(
    tones: wire.Setup, detector: SileroDetector, certificate: tuple[Path, Path]
) -> None:
    before, threads_before = asyncio.all_tasks(), set(threading.enumerate())
    interim_worker = InterimWorker(tones)
    async with asyncio.timeout(PATIENCE_SECONDS), running(tones) as pool:
        await start(interim_worker)
        services = Services(
            one_generation(pool, interim_worker),
            Detection(detector),
            no_cohort(),
            SessionSettings(),
        )
        async with serving(services, certificate) as endpoint:
            async with endpoint.welcomed():
                pass
            while passing := {
                task
                for task in asyncio.all_tasks() - before
                if without_numbers(task.get_name()) not in listed()
            }:
                await asyncio.wait(passing)  # those of the session end with it
            running_tasks = {without_numbers(t.get_name()) for t in asyncio.all_tasks() - before}
            threads = {
                without_numbers(re.sub(r" \(.*\)$", "", thread.name))
                for thread in set(threading.enumerate()) - threads_before
            }
        await interim_worker.close()
    assert running_tasks == listed() - THREADS - ELSEWHERE
    assert threads <= THREADS
    assert asyncio.all_tasks() <= before  # and all end with the server
