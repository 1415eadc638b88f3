"""Interim texts from a streaming recogniser beside an offline one for the final texts."""

import numpy as np
import pytest
from fakes import FakePool, one_generation
from recognitions import RecordedRecognition, settle

from hwaja._pcm import RingBuffer
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Hotword, Options
from hwaja.workers.overload import BEGINS_AT_SECONDS, DegradationLevel


class TwoRecognisers:
    """A recognition whose interim texts come from `streams` and whose final texts from `pool`."""

    def __init__(self) -> None:
        ring = RingBuffer(8 * SAMPLE_RATE)
        ring.push(np.zeros(8 * SAMPLE_RATE, "<i2").tobytes())
        self.pool, self.interim_worker = FakePool(), FakePool()
        self.streams = FakePool(Abilities(streaming=True, languages=frozenset({"ko"})))
        self.heard = RecordedRecognition(
            ring, one_generation(self.pool, self.interim_worker, self.streams)
        )
        self.recognition = self.heard.recognition

    def begin(self, options: Options = Options(), *, interims: bool = True) -> None:  # noqa: B008
        self.recognition.begin(options, interims=interims)


@pytest.fixture
def talk() -> TwoRecognisers:
    return TwoRecognisers()


async def test_an_open_utterance_is_streamed_and_its_final_text_comes_from_the_other_recogniser(
    talk: TwoRecognisers,
) -> None:
    talk.begin()
    talk.recognition.extend(0, 100, 500)
    talk.recognition.extend(0, 100, 900)
    (stream,) = talk.streams.streams
    stream.take(Hypothesis("나"), is_final=False)
    assert await talk.heard.finish(0, 100, 1000, 800) == "a"
    assert talk.heard.interims == [(0, "나")]
    assert talk.streams.extended == [(100, 500), (100, 900)]
    assert talk.streams.dropped == [100]
    assert talk.interim_worker.heard == []


async def test_nothing_is_streamed_unless_the_client_asked(talk: TwoRecognisers) -> None:
    talk.begin(interims=False)
    talk.recognition.extend(0, 100, 500)
    assert talk.streams.streams == []


@pytest.mark.parametrize(("language", "streamed"), [("ko", 1), (None, 1), ("en", 0)])
async def test_a_language_that_the_streaming_recogniser_lacks_gets_no_interim_texts(
    talk: TwoRecognisers, language: str | None, streamed: int
) -> None:
    talk.begin(Options(language))
    talk.recognition.extend(0, 0, 2 * SAMPLE_RATE)
    await settle()
    assert len(talk.streams.streams) == streamed
    assert talk.interim_worker.heard == []


async def test_hotwords_are_for_the_final_text_only(talk: TwoRecognisers) -> None:
    talk.begin(Options("ko", (Hotword("상담"),)))
    talk.recognition.extend(0, 100, 500)
    (stream,) = talk.streams.streams
    assert stream.options == Options("ko")


async def test_under_overload_the_rest_of_an_utterance_is_not_streamed(
    talk: TwoRecognisers,
) -> None:
    talk.begin()
    talk.recognition.extend(0, 100, 500)
    talk.heard.overload.observe(BEGINS_AT_SECONDS[DegradationLevel.INTERIMS], 0.0)
    talk.recognition.extend(0, 100, 900)
    assert talk.streams.dropped == [100]
    talk.heard.overload.observe(0.0, 1.0)
    talk.recognition.extend(0, 100, 1200)
    assert talk.streams.extended == [(100, 500)], "it would be decoded from its start"
    await talk.heard.finish(0, 100, 1300, 1200)
    talk.recognition.extend(1, 2000, 2500)
    assert talk.streams.extended[-1] == (2000, 2500)


async def test_a_session_that_ends_drops_its_stream(talk: TwoRecognisers) -> None:
    talk.begin()
    talk.recognition.extend(0, 100, 500)
    talk.recognition.end()
    assert talk.streams.dropped == [100]


async def test_a_stream_that_fails_leaves_the_final_text_alone(talk: TwoRecognisers) -> None:
    talk.begin()
    talk.recognition.extend(0, 100, 500)
    talk.streams.streams[0].take(None, is_final=True)
    talk.recognition.extend(0, 100, 900)
    assert await talk.heard.finish(0, 100, 1000, 800) == "a"
    assert talk.heard.interims == []


async def test_a_worker_is_kept_free_while_an_utterance_is_streamed(talk: TwoRecognisers) -> None:
    """The streams get only the processor time that the workers leave."""
    talk.begin()
    talk.recognition.extend(0, 100, 500)
    assert talk.pool.spared == 1
    await talk.heard.finish(0, 100, 1000, 800)
    assert talk.pool.spared == 0
