"""Holds a long conversation through the page: `hwaja bench soak appointment --minutes 90`.

Chromium hears sentences of tones, faster than real time, from a microphone of this program. The
server ends its sessions, and the page is loaded anew, in the middle of it. In the exported file,
every sentence must be there once, in order, with its speaker.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tone_speech import Hummed

from browser import chromium
from browser.sessions import keep
from browser.tape import Tape
from browser.visitor import Visitor
from hwaja.client import connect
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.conversations.tally import Tally
from hwaja_bench.page_microphone import MICROPHONE, hear
from hwaja_bench.server import Service, tone_server
from hwaja_bench.tones.sentences import PAUSE, seeded_sentences, voices

SEED = 7
DISTINCT_SENTENCES = 40


@dataclass
class Report:
    """What was said, and what the page made of it."""

    tally: Tally
    said: int
    sessions: int
    reloads: int
    swapped: int
    """Sentences with another speaker."""
    back: int
    """Sentences that begin before the one before them."""
    seconds: float
    heap_bytes: int

    @property
    def faults(self) -> int:
        """How often a promise was broken."""
        return self.tally.lost + self.tally.doubled + self.tally.other + self.swapped + self.back

    def __str__(self) -> str:
        return (
            f"{self.said} sentences in {self.seconds:.0f} s through {self.sessions} sessions and "
            f"{self.reloads} reloads: {self.tally.lost} lost, {self.tally.doubled} doubled, "
            f"{self.tally.other} wrong, {self.swapped} with another speaker, {self.back} out of "
            f"order; the page's heap is {self.heap_bytes / 2**20:.0f} MiB"
        )


async def sealed(service: Service) -> dict[str, dict[str, str | None]]:
    """Enrol the voices; return them as the page keeps them."""
    kept = {}
    async with connect(service.url, verify=False) as client:
        for speaker_id, voice in enumerate(voices()):
            enrolled = await client.enrol(speaker_id, voice, ticket=True)
            sealed = {"ticket": enrolled.ticket, "expiresAt": enrolled.ticket_expires_at}
            kept[str(speaker_id)] = sealed | {"name": ""}
    return kept


async def say(visitor: Visitor, sentences: Sequence[Hummed], speed: float) -> None:
    """Say sentences, each followed by a pause."""
    for sentence in sentences:
        pcm = sentence.pcm + PAUSE
        began = time.monotonic()
        await hear(visitor.page, pcm)
        lasts_seconds = len(pcm) / (2 * SAMPLE_RATE * speed)
        await asyncio.sleep(max(0, lasts_seconds - (time.monotonic() - began)))


async def load_anew(visitor: Visitor) -> None:
    """Load the page anew and go on."""
    await visitor.page.reload()
    await visitor.until("transcribing")
    await visitor.press(".notice[data-kind=resumed] button")
    await visitor.page.wait_for_function("() => 'hear' in globalThis")


async def converse(visitor: Visitor, service: Service, asked: argparse.Namespace) -> Report:
    """Hold the conversation and export it."""
    page = visitor.page
    page.on("dialog", lambda dialog: dialog.accept())
    sockets: list[object] = []
    page.on("websocket", lambda socket: sockets.append(socket))
    await page.add_init_script(MICROPHONE)
    await keep(page, await sealed(service))
    await page.goto(service.url.replace("wss:", "https:"))
    await visitor.card(1, "enrolled").wait_for()
    await visitor.press("#start")
    await visitor.until("transcribing")
    began = time.monotonic()
    sentences = seeded_sentences(SEED, DISTINCT_SENTENCES)
    part_seconds = 60 * asked.minutes / (asked.reloads + 1)
    said: list[Hummed] = []
    for part in range(asked.reloads + 1):
        lasted_seconds = 0.0
        while lasted_seconds < part_seconds:
            sentence = sentences[len(said) % len(sentences)]
            await say(visitor, [sentence], asked.speed)
            lasted_seconds += len(sentence.samples) / SAMPLE_RATE + 1
            said.append(sentence)
        print(f"{len(said)} said after {time.monotonic() - began:.0f} s", flush=True)
        if part < asked.reloads:
            await page.wait_for_selector(f".utterance:nth-child({len(said)})", state="attached")
            await load_anew(visitor)
    await visitor.press("#toggle")
    await visitor.until("ready")
    utterances = json.loads((await visitor.export("json"))[1])["utterances"]
    tally = Tally()
    tally.compare([each.text for each in said], [each["text"] for each in utterances])
    starts = [each["start_seconds"] for each in utterances]
    return Report(
        tally,
        len(said),
        len(sockets) - asked.reloads,
        asked.reloads,
        swapped=sum(each["speaker_id"] != 0 for each in utterances),
        back=sum(after < before for before, after in pairwise(starts)),
        seconds=time.monotonic() - began,
        heap_bytes=await page.evaluate("performance.memory.usedJSHeapSize"),
    )


async def appointment(asked: argparse.Namespace) -> Report:
    """Start a server and a browser, and hold the conversation."""
    options = "--max-session-seconds", str(asked.session_seconds)
    with TemporaryDirectory() as folder, tone_server(*options) as service:
        tape = Tape(Path(folder) / "tape.wav")
        async with chromium.started(tape) as browser:
            context = await browser.new_context(
                ignore_https_errors=True, permissions=["microphone"]
            )
            return await converse(Visitor(await context.new_page(), tape), service, asked)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--minutes", type=float, default=90, help="of the conversation")
    parser.add_argument("--speed", type=float, default=4)
    parser.add_argument("--reloads", type=int, default=2)
    parser.add_argument("--session-seconds", type=float, default=450)


def run(asked: argparse.Namespace) -> int:
    """Run the check, print the results, return the exit code: 1 where a promise was broken."""
    report = asyncio.run(appointment(asked))
    print(report)
    return int(report.faults > 0)
