"""Gives utterances to the workers as a session does: for the text and the speaker embedding."""

import asyncio
from collections.abc import Hashable

import numpy as np

from hwaja.client.sound_files import to_pcm16
from hwaja.doctor.babble import babble
from hwaja.engines.interface import Pcm16, Samples
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.vad.gate import GateSettings
from hwaja.workers.shared_workers import SessionPool
from hwaja.workers.utterance_stream import UtteranceStream


async def analysed(pool: SessionPool, owner: Hashable, samples: Samples) -> Hypothesis:
    """Recognise an utterance and embed its voice; return the text when both are done.

    Raises:
        EngineError: where the engine fails on the utterance.

    """
    text, _ = await asyncio.gather(_text(pool, owner, samples), _embed(pool, owner, samples))
    return text


async def longest(pool: SessionPool, workers: int) -> None:
    """Have one worker do all with an utterance of the maximum length, which needs the most memory.

    Only one recognises it: a Whisper may loop in it, for 30 s of processor time. So many at once
    may reach the time limit on a busy machine, and a worker that does is killed.

    Raises:
        EngineError: where the engine fails on it.

    """
    samples = babble(GateSettings().max_seconds, seed=0)
    await _text(pool, "longest", samples)
    # Twice as many as workers, so that the one that recognised embeds as well.
    await asyncio.gather(*(_embed(pool, owner, samples) for owner in range(2 * workers)))


def live(owner: Hashable, samples: Samples, *, interims: bool = False) -> UtteranceStream:
    """Return an utterance for streaming recognition."""

    def read(start: int, stop: int) -> Pcm16:
        return pcm16(samples[start:stop])

    return UtteranceStream(owner, Options(), read, 0, _ignore if interims else None)


async def _text(pool: SessionPool, owner: Hashable, samples: Samples) -> Hypothesis:
    seconds = len(samples) / SAMPLE_RATE
    if pool.abilities.streaming:
        utterance = live(owner, samples, interims=True)
        return await pool.finish(utterance, len(samples), seconds)
    return await pool.recognise(owner, lambda: pcm16(samples), len(samples), Options())


async def _embed(pool: SessionPool, owner: Hashable, samples: Samples) -> None:
    await pool.embed(owner, lambda: pcm16(samples), len(samples), overlaps=True)


def pcm16(samples: Samples) -> Pcm16:
    """Return audio as a client sends it, in a new array."""
    return np.frombuffer(to_pcm16(samples), np.int16).copy()


def _ignore(_text: str) -> None:
    """Ignore an interim text; it is requested only for its cost."""
