"""Runs all checks of one configuration in the order of their dependencies."""

import asyncio
from collections.abc import Generator
from contextlib import AsyncExitStack, suppress

from hwaja.doctor import machine
from hwaja.doctor.advice import advice, measured_per_core, situation_of
from hwaja.doctor.capacity import Progress, capacity
from hwaja.doctor.certificates import certificate
from hwaja.doctor.detector import detector
from hwaja.doctor.findings import Finding, checked
from hwaja.doctor.language import phrase
from hwaja.doctor.libraries import libraries
from hwaja.doctor.models import model
from hwaja.doctor.provider import provider
from hwaja.doctor.recogniser import interim_model, recogniser
from hwaja.doctor.self_test import self_test
from hwaja.doctor.speaking import longest
from hwaja.doctor.tokens import tokens
from hwaja.engines.interface import EngineError
from hwaja.engines.texts.language_model import MEMORY_BYTES, ranks
from hwaja.models import all_models
from hwaja.process.memory import Memory, memory_now
from hwaja.server.application import interim_setup, model_names, spawn_of, worker_setup
from hwaja.server.config import Config
from hwaja.workers.pool import Pool


def diagnose(config: Config, seconds: float, progress: Progress) -> Generator[Finding]:
    """Yield the finding of each check when the check is done.

    Args:
        config: the server's configuration.
        seconds: duration of the capacity measurement; 0: none.
        progress: called with progress messages.

    """
    free = memory_now()  # before this process allocates much
    progress(phrase("progress.machine"))
    yield checked("python", machine.python)
    yield checked("libraries", libraries)
    progress(phrase("progress.provider"))
    found = checked("provider", lambda: provider(config))
    yield found
    # Even where the provider does not run, the other checks can run on the CPU.
    running = str(found.facts.get("running", "cpu"))
    is_local = config.engines == "local"
    workers_here = config.workers if is_local else 1  # the one for interim texts
    yield checked("cpu", lambda: machine.cpu(machine.processor(), workers_here, running))
    yield checked("certificate", lambda: certificate(config))
    if files := [file for file in (config.token_file, config.metrics_token_file) if file]:
        yield checked("tokens", lambda: tokens(files))
    for name in model_names(config):
        progress(phrase("progress.reading", name=name))
        yield checked(f"model {name}", lambda name=name: model(name))  # type: ignore[misc]
    progress(phrase("progress.hearing"))
    yield checked("detector", detector)
    yield checked("self-test", lambda: self_test(running if is_local else "cpu"))
    measured: Finding | None = None
    for found in _engine(config, running, free, seconds, progress):
        measured = found if found.name == "capacity" else measured
        yield found
    if is_local:
        yield checked("advice", lambda: _advice(config, running, free, measured))


def _engine(
    config: Config, running: str, free: Memory | None, seconds: float, progress: Progress
) -> Generator[Finding]:
    """Check the workers' results, capacity and memory."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        pool: Pool | None = None

        def load() -> Finding:
            nonlocal pool
            setup = worker_setup(config, running)
            spawn_for = runner.run(spawn_of(config, stack))
            spawn = None if spawn_for is None else spawn_for(setup)
            pool = Pool(setup, config.first_workers, spawn=spawn)
            return runner.run(recogniser(pool, setup))

        def load_interims() -> Finding:
            return runner.run(interim_model(interim_setup(config, running)))

        try:
            progress(phrase("progress.loading"))
            found = checked("recogniser", load)
            yield found
            interims: Finding | None = None
            if config.interim_model:
                interims = checked("interim-model", load_interims)
                yield interims
            if pool is not None and found.state != "failure" and seconds:
                yield checked(
                    "capacity", lambda: runner.run(capacity(pool, config, seconds, progress))
                )
            if pool is not None and found.state != "failure":
                progress(phrase("progress.hearing"))
                with suppress(EngineError):  # the memory used until then counts
                    runner.run(longest(pool, config.first_workers))
            yield checked("memory", lambda: _memory(pool, config, free, interims))
        finally:
            if pool is not None:
                runner.run(pool.close())
            runner.run(stack.aclose())


def _advice(config: Config, running: str, free: Memory | None, measured: Finding | None) -> Finding:
    cores = machine.processor().cores
    per_core = measured_per_core(config, cores, measured)
    situation = situation_of(config, cores, free, per_core, has_gpu=running == "cuda")
    return advice(config, situation, all_models())


def _memory(
    pool: Pool | None, config: Config, free: Memory | None, interims: Finding | None
) -> Finding:
    pids = [process.pid for process in pool.processes.values()] if pool is not None else []
    peaks = [peak for pid in pids if (peak := machine.peak_bytes(pid)) is not None]
    # An offline recogniser needs one more process for interim texts: `interim_worker`, or that of
    # the model for interim texts.
    needs_interims = pool is None or not pool.abilities.streaming
    interim_worker = 1 if needs_interims and interims is None else 0
    # This process has loaded about the same as the server's front process.
    front_bytes = machine.peak_bytes("self") or 0
    if needs_interims and interims is not None:
        front_bytes += int(interims.facts.get("worker_bytes") or 0)
    if pool is not None and ranks(pool.abilities, config.language):
        front_bytes += MEMORY_BYTES
    worker_bytes = max(peaks, default=None)
    return machine.memory(free, front_bytes, worker_bytes, config.workers + interim_worker)
