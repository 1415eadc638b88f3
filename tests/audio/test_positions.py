"""Positions: a client is told of its audio in its own samples."""

from hypothesis import given
from hypothesis import strategies as st

from hwaja.audio.positions import Positions
from hwaja.protocol.audio import SAMPLE_RATE

rates = st.integers(8000, 48000)
amounts = st.lists(st.integers(0, 50_000), max_size=6)


@given(st.integers(0, 10**6), rates, amounts, st.data())
def test_what_was_sent_is_known_exactly_wherever_the_stream_was_drained(
    origin: int, rate: int, amounts: list[int], data: st.DataObject
) -> None:
    positions, index, sent = Positions(origin, rate), origin, 0
    for amount in amounts:
        positions.take(amount)
        sent += amount
        assert positions.between(origin, positions.index_behind(0)) == sent
        if data.draw(st.booleans()):
            index += round(amount * SAMPLE_RATE / rate)
            positions.drained(index)
            assert positions.between(origin, index) <= sent


@given(st.integers(0, 10**6), rates, st.integers(1, 10**6), st.integers(0, 10**6))
def test_a_client_is_never_told_of_more_than_it_sent_nor_of_a_later_sample(
    origin: int, rate: int, sent: int, part: int
) -> None:
    positions = Positions(origin, rate)
    positions.take(sent)
    found = positions.between(origin, origin + part)
    assert found <= sent
    assert found <= part * rate / SAMPLE_RATE
    assert found == sent or found > part * rate / SAMPLE_RATE - 1


def test_audio_of_the_specification_is_counted_as_it_is() -> None:
    positions = Positions(700, SAMPLE_RATE)
    positions.take(5000)
    assert positions.index_behind(300) == 6000
    assert [positions.between(700, stop) for stop in (700, 701, 5700)] == [0, 1, 5000]
