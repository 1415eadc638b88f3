"""Recordings are recognised as a server does it."""

import clips
import pytest
from fakes import FakePool, one_generation
from tone_speech import hummed

from hwaja.engines.interface import EngineError
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.listening import Listener
from hwaja.vad.gate import GateSettings
from hwaja.vad.silero import SileroDetector
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session")]

BECKETT = clips.part("beckett", 4.4, 9.9)
"""Three utterances: "Try again. Fail again. Fail better."""


def listener(
    pool: Pool | FakePool, interim_worker: InterimWorker, detector: SileroDetector
) -> Listener:
    return Listener(one_generation(pool, interim_worker), detector, GateSettings())


async def test_the_utterances_of_a_recording_are_joined_in_order(
    pool: Pool, interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    heard = await listener(pool, interim_worker, detector).hear(BECKETT, speed=0)
    assert heard.failed == 0
    assert heard.text.startswith("Try again.")
    assert "better" in heard.text.lower().split()[-1]
    assert len(heard.utterances) == len(heard.delays_seconds) == 3
    assert 1.5 < sum(map(len, heard.utterances)) / SAMPLE_RATE < 5.5


async def test_played_in_real_time_the_delay_counts_from_the_end_of_speech(
    pool: Pool, interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    heard = await listener(pool, interim_worker, detector).hear(BECKETT[: 2 * 32_000], speed=1)
    assert heard.delays_seconds
    # The pause that ends an utterance, and the time to recognise it on a busy machine.
    assert all(0.4 < delay < 10 for delay in heard.delays_seconds)


async def test_a_streaming_recogniser_gets_the_audio_as_it_comes(
    live_pool: Pool, interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    said = hummed((1, 4, 2, 6))
    heard = await listener(live_pool, interim_worker, detector).hear(said.pcm, speed=0)
    assert heard.text == said.text


async def test_a_recording_that_begins_with_speech_follows_a_pause(
    interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    """Without silence before the speech, Whisper writes more characters wrong."""
    pool = FakePool()
    pool.idle_workers = 0
    speech = clips.part("two_cities", 1.3, 4.0)
    await listener(pool, interim_worker, detector).hear(speech, speed=0)
    assert not pool.heard[0][:1600].any()
    assert pool.heard[0][3200:4800].any()


async def test_an_utterance_that_fails_is_counted_and_the_others_have_their_texts(
    interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    pool = FakePool()
    pool.idle_workers = 0
    pool.failures = [EngineError("recognition failed")]
    heard = await listener(pool, interim_worker, detector).hear(BECKETT, speed=0)
    assert heard.failed == 1
    assert len(heard.utterances) == len(heard.delays_seconds) - 1 > 0
    assert heard.text


async def test_a_recording_without_speech_has_no_utterances(
    pool: Pool, interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    heard = await listener(pool, interim_worker, detector).hear(clips.silence(2), speed=0)
    assert (heard.text, heard.utterances, heard.delays_seconds) == ("", (), ())


async def test_a_recording_counts_as_ahead_of_real_time_only_while_it_is_read_at_once(
    interim_worker: InterimWorker, detector: SileroDetector
) -> None:
    """So its utterances get the search that one talker gets on an idle server."""
    pool = FakePool()
    ahead: list[int] = []
    set_ahead = pool.set_ahead

    def noted(owner: object, is_ahead: bool) -> None:
        set_ahead(owner, is_ahead)
        ahead.append(len(pool.ahead))

    pool.set_ahead = noted  # type: ignore[method-assign]
    await listener(pool, interim_worker, detector).hear(BECKETT, speed=0)
    assert ahead == [1, 0]
