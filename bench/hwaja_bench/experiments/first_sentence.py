"""Measures how long it takes from opening the page to the first sentence with a speaker.

hwaja bench experiment first_sentence ../shared/speech AirbnbStudio

Chromium opens the page and hears the lines of a room in real time. Whoever uses the page presses
each button at once, and speaks at once and without pauses between lines. First two voices are
enrolled, then the first line of the conversation is said. After that the same without enrolment.
The rest of the time, when nobody speaks, is that of the browser, the page and the server.
"""

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page

from browser import chromium
from browser.tape import Tape
from hwaja.protocol.audio import CHUNK_SAMPLES, SAMPLE_RATE
from hwaja_bench.arguments import add_serve, positive
from hwaja_bench.page_microphone import MICROPHONE, hear
from hwaja_bench.server import Service, running_server
from hwaja_bench.speech.dialogue import Clip, load_clips

SILENCE = bytes(2 * CHUNK_SAMPLES)


@dataclass
class Visit:
    """One person's way to the first sentence."""

    page: Page
    began: float
    clicks: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step lasted."""
    spoken_seconds: float = 0.0
    _since: float = 0.0

    async def press(self, selector: str) -> None:
        """Press a button as soon as it can be pressed."""
        await self.page.click(selector)
        self.clicks += 1

    def step(self, name: str) -> None:
        """End a step."""
        now = time.monotonic() - self.began
        self.seconds[name] = now - self._since
        self._since = now

    async def speak(self, lines: Iterable[bytes], until: Awaitable[object]) -> None:
        """Speak in real time, then be silent, until something has happened."""
        has_happened = asyncio.ensure_future(until)
        said = itertools.chain(_chunks(lines), itertools.repeat(SILENCE))
        began = time.monotonic()
        for place, chunk in enumerate(said, start=1):
            await hear(self.page, chunk)
            due = began + place * CHUNK_SAMPLES / SAMPLE_RATE
            await asyncio.wait([has_happened], timeout=max(0.0, due - time.monotonic()))
            if has_happened.done():
                has_happened.result()
                return
            if chunk is not SILENCE:
                self.spoken_seconds += CHUNK_SAMPLES / SAMPLE_RATE


def _chunks(lines: Iterable[bytes]) -> Iterable[bytes]:
    pcm = b"".join(lines)
    for offset in range(0, len(pcm), len(SILENCE)):
        yield pcm[offset : offset + len(SILENCE)].ljust(len(SILENCE), b"\0")


async def enrolled(visit: Visit, clips: Sequence[Clip]) -> None:
    """Enrol both voices, then say a line of the conversation."""
    await visit.press("#consent")
    for speaker_id in (0, 1):
        own = [clip.pcm for clip in clips if clip.speaker_id == speaker_id]
        card = f".voice[data-speaker='{speaker_id}']"
        if speaker_id == 0:  # the page records the next person without a click
            await visit.press(f"{card} .record")
        await visit.page.wait_for_selector(f"{card}[data-state=recording]")
        visit.step(f"voice {speaker_id + 1} can begin")
        await visit.speak(
            own[1:], visit.page.wait_for_selector(f"{card}:not([data-state=recording])")
        )
        visit.step(f"voice {speaker_id + 1} speaks")
        await visit.page.wait_for_selector(f"{card}[data-state=enrolled]")
        visit.step(f"voice {speaker_id + 1} is enrolled")
    await visit.press("#start")
    await first_sentence(visit, clips[0])


async def discovered(visit: Visit, clips: Sequence[Clip]) -> None:
    """Say a line at once."""
    await visit.press("#consent")
    await visit.press("#discover")
    await first_sentence(visit, clips[0])


async def first_sentence(visit: Visit, clip: Clip) -> None:
    """Say a line, and wait for its text with its speaker."""
    await visit.page.wait_for_selector("#status[data-state=transcribing]")
    await visit.page.wait_for_function("() => 'hear' in globalThis")
    visit.step("the conversation can begin")
    before = visit.spoken_seconds
    line = clip.pcm[: 2 * clip.speech_end_samples]
    await visit.speak([line], visit.page.wait_for_selector(".utterance .speaker:not(:empty)"))
    visit.step("the sentence is said, and shown")
    visit.spoken_seconds = before + len(line) / (2 * SAMPLE_RATE)  # the last chunk is not full


async def measured(
    browser: Browser,
    service: Service,
    clips: Sequence[Clip],
    way: Callable[[Visit, Sequence[Clip]], Awaitable[None]],
) -> Visit:
    """Go one way with a new profile of the browser."""
    context = await browser.new_context(ignore_https_errors=True, permissions=["microphone"])
    page = await context.new_page()
    await page.add_init_script(MICROPHONE)
    visit = Visit(page, time.monotonic())
    await page.goto(service.url.replace("wss:", "https:"))
    await page.wait_for_selector("#status[data-state=ready]")
    visit.step("the page is ready")
    await way(visit, clips)
    await context.close()
    return visit


def report(name: str, visits: Sequence[Visit]) -> None:
    """Print the medians of several visits."""
    wholes = [sum(visit.seconds.values()) for visit in visits]
    spoken = [visit.spoken_seconds for visit in visits]
    waited = [whole - speech for whole, speech in zip(wholes, spoken, strict=True)]
    print(
        f"{name}: {statistics.median(wholes):.1f} s ({min(wholes):.1f} to {max(wholes):.1f}),"
        f" of it speech {statistics.median(spoken):.1f} s, waiting {statistics.median(waited):.1f}"
        f" s; {visits[0].clicks} clicks"
    )
    for step in visits[0].seconds:
        print(f"  {step}: {statistics.median(visit.seconds[step] for visit in visits):.2f} s")


async def _measure(args: argparse.Namespace, service: Service) -> None:
    clips = load_clips(args.speech, args.room)
    with TemporaryDirectory() as folder:
        async with chromium.started(Tape(Path(folder) / "tape.wav")) as browser:
            for way in (enrolled, discovered):
                visits = [await measured(browser, service, clips, way) for _ in range(args.rounds)]
                report(way.__name__, visits)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("room")
    parser.add_argument("--rounds", type=positive, default=5)
    add_serve(parser)


def run(args: argparse.Namespace) -> None:
    with running_server(*args.serve) as service:
        asyncio.run(_measure(args, service))
