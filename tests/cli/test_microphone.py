"""The microphone: what it captures, and how it ends."""

import asyncio
import builtins
import sys
from typing import Any

import pytest
from loopback import PATIENCE_SECONDS
from sound_cards import Given, SoundCard

from hwaja.cli.microphone import Microphone, sound_library
from hwaja.client.sound_files import AudioError

HEARD = [b"\x01\x00" * 4096, b"\x02\x00" * 4096]

AT_ONCE_SECONDS = 0.01
"""For tests of what comes never."""


async def captured(microphone: Microphone) -> list[bytes]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [chunk async for chunk in microphone.chunks()]


async def test_captured_chunks_are_copies_and_end_when_the_microphone_is_stopped() -> None:
    card = SoundCard(HEARD)
    microphone = Microphone(card)
    chunks = microphone.chunks()
    assert await anext(chunks) == HEARD[0]
    assert card.is_running
    microphone.stop()
    assert [chunk async for chunk in chunks] == HEARD[1:]
    assert (microphone.is_gone, microphone.overflows, card.is_running) == (False, 0, False)


@pytest.mark.parametrize("ends", [True, False])
async def test_a_lost_device_is_reported_after_all_captured_audio(ends: bool) -> None:
    """Either PortAudio reports it, or the device gives no more audio."""
    card = SoundCard(HEARD, ends=ends)
    patience_seconds = PATIENCE_SECONDS if ends else AT_ONCE_SECONDS
    microphone = Microphone(card, patience_seconds)
    assert await captured(microphone) == HEARD
    assert (microphone.is_gone, card.is_running) == (True, False)


async def test_a_device_that_never_gives_audio_is_reported_as_lost() -> None:
    microphone = Microphone(SoundCard(), AT_ONCE_SECONDS)
    assert await captured(microphone) == []
    assert microphone.is_gone


async def test_lost_audio_is_counted() -> None:
    microphone = Microphone(SoundCard(HEARD, flags=Given(input_overflow=True), ends=True))
    assert await captured(microphone) == HEARD
    assert microphone.overflows == 2


@pytest.mark.parametrize("step", ["open", "start"])
async def test_a_missing_microphone_is_explained(step: str) -> None:
    with pytest.raises(AudioError) as caught:
        await captured(Microphone(SoundCard(fails_to=step)))
    assert str(caught.value) == (
        "The microphone cannot be used: Error querying device -1. "
        "To see which ones there are, run python -m sounddevice."
    )


def test_without_the_extra_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError) as caught:
        sound_library()
    assert str(caught.value).startswith("The microphone needs: pip install 'hwaja[mic]'")


@pytest.mark.parametrize(
    ("platform", "advice"),
    [
        ("linux", "apt install libportaudio2 (Debian, Ubuntu), dnf install portaudio (Fedora)"),
        ("darwin", "brew install portaudio"),
        ("win32", "pip install --force-reinstall sounddevice, which brings it along"),
    ],
)
def test_without_portaudio_the_error_says_how_to_install_it_on_this_system(
    platform: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sounddevice is installed, and raises its error for the missing library."""
    real_import = builtins.__import__

    def no_portaudio(name: str, *rest: Any) -> Any:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real_import(name, *rest)

    monkeypatch.setattr(builtins, "__import__", no_portaudio)
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(AudioError) as caught:
        sound_library()
    assert str(caught.value) == f"The microphone needs PortAudio: {advice}."
