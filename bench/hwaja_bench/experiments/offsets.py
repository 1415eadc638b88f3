"""What DC and hum of the mains do to the measures of a take.

hwaja bench experiment offsets ../shared/speech

Two sentences of each of the reported voices of emotiontts at -28 dBFS, pauses included, in white
noise of -56 dBFS.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import Reason
from hwaja.protocol.quality import warnings
from hwaja_bench.experiments.enrolment import Desk
from hwaja_bench.speech.people import Audio, speakers


def hum(hertz: float) -> Callable[[Audio], Audio]:
    """Return a sine of -45 dBFS, as long as what it is given."""
    amplitude = np.float32(np.sqrt(2) * 10 ** (-45 / 20))
    return lambda take: amplitude * np.sin(2 * np.pi * hertz / SAMPLE_RATE * np.arange(len(take)))


ADDED: dict[str, Callable[[Audio], Audio]] = {
    "nothing": np.zeros_like,
    "DC 0.01": lambda take: np.full_like(take, 0.01),
    "DC 0.1": lambda take: np.full_like(take, 0.1),
    "50 Hz, -45 dBFS": hum(50),
    "60 Hz, -45 dBFS": hum(60),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)


def run(args: argparse.Namespace) -> None:
    random, slot = np.random.default_rng(0), Desk()
    takes = []
    for speaker in speakers(args.speech, "reported"):
        if speaker.group == "emotiontts":
            take = np.concatenate(speaker.clips[:2])
            take *= 0.04 / np.sqrt(np.mean(take**2))
            noise = 10 ** (-56 / 20) * random.standard_normal(len(take))
            takes.append((take + noise).astype(np.float32))
    for name, added in ADDED.items():
        judged = [slot.judge(take + added(take))[1] for take in takes]
        found = [quality for quality in judged if quality is not None]
        level, snr = (
            np.median([getattr(quality, field) for quality in found])
            for field in ("level_dbfs", "snr_db")
        )
        noisy = sum(Reason.NOISY in warnings(quality) for quality in found)
        print(f"{name}: level {level:.1f} dBFS, SNR {snr:.1f} dB, {noisy} of {len(found)} noisy")
