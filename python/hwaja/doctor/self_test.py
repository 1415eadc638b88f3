"""Sends an utterance through a real worker with a model whose output is known."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.doctor.speaking import live
from hwaja.engines.interface import Samples
from hwaja.engines.recognition import Hypothesis
from hwaja.models.conversion.tones import OUTPUT_SECONDS, Spoken, spoken, write_tone_model
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire

TONES = (0, 3, 3, 7, 1, 5, 2, 6)
"""Each tone, one of them twice in a row."""

TOLERANCE_SECONDS = 4 * OUTPUT_SECONDS
"""Tolerance for a tone's start time.

A tone begins at the output where most of the frames around it contain the tone, which is a little
early or late. A chunk (0.32 s) that is lost or decoded twice causes twice as large an error.
"""

_PIECE_SAMPLES = round(0.13 * SAMPLE_RATE)  # no multiple of any length in the model


def self_test(provider: str) -> Finding:
    """Feed an utterance of tones to a worker in pieces; compare its text with the expected one.

    Raises:
        EngineError: where the worker cannot be started or fails on the utterance.

    """
    tones = spoken(TONES)
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder))
        setup = wire.Setup(folder, None, "ko", provider=provider)
        heard = asyncio.run(_heard(setup, tones.samples))
    return judge(tones, heard, provider)


def judge(tones: Spoken, heard: Hypothesis, provider: str) -> Finding:
    """Compare the tones with the recognised text and its times."""
    starts = [token.start_seconds for token in heard.tokens]
    facts: dict[str, object] = {"provider": provider, "text_as_expected": heard.text == tones.text}
    if heard.text != tones.text or len(starts) != len(tones.start_seconds):
        sentence = phrase("self-test.wrong", provider=provider)
        return Finding("self-test", "failure", sentence, phrase("self-test.wrong.do"), facts)
    off_seconds = max(abs(was - is_) for was, is_ in zip(tones.start_seconds, starts, strict=True))
    facts["times_off_seconds"] = round(off_seconds, 3)
    if off_seconds > TOLERANCE_SECONDS:
        sentence = phrase("self-test.off", provider=provider, seconds=off_seconds)
        return Finding("self-test", "failure", sentence, phrase("self-test.off.do"), facts)
    return Finding("self-test", "ok", phrase("self-test", provider=provider), facts=facts)


async def _heard(setup: wire.Setup, samples: Samples) -> Hypothesis:
    pool = Pool(setup, workers=1)
    await pool.start()
    try:
        utterance = live("self-test", samples)
        for stop in range(_PIECE_SAMPLES, len(samples), _PIECE_SAMPLES):
            pool.extend(utterance, stop)
            await asyncio.sleep(0)  # send the piece before the next one is fed
        return await pool.finish(utterance, len(samples), len(samples) / SAMPLE_RATE)
    finally:
        await pool.close()
