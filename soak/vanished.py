"""How long a client that vanishes keeps its place: `python -m soak.vanished`.

It opens a session and then neither sends, nor answers pings, nor closes: what is seen of one whose
network is gone.
"""

import argparse
import asyncio
import sys
import time

from raw_client import dialled

from hwaja.benchmark.serving import Service
from hwaja.client import ClientError
from hwaja.client.trust import client_tls
from soak.serving import kept
from soak.watching import BrokenPromiseError


async def vanish(service: Service, ping_seconds: float) -> None:
    """Take the only place, vanish, and see when it is free.

    Raises:
        BrokenPromiseError: where that takes longer than a ping and its time-out.

    """
    async with dialled(service.port, client_tls(service.cafile)) as client:
        await client.upgrade()
        began = time.monotonic()
        while True:
            try:
                async with service.open():
                    seconds = time.monotonic() - began
                    break
            except ClientError:  # it is full
                await asyncio.sleep(0.05)
    print(f"the place was free after {seconds:.1f} s; pings every {ping_seconds:g} s")
    if seconds > 2 * ping_seconds + 1:
        raise BrokenPromiseError("The place of a client that vanished was kept for longer.")


def main() -> int:
    """Run a server and vanish; return the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--ping-seconds", type=float, default=20)
    asked = arguments.parse_args()
    options = ("--max-connections", "1", "--ping-seconds", str(asked.ping_seconds))
    return kept(lambda service: vanish(service, asked.ping_seconds), *options)


if __name__ == "__main__":
    sys.exit(main())
