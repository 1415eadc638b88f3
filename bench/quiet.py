"""Whether anything is transcribed where nobody speaks: two minutes each of three signals.

python bench/quiet.py ../shared/speech DanceStudio
"""

import asyncio
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from corpus import asked_dialogue
from hwaja.benchmark.serving import Service, running_server
from hwaja.client.sound_files import to_pcm16
from hwaja.protocol.audio import SAMPLE_RATE
from service import answers, said

DURATION_SECONDS = 120
NOISE_DBFS = -40.0
TONE_HZ = 440
TONE_DBFS = -20.0


def signals() -> dict[str, NDArray[np.float64]]:
    """Return the signals, in [-1, 1]."""
    count = DURATION_SECONDS * SAMPLE_RATE
    noise = np.random.default_rng(0).standard_normal(count) * 10 ** (NOISE_DBFS / 20)
    phase = 2 * np.pi * TONE_HZ * np.arange(count) / SAMPLE_RATE
    tone = np.sin(phase) * np.sqrt(2) * 10 ** (TONE_DBFS / 20)
    return {
        "digital silence": np.zeros(count),
        f"white noise at {NOISE_DBFS:g} dBFS": noise,
        f"{TONE_HZ} Hz tone at {TONE_DBFS:g} dBFS": tone,
    }


def main() -> None:
    dialogue = asked_dialogue(__doc__)

    async def run(service: Service) -> None:
        for name, signal in signals().items():
            quiet = replace(dialogue, pcm=to_pcm16(signal), placed=())
            arrivals = await answers(service, quiet, speed=0)
            print(f"{DURATION_SECONDS} s of {name}: {len(said(arrivals))} transcriptions")

    with running_server() as service:
        asyncio.run(run(service))


if __name__ == "__main__":
    main()
