"""Whether the size of a client's chunks changes what it is answered.

python bench/chunks.py ../shared/speech DanceStudio
"""

import argparse
import asyncio
from pathlib import Path

from corpus import load_dialogue
from service import Service, answers, running_server, said

CHUNKS_SAMPLES = (4096, 160, 1237, 40_001)
"""The specification's, telephony's 10 ms, an odd number, and one longer than the server's piece."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    args = parser.parse_args()
    dialogue = load_dialogue(args.speech, args.room)

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
