"""An utterance stream: the requests to its worker, in order."""

from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from hwaja.engines.interface import EngineError, Pcm16
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Options
from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import PIECE_SAMPLES, UtteranceStream

OPTIONS = Options("ko")


def read(start: int, stop: int) -> Pcm16:
    """Audio in which each sample is its own index."""
    return np.arange(start, stop, dtype=np.int16)


def utterance(on_interim: Callable[[str], None] | None = None, start: int = 100) -> UtteranceStream:
    return UtteranceStream("session", OPTIONS, read, start, on_interim)


def requests(live: UtteranceStream, first_id: int = 1) -> list[wire.StreamRequest]:
    """Everything that is to be sent now."""
    ids = count(first_id)
    return list(iter(lambda: live.next_request(lambda: next(ids)), None))


def fed(sent: list[wire.StreamRequest]) -> list[float]:
    pieces = [np.frombuffer(r.samples, "<i2") for r in sent if isinstance(r, wire.Feed)]
    return np.concatenate([np.zeros(0), *pieces]).tolist()


async def test_growing_audio_is_sent_once_and_in_order() -> None:
    live = utterance()
    live.stop = 500
    sent = requests(live)
    live.stop = 100 + 3 * PIECE_SAMPLES
    sent += requests(live, 9)
    live.speech_seconds = 1.5
    sent += requests(live, 9)
    assert sent[0] == wire.Open(1, OPTIONS, interims=False, suspect=False)
    assert fed(sent) == list(range(100, 100 + 3 * PIECE_SAMPLES))
    assert sent[-1] == wire.Finish(1, 1.5)
    assert {request.stream_id for request in sent} == {1}
    assert requests(live) == []


async def test_long_audio_is_sent_in_pieces_so_that_others_get_their_turn() -> None:
    live = utterance()
    live.stop = 100 + 2 * PIECE_SAMPLES + 1
    pieces = [r for r in requests(live) if isinstance(r, wire.Feed)]
    assert [len(piece.samples) // 2 for piece in pieces] == [PIECE_SAMPLES, PIECE_SAMPLES, 1]


async def test_another_worker_gets_everything_from_the_beginning_under_another_number() -> None:
    live = utterance(on_interim=lambda _: None)
    live.stop, live.speech_seconds = 900, 0.5
    first = requests(live)
    live.suspect = True
    live.begin_again()
    again = requests(live, 7)
    assert again[0] == wire.Open(7, OPTIONS, interims=True, suspect=True)
    assert fed(again) == fed(first) == list(range(100, 900))
    assert again[-1] == wire.Finish(7, 0.5)


async def test_interim_texts_are_passed_on_if_requested_and_the_final_text_ends_the_stream() -> (
    None
):
    told: list[str] = []
    live = utterance(told.append)
    live.take(Hypothesis("가"), is_final=False)
    live.take(Hypothesis("가나", language="ko"), is_final=True)
    live.take(Hypothesis("가나다"), is_final=False)
    live.take(None, is_final=True)
    assert told == ["가"]
    assert await live.final == Hypothesis("가나", language="ko")


async def test_a_failure_is_raised_to_the_waiting_caller() -> None:
    live = utterance()
    live.take(None, is_final=True)
    live.take(Hypothesis("late"), is_final=True)
    with pytest.raises(EngineError):
        await live.final
