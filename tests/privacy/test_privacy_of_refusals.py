"""`hwaja serve` leaves nothing of what it refused or could not finish."""

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import clips
import httpx
import pytest
from loopback import PATIENCE_SECONDS, Address, Peer
from own_voiceprints import add_voices
from processes import Running, hwaja_serve
from remains import SEARCHABLE, left_in_memory, processes
from tone_speech import hummed
from traces import Numbers, Search
from uploads import PATH, wav

from hwaja.models.conversion.tones import write_tone_model
from hwaja.vad.silero import SileroDetector

pytestmark = [pytest.mark.models, *SEARCHABLE]

PART_NAME = "Part-4711-Mark"
HOTWORD = "핫워드표식사칠일일"


async def refused_voices(peer: Peer, voice: bytes) -> None:
    """Have the voice enrolled, and refused for the same speech, too little, and damaged tickets."""
    await peer.say("start_speaker_registration", speaker_id=0, ticket=True)
    await peer.play(voice)
    await peer.say("complete_speaker_registration", speaker_id=0)
    ticket = (await peer.receive_until("speaker_registration_completed"))[-1]["ticket"]
    for take in (voice, voice[:32_000]):
        await peer.say("start_speaker_registration", speaker_id=1)
        await peer.play(take)
        await peer.say("complete_speaker_registration", speaker_id=1)
        await peer.receive_until("error")
    for damaged in (ticket[:-8], ticket[:200] + "AAAA" + ticket[204:]):
        await peer.say("restore_speaker", speaker_id=1, ticket=damaged)
        await peer.receive_until("error")
    await peer.say("start_transcription", hotwords=[HOTWORD, 7])
    await peer.receive_until("error")
    await peer.say("start_transcription", speakers="discover", language="xx", hotwords=[HOTWORD])
    await peer.receive_until("error")


async def killed_workers(peer: Peer, running: Running, talk: bytes) -> None:
    """Kill the workers while they have speech, and leave before it is answered."""
    await peer.say("start_transcription", speakers="discover", interim_results=True)
    await peer.play(talk)
    for name, pid in processes(running).items():
        if name != "front":
            os.kill(pid, signal.SIGKILL)
    await peer.play(talk[:64_000])
    peer.websocket.transport.abort()


async def broken_uploads(address: Address, talk: bytes) -> None:
    """Upload a file with a wrong part, one that is damaged, and one that is cut off."""
    file = wav(talk)

    async def half() -> AsyncIterator[bytes]:
        yield file[: len(file) // 2]
        raise ConnectionError

    url = f"https://localhost:{address.port}{PATH}"
    async with httpx.AsyncClient(
        verify=address.trust, timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        form = {"file": file, PART_NAME: PART_NAME.encode()}
        assert (await client.post(url, files=form)).status_code == 400
        assert (await client.post(url, content=file[44:])).status_code == 415
        with pytest.raises(ConnectionError):
            await client.post(url, content=half())


@pytest.mark.alone
async def test_nothing_of_what_was_refused_or_cut_off_stays_in_logs_or_memory(
    detector: SileroDetector, tmp_path: Path
) -> None:
    """Voices and tickets that are refused, options that are refused, workers that are killed while
    they have speech, and uploads that are damaged or cut off."""
    model = tmp_path / "tones"
    model.mkdir()
    write_tone_model(model)
    voice, talk = hummed(range(8)).pcm, hummed([7, 6, 5, 4, 1, 3], piece="season").pcm
    numbers = Numbers()
    numbers.add_audio("voice", voice)
    numbers.add_audio("talk", talk)
    await add_voices(numbers, [voice], detector)
    search = Search(numbers, {"part": PART_NAME, "hotword": HOTWORD})
    options = ("--asr-model", str(model), "--language", "ko", "--port", "0")
    with hwaja_serve(tmp_path, *options) as running:
        trust = ssl.create_default_context(cafile=str(running.certificate))
        address = Address(int(running.url.rpartition(":")[2]), trust)
        async with address.welcomed() as peer:
            await refused_voices(peer, voice)
            during = await asyncio.to_thread(search.in_memory, running.process.pid, "front")
        async with address.welcomed() as peer:
            await killed_workers(peer, running, talk + clips.silence(1))
        await broken_uploads(address, talk + clips.silence(1))
        assert during
        assert left_in_memory(search, running) == set()
        running.process.terminate()
        log = await asyncio.to_thread(running.end)
    assert search.in_bytes(repr(log).encode(), "log") == set()
