"""The recogniser of a running server: its workers, the language worker, and its changes."""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import structlog

from hwaja.engines.texts.language_model import ranks
from hwaja.observability.metrics import Metrics
from hwaja.process.supervision import Escalate, supervised
from hwaja.server.config import Config
from hwaja.server.model_changes import Model, ModelChanges
from hwaja.workers.charges import Charges
from hwaja.workers.generations import Generation, Generations
from hwaja.workers.interim_streams import InterimStreams
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.reranker import Reranker
from hwaja.workers.scaling import Scaling
from hwaja.workers.transport.worker_link import SpawnFor

CHANGEABLE = (
    "asr_model",
    "interim_model",
    "language",
    "decoding_method",
    "number_style",
    "mask",
)
"""The options that are taken over while the server runs. The others need a restart."""

_log = structlog.get_logger("hwaja.server.recogniser")


class RunningRecogniser:
    """Starts the recogniser of a configuration, and changes it on request."""

    def __init__(
        self,
        config: Config,
        read_config: Callable[[], Config],
        model_of: Callable[[Config], Model],
        requested: asyncio.Event,
        metrics: Metrics,
        escalate: Escalate,
        spawn_for: SpawnFor | None = None,
    ) -> None:
        """Create it without starting a process.

        Args:
            config: the configuration at the start.
            read_config: reads the configuration again. Raises ConfigError.
            model_of: returns the recogniser of a configuration. Raises ModelError.
            requested: set it to take over the recogniser that is configured by then.
            metrics: publishes the figures of the workers.
            escalate: called where the current workers cannot go on (`supervision.py`).
            spawn_for: returns what starts the workers of a recogniser. None: they are processes of
                this machine.

        Raises:
            ModelError: a model is absent.

        """
        self._config = config
        self._read_config = read_config
        self._model_of = model_of
        self._metrics = metrics
        self._escalate = escalate
        self._spawn_for = spawn_for
        self._charges = Charges(config.first_workers)
        self._reranker = Reranker()
        model = model_of(config)
        first = self._build(model, config.first_workers)
        scaling = None if spawn_for is None else Scaling(config.min_engines, config.max_engines)
        self.generations = Generations(first, self._rank_if_useful, scaling)
        """The workers."""
        self._changes = ModelChanges(
            model, self._configured, self._build_next, self.generations, metrics, requested
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the workers, and take requests for changes from now on.

        Raises:
            EngineError: a worker cannot start or load its models.

        """
        await self.generations.current.start()
        await self._rank_if_useful()
        self._metrics.watch_language_worker(lambda: self._reranker.processes)
        self._metrics.watch_model(lambda: _labels_of(self._changes.running))
        self._tasks = [supervised("change of the model", self._changes.run)]

    async def close(self) -> None:
        """End all processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.generations.close()
        await self._reranker.close()

    def _configured(self) -> Model:
        """Read the configuration again; return its model."""
        config = self._read_config()
        others = [
            option.name
            for option in dataclasses.fields(Config)
            if option.name not in CHANGEABLE
            and getattr(config, option.name) != getattr(self._config, option.name)
        ]
        if others:
            _log.warning("other options change at a restart only", options=others)
        # The sessions keep samples of voices for it, or none.
        kept = dataclasses.replace(config, overlap_model=self._config.overlap_model)
        return self._model_of(kept)

    def _build_next(self, model: Model) -> Generation:
        return self._build(model, self.generations.current.pool.workers)

    def _build(self, model: Model, workers: int) -> Generation:
        def escalate(task: str) -> None:
            if self.generations.current.pool is pool:  # else the server has other workers
                self._escalate(task)

        choose = self._reranker.choose
        spawn = None if self._spawn_for is None else self._spawn_for(model.setup)
        pool = Pool(model.setup, workers, escalate, choose, self._charges, spawn)
        streams = None if model.interim_setup is None else InterimStreams(model.interim_setup)
        return Generation(pool, InterimWorker(model.setup.beside_server), streams)

    async def _rank_if_useful(self) -> None:
        """Let the language worker run as long as the recogniser has use for it."""
        if ranks(self.generations.abilities, self._changes.running.setup.language):
            self._reranker.start()
        else:
            await self._reranker.close()


def _labels_of(model: Model) -> dict[str, str]:
    setup = model.setup
    return {
        "model": Path(model.name).name,  # of a folder, not its path
        "language": setup.language,
        "decoding_method": setup.decoding_method,
    }
