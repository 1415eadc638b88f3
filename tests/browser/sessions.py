"""Voices, and sessions with enrolled voices that a page resumes."""

import json
from typing import Any

import clips
from loopback import Endpoint
from playwright.async_api import Page

VOICES = clips.part("beckett", 0, 9.9), clips.deepened(clips.part("two_cities", 1, 9))
"""Longer than the page needs to hear."""


async def enrolled(endpoint: Endpoint, voices: tuple[bytes, bytes] | None = None) -> str:
    """Enrol two voices faster than real time. Return the session token."""
    async with endpoint.connect("/?resume") as peer:
        welcome = await peer.receive()
        for speaker_id, voice in enumerate(voices or clips.voices()):
            await peer.say("start_speaker_registration", speaker_id=speaker_id)
            await peer.play(voice)
            await peer.say("complete_speaker_registration", speaker_id=speaker_id)
            await peer.receive_until("speaker_registration_completed")
        peer.websocket.transport.abort()
    token: str = welcome["session_token"]
    return token


async def remember(page: Page, token: str) -> None:
    """Store a session token where an earlier page would have stored it."""
    await _leave(page, f"sessionStorage.setItem('hwaja.session', {json.dumps(token)})")


async def sealed(endpoint: Endpoint, voice: bytes, name: str = "") -> dict[str, str]:
    """Enrol a voice and return it as the page keeps it."""
    async with endpoint.welcomed() as peer:
        await peer.say("start_speaker_registration", speaker_id=0, ticket=True)
        await peer.play(voice)
        await peer.say("complete_speaker_registration", speaker_id=0)
        completed = (await peer.receive_until("speaker_registration_completed"))[-1]
    until = completed["ticket_expires_at"]
    return {"ticket": completed["ticket"], "expiresAt": until, "name": name}


async def keep(page: Page, voices: dict[str, Any], place: str = "localStorage") -> None:
    """Store voices where an earlier visit would have, or this tab (`sessionStorage`)."""
    await _leave(page, f"{place}.setItem('hwaja.voices', {json.dumps(json.dumps(voices))})")


async def _leave(page: Page, storing: str) -> None:
    """Run a script in each new tab, but not in the empty page before it: that may store nothing."""
    await page.add_init_script(f"if (origin !== 'null' && sessionStorage.length === 0) {storing}")
