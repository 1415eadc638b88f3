"""Workers as actors of Ray, on any machine of a cluster.

Ray says where a worker runs, and reports the death of its machine. It does not start a dead one
again (`max_restarts=0`): the supervisor does, which knows the suspects among its work.
"""

import asyncio
import logging
import os
import signal
from contextlib import suppress
from typing import Any

import structlog

from hwaja import __version__
from hwaja.engines.interface import EngineError
from hwaja.privacy.hardening import overwriting
from hwaja.workers.transport.engine_actor import BEAT_SECONDS, MAX_PIECES, PIECE_BYTES, EngineActor

SILENCE_SECONDS = 5 * BEAT_SECONDS
"""A worker that says nothing for so long is dead: its machine hangs, or the network is cut."""

REACH_SECONDS = 10.0
"""The head of a cluster that does not answer for so long is not there."""

PLACE_SECONDS = 10.0
"""After this long without a place for a worker, the log says so. Ray may start a machine for it."""

_log = structlog.get_logger("hwaja.workers.transport.ray_engines")


class RayEngines:
    """The connection to a Ray cluster, and what each worker there needs."""

    def __init__(self, address: str, cpus: float, gpus: float) -> None:
        """Prepare; `connect` connects.

        Args:
            address: host and port of the head of the cluster.
            cpus: cores that Ray reserves for each worker.
            gpus: share of a GPU that Ray reserves for each worker.

        """
        self._address = address
        self._needs = {"num_cpus": cpus, "num_gpus": gpus}
        self.ray: Any = None
        """The module, once connected."""

    async def connect(self) -> None:
        """Connect this process to the cluster. It must run on a machine of the cluster.

        Raises:
            EngineError: Ray is not installed, or the cluster cannot be reached.

        """
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray
        except ImportError:
            raise EngineError("Ray is not installed; install hwaja[ray].") from None
        await self._reach()
        logging.getLogger("ray").setLevel(logging.CRITICAL)  # the supervisor logs each death
        terminate = signal.getsignal(signal.SIGTERM)
        try:
            await asyncio.to_thread(
                ray.init, self._address, log_to_driver=False, configure_logging=False
            )
        except Exception as error:
            raise EngineError(
                f"The Ray cluster at {self._address} cannot be joined ({type(error).__name__}): "
                "does Ray run on this machine too, with the same versions of Ray and Python?"
            ) from error
        finally:
            signal.signal(signal.SIGTERM, terminate)  # Ray has put one of its own in its place
        self.ray = ray

    def actors(self, kind: type) -> Any:
        """Return what starts actors of a class, each with the needs of a worker."""
        return self.ray.remote(
            **self._needs,
            max_restarts=0,
            max_task_retries=0,
            enable_task_events=False,
            scheduling_strategy="SPREAD",  # a machine that dies takes few engines along
            runtime_env={"env_vars": overwriting({})},
        )(kind)

    async def _reach(self) -> None:
        """Connect to the head once: Ray itself would try for minutes.

        Raises:
            EngineError: it does not answer.

        """
        host, _, port = self._address.rpartition(":")
        try:
            async with asyncio.timeout(REACH_SECONDS):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except (OSError, OverflowError) as error:  # OverflowError: there is no such port
            raise EngineError(
                f"No Ray cluster answers at {self._address} ({type(error).__name__})."
            ) from None
        writer.close()

    async def spawn(self, module: str) -> "RayTransport":
        """Start a worker where Ray finds room for it; see `worker_link.Spawn`."""
        actor = self.actors(EngineActor).remote()
        transport = RayTransport(self.ray, actor)
        try:
            check_version(await self.placed(actor.start.remote(module)))
        except self.ray.exceptions.RayError as error:
            raise cannot_start(error) from None
        except BaseException:
            transport.kill()
            raise
        transport.begin()
        return transport

    async def placed(self, starting: Any) -> Any:
        """Wait for the first answer of an actor, which comes once Ray has found room for it.

        Raises:
            RayError: it cannot start, or has ended.

        """
        started = asyncio.ensure_future(_result(starting))
        try:
            done, _ = await asyncio.wait([started], timeout=PLACE_SECONDS)
            if not done:
                _log.warning("Ray has no room for an engine yet", **self._needs)
            return await started
        finally:
            started.cancel()

    async def close(self) -> None:
        """Leave the cluster. It ends what is left of the workers."""
        if self.ray is not None:
            await asyncio.to_thread(self.ray.shutdown)


def cannot_start(error: Exception) -> EngineError:
    """Return what to say where Ray has started no actor."""
    return EngineError(
        f"Ray cannot start an engine ({type(error).__name__}): is its machine there, with the same "
        "hwaja?"
    )


def check_version(version: str) -> None:
    """Compare the version of hwaja on the machine of an engine with that here.

    Raises:
        EngineError: it is another one.

    """
    if version != __version__:
        raise EngineError(
            f"The machine of an engine has hwaja {version}, the server {__version__}."
        )


class RayTransport:
    """A `worker_link.WorkerTransport` over calls of an actor.

    Each call to write or read begins with `caller`: nothing to an `EngineActor`, and the server's
    secret to a `SharedEngineActor`.
    """

    process = None

    def __init__(self, ray: Any, actor: Any, *caller: str) -> None:
        self._ray = ray
        self._actor = actor
        self._caller = caller
        self.replies = asyncio.StreamReader()
        self._writing = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Read replies from now on."""
        self._reading = asyncio.create_task(self._read(), name="replies of an engine")

    async def write(self, frame: bytearray) -> None:
        """Send a frame; see `WorkerTransport.write`."""
        starts = range(0, len(frame), PIECE_BYTES)
        async with self._writing:
            for first in range(0, len(starts), MAX_PIECES):
                some = starts[first : first + MAX_PIECES]
                pieces = [bytes(frame[start : start + PIECE_BYTES]) for start in some]
                if not await self.answer(self._actor.write.remote(*self._caller, *pieces)):
                    raise BrokenPipeError

    def kill(self) -> None:
        """Kill the actor, if it still runs, and the worker with it."""
        self._ray.kill(self._actor)

    async def end(self) -> None:
        """Kill the actor, and read no more replies."""
        self.kill()
        await self.stop_reading()

    async def stop_reading(self) -> None:
        """Read no more replies."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        try:
            with suppress(OSError):  # among them is TimeoutError
                while (piece := await self._next_piece()) is not None:
                    self.replies.feed_data(piece)
        finally:
            self.replies.feed_eof()

    async def _next_piece(self) -> bytes | None:
        async with asyncio.timeout(SILENCE_SECONDS):
            piece: bytes | None = await self.answer(self._actor.read.remote(*self._caller))
        return piece

    async def answer(self, call: Any) -> Any:
        """Wait for the answer to a call.

        Raises:
            OSError: the actor has died.

        """
        try:
            return await call
        except self._ray.exceptions.RayError as error:
            raise ConnectionError(type(error).__name__) from None


async def _result(call: Any) -> Any:
    return await call
