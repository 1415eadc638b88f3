"""A server with the tone model, and what became of a promise on it."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.benchmark.serving import Service, running_server
from hwaja.client import ClientError
from hwaja.models.tones import write_tone_model
from soak.watching import BrokenPromiseError


def kept(promise: Callable[[Service], Coroutine[None, None, None]], *options: str) -> int:
    """Try a promise on a server; print how it is broken and return the exit code."""
    broken: list[Exception] = []
    with TemporaryDirectory() as folder:
        write_tone_model(Path(folder))
        with running_server("--asr-model", folder, *options) as service:
            try:
                asyncio.run(promise(service))
            except* (BrokenPromiseError, ClientError, TimeoutError) as group:
                broken += group.exceptions
    for error in broken:
        print(f"broken: {error!r}")
    return 1 if broken else 0
