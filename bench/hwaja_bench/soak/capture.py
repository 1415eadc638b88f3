"""Checks that the page sends the microphone's audio unchanged: `hwaja bench soak capture`.

Chromium gets a fake microphone, and the page sends its audio to a server that records it.
"""

import argparse
import asyncio
from asyncio import Lock
from pathlib import Path
from tempfile import TemporaryDirectory

import clips

from browser import chromium
from browser.captured import WAYS, Likeness, likeness, sent
from browser.tape import Tape
from browser.visitor import Visitor
from hwaja.server.application import detector_file
from hwaja.server.network.certificate import development_certificate
from hwaja.vad.silero import SileroDetector

CHUNK_SAMPLES = 4096
"""More than a chunk of drift breaks the promise."""


async def listen(ways: list[str], seconds: int) -> dict[str, Likeness]:
    """Play speech to one page for each capture method, all at the same time."""
    clip = clips.clip("two_cities")
    said = (clip * (1 + 32_000 * seconds // len(clip)))[: 32_000 * seconds]
    detector, turn = SileroDetector(detector_file()), Lock()
    with TemporaryDirectory() as folder:
        certificate = development_certificate(Path(folder))
        tape = Tape(Path(folder) / "tape.wav")

        async def heard(way: str) -> Likeness:
            context = await browser.new_context(
                ignore_https_errors=True, permissions=["microphone"]
            )
            visitor = Visitor(await context.new_page(), tape)
            return likeness(*await sent(visitor, detector, certificate, said, way, turn))

        async with chromium.started(tape) as browser:
            return dict(zip(ways, await asyncio.gather(*map(heard, ways)), strict=True))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--way", action="append", choices=WAYS, help="default: each")


def run(asked: argparse.Namespace) -> int:
    """Run the check, print the results, return the exit code: 1 where the audio drifted."""
    found = asyncio.run(listen(asked.way or list(WAYS), round(60 * asked.minutes)))
    for way, each in found.items():
        print(
            f"{way}: correlation {each.correlation:.5f}, drift {each.drift_samples} samples, "
            f"{each.spoilt_seconds} of {len(each.worst_residuals)} seconds with a click or a gap"
        )
    return int(any(abs(each.drift_samples) >= CHUNK_SAMPLES for each in found.values()))
