"""Whether the size of a client's chunks changes what it is answered.

python bench/chunks.py ../shared/speech DanceStudio
"""

import asyncio

from corpus import asked_dialogue
from hwaja.benchmark.serving import Service, running_server
from service import answers, said

CHUNKS_SAMPLES = (4096, 160, 1237, 40_001)
"""The specification's, telephony's 10 ms, an odd number, and one longer than the server's piece."""


def main() -> None:
    dialogue = asked_dialogue(__doc__)

    async def run(service: Service) -> None:
        found = [
            said(await answers(service, dialogue, speed=0, chunk_samples=samples))
            for samples in CHUNKS_SAMPLES
        ]
        for samples, utterances in zip(CHUNKS_SAMPLES, found, strict=True):
            verdict = "same" if utterances == found[0] else "DIFFERENT"
            print(f"chunks of {samples} samples: {len(utterances)} utterances, {verdict}")

    with running_server() as service:
        asyncio.run(run(service))


if __name__ == "__main__":
    main()
