"""`hwaja serve` as a separate process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ENGLISH = ("--asr-model", "moonshine-tiny-en", "--language", "en", "--workers", "1")


@dataclass
class Running:
    """A server process that has logged that it serves."""

    process: subprocess.Popen[str]
    url: str
    certificate: Path
    serving: dict[str, Any]
    """The line of the log that says so."""

    def next_line(self) -> dict[str, Any]:
        """Wait for the next line of the log. `end` does not return it again."""
        assert self.process.stderr is not None
        line: dict[str, Any] = json.loads(self.process.stderr.readline())
        return line

    def hang_up(self, *events: str) -> dict[str, Any]:
        """Send SIGHUP; wait for the next line of the log with one of these events."""
        self.process.send_signal(signal.SIGHUP)
        return self.line_of(*events)

    def line_of(self, *events: str) -> dict[str, Any]:
        """Wait for the next line of the log about the model with one of these events."""
        while (line := self.next_line()).get("what") != "model" or line["event"] not in events:
            pass
        return line

    def end(self) -> list[dict[str, Any]]:
        """Wait until the process ends; returns what it logged since it served."""
        _, log = self.process.communicate(timeout=60)
        return [json.loads(line) for line in log.splitlines()]


@contextmanager
def hwaja_serve(
    folder: Path,
    *options: str,
    model: tuple[str, ...] = ENGLISH,
    stdout: IO[str] | None = None,
    **environment: str,
) -> Iterator[Running]:
    """Run `hwaja serve` with a certificate kept in `folder`.

    Without `model`, the options of the recogniser, it has the small English one.
    """
    command = [sys.executable, "-m", "hwaja", "serve", *model, "--log-format", "json"]
    command += ["--dev-cert", "--data-dir", str(folder), "--host", "127.0.0.1", *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HWAJA_")}
    cache = {"HWAJA_CACHE": os.environ["HWAJA_CACHE"]} if "HWAJA_CACHE" in os.environ else {}
    with subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=kept | cache | environment
    ) as process:
        try:
            assert process.stderr is not None
            serving = {"event": ""}
            while serving["event"] != "serving":  # before it, Ray may have had no room for a while
                line = process.stderr.readline()
                assert line.startswith("{"), line
                serving = json.loads(line)
            port = serving["url"].rpartition(":")[2]
            yield Running(process, f"wss://localhost:{port}", folder / "dev-cert.pem", serving)
        finally:
            process.kill()
