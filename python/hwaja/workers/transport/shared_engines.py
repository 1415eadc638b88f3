"""Workers that several servers use, as named actors of Ray.

The first server that wants an engine starts it, and it ends after the last one has left. The names
are numbered: each server uses the first so many of them. So there are as many engines as the server
that wants most of them has, and each server scales for itself.
"""

import asyncio
import hashlib
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

from hwaja import __version__
from hwaja.engines.interface import EngineError
from hwaja.workers.transport import wire
from hwaja.workers.transport.ray_engines import (
    SILENCE_SECONDS,
    RayEngines,
    RayTransport,
    cannot_start,
    check_version,
)
from hwaja.workers.transport.shared_actor import SharedEngineActor

_AGAIN_SECONDS = 0.2
_TRIES = 50
"""How often an actor that has died is asked for again: Ray frees the name of one on a dead machine
after 1 s to 3 s."""


class SharedEngines:
    """The engines with one setup, which servers share under one name."""

    def __init__(self, engines: RayEngines, name: str, setup: wire.Setup) -> None:
        """Use a connected cluster. Servers share engines if they have the same name and setup."""
        self._engines = engines
        self._name = name
        self._actors = engines.actors(SharedEngineActor)
        self._setup = hashlib.sha256(msgspec.msgpack.encode((__version__, setup))).hexdigest()
        self._used: set[int] = set()

    async def spawn(self, module: str) -> "SharedTransport":
        """Use one more engine, which is started unless it runs; see `worker_link.Spawn`."""
        number = next(each for each in count() if each not in self._used)
        self._used.add(number)
        try:
            actor, secret = await self._attached(module, number)
        except BaseException:
            self._used.discard(number)
            raise
        return SharedTransport(self._engines.ray, actor, secret, lambda: self._used.discard(number))

    async def _attached(self, module: str, number: int) -> tuple[Any, str]:
        """Return an engine, and the secret by which it knows this server.

        Raises:
            EngineError: it cannot be started.

        """
        name = f"{module} {self._setup} {number}"
        failure = EngineError("A shared engine ends as soon as it is started.")
        for _ in range(_TRIES):
            # In a thread, as Ray asks the head for the name.
            actor = await asyncio.to_thread(self._named, name)
            try:
                version, secret = await self._engines.placed(actor.attach.remote(module))
            except self._engines.ray.exceptions.RayActorError as error:  # it has just ended
                failure = cannot_start(error)
            except self._engines.ray.exceptions.RayError as error:
                raise cannot_start(error) from None
            else:
                check_version(version)
                if secret is not None:
                    return actor, secret
            await asyncio.sleep(_AGAIN_SECONDS)
        raise failure

    def _named(self, name: str) -> Any:
        """Return the actor with a name. Start it unless it is there."""
        return self._actors.options(
            namespace=self._name, name=name, get_if_exists=True, lifetime="detached"
        ).remote()


class SharedTransport(RayTransport):
    """A `worker_link.WorkerTransport` over calls of a `SharedEngineActor`."""

    def __init__(self, ray: Any, actor: Any, secret: str, on_end: Callable[[], None]) -> None:
        super().__init__(ray, actor, secret)
        self._secret = secret
        self._on_end = on_end
        self.begin()

    async def end(self) -> None:
        """Leave the engine, which others may use. One that does not answer is killed for all."""
        try:
            await self.stop_reading()
            async with asyncio.timeout(SILENCE_SECONDS):
                await self.answer(self._actor.leave.remote(self._secret))
        except TimeoutError:
            self.kill()
        except OSError:
            pass  # it has ended
        finally:
            self._on_end()
