"""The worker with a streaming recogniser for interim texts."""

import asyncio
from pathlib import Path

import pytest
from fakes import EagerInterimStreams

from hwaja.engines.interface import EngineError
from hwaja.models.conversion.tones import spoken
from hwaja.protocol.values import Options
from hwaja.workers.interim_streams import InterimStreams
from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import UtteranceStream

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]


async def test_interim_texts_come_while_an_utterance_is_spoken(tones: wire.Setup) -> None:
    streams, said = EagerInterimStreams(tones), spoken([0, 3, 5, 1])
    pcm = (said.samples * 32767).astype("<i2")
    texts: asyncio.Queue[str] = asyncio.Queue()
    utterance = UtteranceStream(
        "session", Options(), lambda start, stop: pcm[start:stop].copy(), 0, texts.put_nowait
    )
    await streams.start()
    try:
        assert streams.abilities.streaming
        streams.extend(utterance, len(pcm))
        text = ""
        async with asyncio.timeout(30):
            while len(text) < 2:
                text = await texts.get()
        assert said.text.startswith(text)
        streams.drop(utterance)
        (process,) = streams.processes.values()
    finally:
        await streams.close()
    assert process.returncode is not None


async def test_a_model_that_does_not_stream_is_refused_and_no_process_stays(
    english: wire.Setup,
) -> None:
    streams = InterimStreams(english)
    with pytest.raises(EngineError, match=r"is no streaming model: interim_model must be one\.$"):
        await streams.start()
    (process,) = streams.processes.values()
    assert process.returncode is not None


async def test_an_absent_model_is_refused(tones: wire.Setup, tmp_path: Path) -> None:
    streams = InterimStreams(wire.Setup(str(tmp_path / "absent"), None, "ko"))
    with pytest.raises(EngineError, match="absent"):
        await streams.start()
