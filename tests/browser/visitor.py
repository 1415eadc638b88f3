"""A person who uses the page. Each step waits for what the page shows, never for time."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import clips
from playwright.async_api import Download, Locator, Page

from browser.tape import Tape

PATIENCE_MS = 30_000


@dataclass(frozen=True)
class Utterance:
    """One utterance in the transcript."""

    speaker_id: int
    speaker: str
    text: str


class Visitor:
    """Uses one page."""

    def __init__(self, page: Page, tape: Tape) -> None:
        self.page = page
        self.tape = tape
        self.faults: list[str] = []
        """What the page did that no page may: uncaught errors, things that its policy forbids."""
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self._note(line.text))

    def _note(self, line: str) -> None:
        if "Content Security Policy" in line:
            self.faults.append(line)

    async def until(self, state: str) -> None:
        """Wait until the page shows a state of the connection."""
        await self.page.wait_for_selector(f"#status[data-state={state}]")

    async def notice(self, kind: str) -> str:
        """Wait for a notice of a kind, and read it."""
        return await self.page.locator(f".notice[data-kind={kind}]").inner_text()

    def card(self, speaker_id: int, state: str = "") -> Locator:
        """The card of a voice, perhaps only in a state."""
        wanted = f"[data-state={state}]" if state else ""
        return self.page.locator(f".voice[data-speaker='{speaker_id}']{wanted}")

    async def press(self, selector: str) -> None:
        """Press a button; waits until it can be pressed."""
        if selector == "#discover":
            await self.page.check("#consent")
        await self.page.click(selector)

    async def agree(self) -> None:
        """Agree to what the page does with voices."""
        if await self.page.is_visible("#consent"):
            await self.page.check("#consent")

    async def listen_to(self, pcm: bytes) -> None:
        """Play audio into the microphone from now on, after a second of silence."""
        await self.agree()
        self.tape.record(clips.silence(1) + pcm)
        if await self.page.is_visible("#allow"):
            await self.press("#allow")
            await self.page.wait_for_selector("#device-choice:visible")
            return
        # Choosing another microphone opens it, and so plays the tape from its beginning.
        device = self.page.locator("#device")
        chosen = await device.evaluate("device => device.selectedIndex")
        await device.select_option(index=2 if chosen == 1 else 1)
        await self.page.wait_for_selector("#allow[aria-disabled=false]", state="attached")

    async def begin_to_record(self, speaker_id: int, voice: bytes) -> None:
        """Press the button of a voice, and speak."""
        await self.cancel()
        await self.listen_to(voice)
        await self.card(speaker_id).locator(".record").click()
        await self.card(speaker_id, "recording").wait_for()

    async def cancel(self) -> None:
        """Give up the recording that goes on or begins by itself, if there is one."""
        await self.page.evaluate("document.querySelector('.cancel:not([hidden])')?.click()")
        settled = ":not([data-state=next], [data-state=recording], [data-state=checking])"
        for card in await self.page.locator(".voice").all():
            await card.and_(self.page.locator(settled)).wait_for()

    async def enrol(self, speaker_id: int, voice: bytes) -> str:
        """Record a voice until the page has enough speech. Return the verdict that it shows."""
        await self.begin_to_record(speaker_id, voice)
        return await self.verdict(speaker_id)

    async def verdict(self, speaker_id: int) -> str:
        """Wait for the verdict on a voice, and return it."""
        card = self.page.locator(
            f".voice[data-speaker='{speaker_id}']:is([data-state=enrolled], [data-state=waiting])"
        )
        return await card.locator(".verdict").inner_text()

    async def until_said(self, utterances: int) -> list[Utterance]:
        """Wait until the page shows this many utterances, and return all of them."""
        await self.page.wait_for_selector(f".utterance:nth-child({utterances})")
        return await self.said()

    async def until_heard(self, speaker_id: int) -> list[Utterance]:
        """Wait until the page shows words of a speaker, and return all utterances.

        How many utterances a pause of real speech makes depends on the sound of the day: a busy
        machine's false microphone is not the same to the sample.
        """
        await self.page.wait_for_selector(f".utterance[data-speaker='{speaker_id}']")
        return await self.said()

    async def said(self) -> list[Utterance]:
        """Read the transcript."""
        return [
            Utterance(
                int(await item.get_attribute("data-speaker") or -1),
                await item.locator(".speaker").inner_text(),
                await item.locator(".text").inner_text(),
            )
            for item in await self.page.locator(".utterance").all()
        ]

    async def colour(self, selector: str) -> tuple[int, ...]:
        """Red, green and blue of a text."""
        found = await self.page.locator(selector).first.evaluate("e => getComputedStyle(e).color")
        return tuple(map(int, re.findall(r"\d+", found)[:3]))

    async def export(self, form: str) -> tuple[str, str]:
        """Save the conversation; returns the file's name and what is in it."""
        await self.press("#export-open")
        async with self.page.expect_download() as expected:
            await self.press(f"[data-export={form}]")
        await self.page.keyboard.press("Escape")
        download: Download = await expected.value
        saved = await asyncio.to_thread(Path(await download.path()).read_text, "utf-8")
        return download.suggested_filename, saved
