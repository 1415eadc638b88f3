"""A recogniser that changes while a session transcribes: each utterance stays with one of them."""

import asyncio

import numpy as np
import pytest
from fakes import FakePool, one_generation
from gating import segment
from recognitions import RecordedRecognition, settle

from hwaja._pcm import RingBuffer
from hwaja.asr.interims import FIRST_INTERIM_SECONDS
from hwaja.engines.recognition import Abilities
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.workers.generations import Generation

WHOLE, STREAMED = Abilities(languages=frozenset({"ko", "en"})), Abilities(streaming=True)
ENOUGH = round(FIRST_INTERIM_SECONDS * SAMPLE_RATE)


class Changing:
    """A recognition whose recogniser the test changes from `old` to `new`."""

    def __init__(self, old: Abilities, new: Abilities) -> None:
        ring = RingBuffer(8 * SAMPLE_RATE)
        ring.push(np.zeros(8 * SAMPLE_RATE, "<i2").tobytes())
        self.old, self.new = FakePool(old), FakePool(new)
        self.old_interims, self.new_interims = FakePool(), FakePool()
        self.generations = one_generation(self.old, self.old_interims)
        self.heard = RecordedRecognition(ring, self.generations)
        self.recognition = self.heard.recognition
        self.recognition.begin(Options(), interims=True)

    def change(self) -> int:
        return self.generations.change(Generation(self.new, self.new_interims))

    async def old_ended(self) -> None:
        async with asyncio.timeout(5):
            await self.old.closed.wait()


async def test_an_open_utterance_gets_all_texts_from_the_recogniser_it_began_with() -> None:
    talk = Changing(WHOLE, WHOLE)
    talk.recognition.extend(0, 0, ENOUGH)
    talk.change()
    await settle()
    assert len(talk.old_interims.heard) == 1
    assert not talk.old.closed.is_set()
    assert await talk.heard.finish(0, 0, 20_000, 20_000) == "a"
    assert (len(talk.old.heard), len(talk.new.heard)) == (1, 0)
    await talk.old_ended()


async def test_the_next_utterance_goes_to_the_new_recogniser() -> None:
    talk = Changing(WHOLE, WHOLE)
    await talk.heard.finish(0, 0, 1000, 1000)
    talk.change()
    talk.recognition.extend(1, 2000, 2000 + ENOUGH)
    await settle()
    await talk.heard.finish(1, 2000, 22_000, 20_000)
    assert (len(talk.old.heard), len(talk.new.heard)) == (1, 1)
    assert (len(talk.old_interims.heard), len(talk.new_interims.heard)) == (0, 1)


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [(WHOLE, STREAMED, ["a", "2000-3000"]), (STREAMED, WHOLE, ["0-1000", "a"])],
    ids=["to streaming", "from streaming"],
)
async def test_a_session_changes_between_offline_and_streaming_recognisers(
    old: Abilities, new: Abilities, texts: list[str]
) -> None:
    talk = Changing(old, new)
    talk.recognition.extend(0, 0, 500)
    talk.change()
    talk.recognition.extend(0, 0, 800)
    first = await talk.heard.finish(0, 0, 1000, 1000)
    talk.recognition.extend(1, 2000, 2500)
    assert [first, await talk.heard.finish(1, 2000, 3000, 1000)] == texts
    await talk.old_ended()


async def test_early_work_on_an_utterance_is_taken_from_the_recogniser_that_began_it() -> None:
    talk = Changing(WHOLE, STREAMED)
    talk.recognition.speculate(0, segment(0, 1000, 1000))
    talk.change()
    assert await talk.heard.finish(0, 0, 1000, 1000) == "a"
    assert (len(talk.old.heard), talk.new.streams) == (1, [])


async def test_a_transcription_that_the_new_recogniser_refuses_stays_with_the_old_one() -> None:
    talk = Changing(WHOLE, STREAMED)
    talk.recognition.begin(Options("en"), interims=False)
    assert talk.change() == 1
    for segment_id, start in enumerate((0, 2000, 4000)):
        await talk.heard.finish(segment_id, start, start + 1000, 1000)
    assert (len(talk.old.heard), talk.new.streams) == (3, [])
    assert not talk.old.closed.is_set()
    talk.recognition.end()
    await talk.old_ended()


async def test_the_next_transcription_begins_with_the_new_recogniser() -> None:
    talk = Changing(WHOLE, STREAMED)
    talk.recognition.begin(Options("en"), interims=False)
    talk.change()
    talk.recognition.begin(Options(), interims=False)
    await talk.heard.finish(0, 0, 1000, 1000)
    assert (talk.old.heard, len(talk.new.streams)) == ([], 1)
    await talk.old_ended()


@pytest.mark.parametrize("abilities", [WHOLE, STREAMED], ids=["offline", "streaming"])
async def test_a_cancelled_utterance_needs_its_recogniser_no_longer(abilities: Abilities) -> None:
    """Its session ended, or what was left after a split was no speech."""
    talk = Changing(abilities, WHOLE)
    talk.recognition.extend(0, 0, ENOUGH)
    talk.change()
    talk.recognition.extend(0, 3000, 4000)
    await talk.old_ended()
    talk.recognition.end()


async def test_a_failed_utterance_needs_its_recogniser_no_longer() -> None:
    talk = Changing(WHOLE, WHOLE)
    talk.old.failures = [RuntimeError("no")]
    talk.recognition.extend(0, 0, 500)
    talk.change()
    assert await talk.heard.finish(0, 0, 1000, 1000) is None
    await talk.old_ended()
