"""Loads the configured models in all workers, as the server does, and recognises test speech."""

import time
from pathlib import Path

from hwaja.doctor import machine
from hwaja.doctor.babble import babble
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.doctor.speaking import analysed
from hwaja.engines.recognition import Abilities
from hwaja.workers.interim_streams import InterimStreams
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

UTTERANCE_SECONDS = 3.0
"""Length of a generated utterance; people seldom speak much longer between two pauses."""

_TRIES = 3


async def recogniser(pool: Pool, setup: wire.Setup) -> Finding:
    """Start the workers and recognise generated utterances; the pool stays open.

    Raises:
        EngineError: where the models cannot be loaded or fail.

    """
    began = time.monotonic()
    await pool.start()
    load_seconds = time.monotonic() - began
    # The first call is slow, and a recogniser may loop on one utterance: the fastest counts.
    answers = [await _answer_seconds(pool, seed) for seed in range(_TRIES)]
    return judge(setup, pool.abilities, load_seconds, min(answers))


async def _answer_seconds(pool: Pool, seed: int) -> float:
    samples = babble(UTTERANCE_SECONDS, seed)
    began = time.monotonic()
    await analysed(pool, "recogniser", samples)
    return time.monotonic() - began


def judge(
    setup: wire.Setup, abilities: Abilities, load_seconds: float, answer_seconds: float
) -> Finding:
    """Judge a recogniser's load time and its time for an utterance."""
    name = Path(setup.recogniser_dir).name
    facts = {
        "name": name,
        "language": setup.language,
        "provider": setup.provider,
        "streaming": abilities.streaming,
        "load_seconds": round(load_seconds, 2),
        "answer_seconds": round(answer_seconds, 2),
    }
    sentence = phrase("recogniser", **facts, speech_seconds=UTTERANCE_SECONDS)
    if answer_seconds <= UTTERANCE_SECONDS:
        return Finding("recogniser", "ok", sentence, facts=facts)
    return Finding("recogniser", "warning", sentence, phrase("recogniser.do"), facts)


async def interim_model(setup: wire.Setup) -> Finding:
    """Load the model for interim texts; the memory of its process is among the facts.

    Raises:
        EngineError: where the model cannot be loaded or does not stream.

    """
    streams = InterimStreams(setup)
    began = time.monotonic()
    try:
        await streams.start()
        load_seconds = round(time.monotonic() - began, 2)
        (process,) = streams.processes.values()
        worker_bytes = machine.peak_bytes(process.pid)
    finally:
        await streams.close()
    name = Path(setup.recogniser_dir).name
    facts = {"name": name, "load_seconds": load_seconds, "worker_bytes": worker_bytes}
    return Finding("interim-model", "ok", phrase("interim-model", **facts), facts=facts)
