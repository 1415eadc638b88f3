"""A fleet on this machine: nodes that share certificate and ticket keys, behind HAProxy.

`hwaja bench fleet` (`make fleet`) runs one until Ctrl-C.
"""

import argparse
import asyncio
import secrets
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.server.config import Config
from hwaja.server.network.certificate import development_certificate
from hwaja_bench.arguments import positive
from hwaja_bench.balancer import VARIANTS, Balancer
from hwaja_bench.cables import Cable
from hwaja_bench.nodes import Node

NAMES = "abcdefgh"


@dataclass(frozen=True)
class Fleet:
    """Nodes and the balancer in front of them."""

    nodes: Sequence[Node]
    balancer: Balancer
    cafile: Path
    """The certificate of the nodes and of the balancer."""


@contextmanager
def fleet(
    count: int,
    *options: str,
    folder: Path | None = None,
    variant: str = "terminated",
    host: str = "127.0.0.1",
    port: int = 0,
    has_cables: bool = False,
) -> Iterator[Fleet]:
    """Prepare a fleet. Its nodes and its balancer are to be started; they stop with the context.

    Args:
        count: how many nodes.
        options: of `hwaja serve`, for each of them.
        folder: has the development certificate, or gets one; None: a certificate for this fleet.
        variant: as `Balancer`.
        host: as `Balancer`.
        port: as `Balancer`.
        has_cables: whether a cable leads to each node, which can be pulled. It takes root.

    Raises:
        BenchmarkError: as `Balancer`.

    """
    with ExitStack() as stack:
        own = Path(stack.enter_context(TemporaryDirectory()))
        if folder is not None:
            for file in development_certificate(folder):
                shutil.copy2(file, own)
        certificate, _ = development_certificate(own)
        keys = own / "ticket-keys"
        keys.touch(mode=0o600)
        keys.write_text(secrets.token_hex(32), encoding="ascii")
        names = NAMES[:count]
        cables = [_laid(number, stack) if has_cables else None for number in range(count)]
        proxies = " ".join(["127.0.0.1", *(cable.near_host for cable in cables if cable)])
        own_options = ("--ticket-key-file", str(keys), "--proxies", proxies, *options)
        nodes = [
            Node(own, *own_options, name=name, cable=cable)
            for name, cable in zip(names, cables, strict=True)
        ]
        balancer = Balancer(own, nodes, variant, host=host, port=port)
        for node in nodes:
            stack.callback(node.kill, signal.SIGTERM)
        for node in nodes:  # all at once, before each is waited for
            stack.callback(node.send, signal.SIGTERM)
        stack.callback(balancer.stop)
        yield Fleet(nodes, balancer, certificate)


def _laid(number: int, stack: ExitStack) -> Cable:
    """Lay a cable until `stack` is closed."""
    cable = Cable(number)
    stack.callback(cable.remove)
    return cable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=positive, default=4, help="[default %(default)s]")
    parser.add_argument("--host", default="127.0.0.1", help="[default %(default)s]")
    parser.add_argument("--port", type=positive, default=8088, help="[default %(default)s]")
    parser.add_argument("--variant", choices=VARIANTS, default=VARIANTS[0])
    parser.add_argument(
        "--folder",
        type=Path,
        default=Config().data_dir,
        help="of the development certificate, which clients trust [default %(default)s]",
    )
    parser.add_argument(
        "--serve",
        nargs=argparse.REMAINDER,
        default=["--workers", "1"],
        help="further options of hwaja serve [default --workers 1]",
    )


def run(asked: argparse.Namespace) -> int:
    """Run a fleet until Ctrl-C or SIGTERM; return the exit code."""
    with fleet(
        asked.nodes,
        *asked.serve,
        folder=asked.folder,
        variant=asked.variant,
        host=asked.host,
        port=asked.port,
    ) as running:
        asyncio.run(_until_stopped(running))
        print("stopping", flush=True)
    return 0


async def _until_stopped(running: Fleet) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    for node in running.nodes:
        node.start(log=None)
    for node in running.nodes:
        await node.ready()
        print(f"node {node.name}: process {node.pid}, port {node.port}", flush=True)
    running.balancer.start()
    page = running.balancer.url.replace("wss:", "https:")
    print(f"fleet of {len(running.nodes)} nodes: {page}/ (kill one and go on talking)", flush=True)
    await stop.wait()
