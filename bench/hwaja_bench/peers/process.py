"""A peer's process: started, asked, and what it has used."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile

import psutil

from hwaja_bench.processes import cpu_seconds, peak_bytes


class UnavailableError(Exception):
    """A peer does not run here. Says why."""


@dataclass(frozen=True)
class Heard:
    """What was made of an utterance."""

    text: str
    seconds: float
    """How long it took."""


@dataclass(frozen=True)
class Peer:
    """A process whose model is loaded."""

    process: psutil.Popen
    greeting: str
    """The line that it said then."""

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has used."""
        return cpu_seconds(self.process)

    @property
    def peak_bytes(self) -> int:
        """The most memory that it has had."""
        return peak_bytes(self.process)

    def hear(self, pcm: bytes) -> Heard:
        """Have `answering.answer` hear an utterance.

        Raises:
            UnavailableError: where it ends over it.

        """
        self.process.stdin.write(len(pcm).to_bytes(4, "little") + pcm)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise UnavailableError("it ended while it was hearing")
        return Heard(*json.loads(line))


@contextmanager
def running(module: str, arguments: Sequence[str] = ()) -> Iterator[Peer]:
    """Run a module of this package until the block ends.

    Raises:
        UnavailableError: where it does not come as far as loading its model.

    """
    command = [sys.executable, "-m", f"{__package__}.{module}", *arguments]
    with (
        TemporaryFile() as errors,
        psutil.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
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
