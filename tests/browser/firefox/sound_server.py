"""PulseAudio for Firefox, which has no microphone that plays a file."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from browser.tape import Tape

RATE = 48_000
"""Of the microphones, in samples a second; Chromium's false one has 44.1 kHz."""

MISSING = [name for name in ("pulseaudio", "pactl", "paplay") if shutil.which(name) is None]
"""What of it is not installed here."""

SINK = "tape"

MICROPHONES = "first", "second"
"""A page that chooses the other one opens it anew. Firefox lists the sink's monitor before them."""


@asynccontextmanager
async def playing(tape: Tape, folder: Path) -> AsyncIterator[dict[str, str]]:
    """Run a sound server whose microphones play the tape from its beginning whenever one is opened.

    Args:
        tape: what they hear.
        folder: for the server's socket; its path must be short.

    Yields:
        The environment of a program that uses the server.

    """
    socket = folder / "socket"
    arguments = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
    arguments += _load(f"module-native-protocol-unix auth-anonymous=1 socket={socket}")
    arguments += _load(f"module-null-sink sink_name={SINK} rate={RATE} channels=1")
    for name in MICROPHONES:
        arguments += _load(f"module-remap-source master={SINK}.monitor source_name={name}")
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder), "PULSE_SERVER": f"unix:{socket}"}
    server = await asyncio.create_subprocess_exec(
        "pulseaudio", *arguments, env=environment, stderr=DEVNULL
    )
    watch = await _watch(environment, server)
    player = asyncio.create_task(_play(tape, watch, environment))
    try:
        yield environment
    finally:
        player.cancel()
        server.terminate()
        await asyncio.gather(player, server.wait(), watch.wait(), return_exceptions=True)


def _load(module: str) -> list[str]:
    return ["--load", module]


async def _watch(environment: dict[str, str], server: Process) -> Process:
    """Subscribe to what happens at the server, once it answers."""
    while server.returncode is None:
        asked = await asyncio.create_subprocess_exec(
            "pactl", "info", env=environment, stdout=DEVNULL, stderr=DEVNULL
        )
        if await asked.wait() == 0:
            return await asyncio.create_subprocess_exec(
                "pactl", "subscribe", env=environment | {"LC_ALL": "C"}, stdout=PIPE, stderr=DEVNULL
            )
    raise RuntimeError("PulseAudio does not start")


async def _play(tape: Tape, watch: Process, environment: dict[str, str]) -> None:
    """Begin the tape anew with each microphone that is opened."""
    assert watch.stdout is not None
    playing: Process | None = None
    try:
        async for line in watch.stdout:
            if b"'new' on source-output" in line:
                await _end(playing)
                playing = await asyncio.create_subprocess_exec(
                    "paplay", "--device", SINK, str(tape.path), env=environment, stderr=DEVNULL
                )
    finally:
        await _end(playing)


async def _end(playing: Process | None) -> None:
    if playing is not None and playing.returncode is None:
        playing.kill()
        await playing.wait()
