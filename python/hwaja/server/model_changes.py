"""Changes the recogniser while the server runs: on SIGHUP, the configured one is compared with it.

Another recogniser loads in a new generation of workers beside the current one. Once all its workers
are ready, new utterances go to it (`workers/generations.py`). One that cannot be loaded changes
nothing. One model loads at a time: a later request for another model cancels the load.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import structlog

from hwaja.engines.interface import EngineError
from hwaja.models import ModelError
from hwaja.observability.metrics import Metrics
from hwaja.privacy.error_redaction import describe
from hwaja.process.memory import memory_now, resident_bytes
from hwaja.server.config import ConfigError
from hwaja.workers.generations import Generation, Generations
from hwaja.workers.transport import wire

_log = structlog.get_logger("hwaja.server.model_changes")

PROCESS_BYTES = 90_000_000
"""Memory of a worker without a model: Python and the libraries."""

Stamps = frozenset[tuple[str, int, int]]
"""Of each file, its real path, size in bytes and modification time in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Model:
    """What a generation of workers loads. Two are equal if the same files are loaded alike."""

    name: str = field(compare=False)
    """The recogniser as it is configured: a name from the catalogue, or a folder."""
    setup: wire.Setup
    interim_setup: wire.Setup | None
    """What makes the interim texts, where that is another recogniser."""
    recogniser_files: Stamps
    interim_files: Stamps
    voice_files: Stamps

    @classmethod
    def of(cls, name: str, setup: wire.Setup, interims: wire.Setup | None = None) -> Self:
        """Return the model that is loaded from the files as they are now.

        Raises:
            ModelError: a file cannot be read.

        """
        return cls(
            name,
            setup,
            interims,
            _stamps(Path(setup.recogniser_dir)),
            frozenset() if interims is None else _stamps(Path(interims.recogniser_dir)),
            frozenset() if setup.voices is None else _stamps(Path(setup.voices.embedder_file)),
        )

    @property
    def files_of_interims(self) -> Stamps:
        """The files of the recogniser that makes the interim texts."""
        return self.recogniser_files if self.interim_setup is None else self.interim_files


def _stamps(place: Path) -> Stamps:
    """Return the stamps of a file, or of all files in a folder.

    Raises:
        ModelError: one cannot be read.

    """
    try:
        files = [file for file in (place, *place.rglob("*")) if file.is_file()]
        found = [(file.resolve(), file.stat()) for file in files]
    except OSError as error:
        raise ModelError(f"{place} cannot be read: {error.strerror}.") from error
    return frozenset((str(file), stat.st_size, stat.st_mtime_ns) for file, stat in found)


def _bytes(files: Stamps) -> int:
    return sum(size for _, size, _ in files)


class ModelChanges:
    """Takes over the configured recogniser when it is asked to."""

    def __init__(
        self,
        running: Model,
        configured: Callable[[], Model],
        build: Callable[[Model], Generation],
        generations: Generations,
        metrics: Metrics,
        requested: asyncio.Event,
    ) -> None:
        """Prepare; `run` takes requests.

        Args:
            running: the model of the current generation.
            configured: reads the configuration again and returns the model that it names. Raises
                ConfigError or ModelError. It is called in a thread.
            build: returns a generation for a model, without starting a process.
            generations: the generations of the server.
            metrics: counts the changes.
            requested: set it to have the configuration read again.

        """
        self.running = running
        """The model of the current generation."""
        self._requested = requested
        self._configured = configured
        self._build = build
        self._generations = generations
        self._metrics = metrics
        self._loading: Model | None = None
        self._load_task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Take requests until the task is cancelled. A load is then cancelled too."""
        try:
            while True:
                await self._requested.wait()
                self._requested.clear()
                await self._take_request()
        finally:
            await self._cancel_load()

    async def _take_request(self) -> None:
        try:
            wanted = await asyncio.to_thread(self._configured)
            self._check_voices(wanted)
        except Exception as error:
            self._note_failure(error)
            return
        if wanted == self._loading:
            return
        await self._cancel_load()
        if wanted == self.running:
            _log.info("unchanged", what="model")
            return
        self._loading = wanted
        self._load_task = asyncio.create_task(self._load(wanted), name="load of a model")

    async def _cancel_load(self) -> None:
        if self._load_task is not None:
            self._load_task.cancel()
            await asyncio.gather(self._load_task, return_exceptions=True)

    async def _load(self, wanted: Model) -> None:
        """Load a model beside the running one, then send new work to it."""
        began = time.monotonic()
        try:
            self._check_memory(wanted)
            generation = await self._started(wanted)
        except Exception as error:
            self._note_failure(error)
        else:
            staying = self._generations.change(generation)
            self.running = wanted
            self._metrics.model_changed(succeeded=True)
            seconds = round(time.monotonic() - began, 1)
            _log.info("reloaded", what="model", model=wanted.name, seconds=seconds)
            if staying:
                sentence = "transcriptions stay with the model before: the new one refuses theirs"
                _log.warning(sentence, transcriptions=staying)
        finally:
            self._loading = None

    async def _started(self, model: Model) -> Generation:
        generation = self._build(model)
        try:
            await generation.start(beside=self._generations.current)
        except BaseException:  # cancelled, for example
            await generation.close()
            raise
        return generation

    def _check_voices(self, wanted: Model) -> None:
        """Check that the new workers would load the same speaker embedder.

        Embeddings of another one could not be compared with the voices of the running sessions.

        Raises:
            ModelError: its file was changed.

        """
        if wanted.voice_files != self.running.voice_files:
            raise ModelError("The model of the voices has changed: restart the server.")

    def _check_memory(self, wanted: Model) -> None:
        """Check that there is memory for the new workers beside the running ones.

        Each is taken to need what a running one takes, and the difference of the models' files.

        Raises:
            EngineError: the memory is too small.

        """
        memory = memory_now()
        current, running = self._generations.current, self.running
        more = _bytes(wanted.recogniser_files) - _bytes(running.recogniser_files)
        more_interims = _bytes(wanted.files_of_interims) - _bytes(running.files_of_interims)
        needs = [resident_bytes(each.pid) + more for each in current.pool.processes.values()]
        if interims := current.interims.processes:
            needs += [resident_bytes(each.pid) + more_interims for each in interims.values()]
        elif wanted.interim_setup is not None:
            needs.append(PROCESS_BYTES + _bytes(wanted.interim_files))
        needed = sum(max(0, each) for each in needs)
        if memory is not None and needed > memory.available:
            raise EngineError(
                f"The new model needs about {needed / 1e9:.1f} GB beside the running one, and "
                f"{memory.available / 1e9:.1f} GB are available."
            )

    def _note_failure(self, error: Exception) -> None:
        """Log why the running model stays."""
        self._metrics.model_changed(succeeded=False)
        is_ours = isinstance(error, ConfigError | EngineError | ModelError)
        facts = {"reason": str(error)} if is_ours else describe(error)
        _log.error("not reloaded, the one before stays", what="model", **facts)
