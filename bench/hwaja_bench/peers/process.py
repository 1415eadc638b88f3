"""Starts a peer's process, sends it utterances, and measures its resources."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile

import psutil

from hwaja_bench.processes import cpu_seconds, peak_bytes


class UnavailableError(Exception):
    """A peer cannot run here. The message gives the reason."""


@dataclass(frozen=True)
class PeerText:
    """A peer's result for an utterance."""

    text: str
    seconds: float
    """Processing time."""


@dataclass(frozen=True)
class Peer:
    """A peer's process with a loaded model."""

    process: psutil.Popen
    greeting: str
    """The line that it printed after loading."""

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process."""
        return cpu_seconds(self.process)

    @property
    def peak_bytes(self) -> int:
        """Peak memory of the process."""
        return peak_bytes(self.process)

    def hear(self, pcm: bytes) -> PeerText:
        """Send an utterance to `answering.answer` and return the result.

        Raises:
            UnavailableError: where the process ends meanwhile.

        """
        self.process.stdin.write(len(pcm).to_bytes(4, "little") + pcm)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise UnavailableError("it ended while it was hearing")
        return PeerText(*json.loads(line))


@contextmanager
def running(module: str, arguments: Sequence[str] = (), threads: int = 1) -> Iterator[Peer]:
    """Run a module of this package while the context is open; `threads` is of its recogniser.

    Raises:
        UnavailableError: where the process ends before its model is loaded.

    """
    command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
    with (
        TemporaryFile() as errors,
        psutil.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
        ) as process,
    ):
        try:
            greeting = process.stdout.readline().decode()
            if not greeting:
                process.wait()
                errors.seek(0)
                lines = errors.read().decode(errors="replace").splitlines()
                raise UnavailableError(lines[-1] if lines else "it said nothing")
            yield Peer(process, greeting.strip())
        finally:
            process.terminate()
