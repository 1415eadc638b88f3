"""Whether a client loses anything while inference processes are killed, one after the other.

python bench/killed_worker.py ../shared/speech DanceStudio
"""

import asyncio
import os
import signal

from corpus import Dialogue, asked_dialogue
from hwaja.benchmark.serving import Service, running_server
from service import answers, said

SPEED = 4.0
EVERY_SECONDS = 2.0


async def kill_workers(service: Service) -> None:
    """Kill the oldest worker, again and again; it works at the time or it does not."""
    killed = 0
    try:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            os.kill(min(service.worker_pids), signal.SIGKILL)
            killed += 1
    finally:
        print(f"workers killed: {killed}")


async def compare(service: Service, dialogue: Dialogue) -> None:
    """Print whether a dialogue is answered the same while workers die."""
    undisturbed = said(await answers(service, dialogue, SPEED))
    killing = asyncio.create_task(kill_workers(service))
    disturbed = said(await answers(service, dialogue, SPEED))
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    verdict = "same" if disturbed == undisturbed else "DIFFERENT"
    print(f"{len(undisturbed)} utterances alone, {len(disturbed)} with deaths: {verdict}")


def main() -> None:
    dialogue = asked_dialogue(__doc__)
    with running_server() as service:
        asyncio.run(compare(service, dialogue))


if __name__ == "__main__":
    main()
