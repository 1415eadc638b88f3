"""Streams that are live, and streams that are ahead of real time, by the arrival of audio."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.session.pace import (
    FORGOTTEN_PER_SECOND,
    LONGEST_GAP_SECONDS,
    MARGIN_SECONDS,
    Pace,
)

CHUNK_SECONDS = 0.256


def fed(
    pace: Pace, seconds: float, *, since: float, speed: float = 1.0, caught_up: bool = False
) -> float:
    """Feed `seconds` of audio at `speed` times real time. Return the instant of its end."""
    chunks = round(seconds / CHUNK_SECONDS)
    for number in range(chunks):
        pace.came(CHUNK_SECONDS, since + number * CHUNK_SECONDS / speed, caught_up=caught_up)
    return since + chunks * CHUNK_SECONDS / speed


@pytest.mark.parametrize("caught_up", [True, False])
def test_live_speech_is_live_however_late_its_answers_are(caught_up: bool) -> None:
    pace = Pace()
    now = fed(pace, 1800, since=500, caught_up=caught_up)
    assert not pace.is_ahead
    assert pace.early_seconds(now) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("caught_up", [True, False])
@pytest.mark.parametrize("speed", [2, 4, 10, 1e6])
def test_a_client_faster_than_speech_is_soon_ahead_and_stays_ahead(
    speed: float, caught_up: bool
) -> None:
    """The speed of the answers does not matter."""
    pace = Pace()
    per_second = 1 + FORGOTTEN_PER_SECOND * caught_up
    now = fed(
        pace,
        MARGIN_SECONDS / (1 - per_second / speed) + 1,
        since=0,
        speed=speed,
        caught_up=caught_up,
    )
    for _ in range(100):
        assert pace.is_ahead
        now = fed(pace, 1, since=now, speed=speed, caught_up=caught_up)


def test_a_client_slightly_faster_than_real_time_with_prompt_answers_is_live() -> None:
    pace = Pace()
    fed(pace, 600, since=0, speed=1.4, caught_up=True)
    assert not pace.is_ahead


def test_a_message_longer_than_the_time_since_the_beginning_is_ahead_at_once() -> None:
    pace = Pace()
    pace.came(32.8, 7, caught_up=True)
    assert pace.is_ahead


def test_a_file_held_back_by_acknowledgements_stays_ahead() -> None:
    """The client waits for acknowledgements, so its audio arrives more slowly than real time."""
    pace = Pace()
    now = fed(pace, 36, since=0, speed=10)
    fed(pace, 600, since=now, speed=0.2)
    assert pace.is_ahead


def test_a_client_that_was_ahead_is_live_after_it_was_caught_up_and_sends_in_real_time() -> None:
    """A client sends a file, and then live audio."""
    pace = Pace()
    now = fed(pace, 600, since=0, speed=10)
    now = fed(pace, 60, since=now)
    assert pace.is_ahead
    fed(pace, 25, since=now, caught_up=True)
    assert not pace.is_ahead
    assert pace.early_seconds(now + 25) == pytest.approx(MARGIN_SECONDS, abs=3)


def test_a_lead_of_a_live_speaker_is_forgotten() -> None:
    pace = Pace()
    now = fed(pace, 6, since=0, speed=1000)
    now = fed(pace, 30, since=now, caught_up=True)
    assert pace.early_seconds(now) == 0
    fed(pace, MARGIN_SECONDS - 1, since=now, speed=1000)
    assert not pace.is_ahead


def test_audio_stored_during_a_lost_connection_is_live() -> None:
    pace = Pace()
    now = fed(pace, 30, since=0)
    now = fed(pace, LONGEST_GAP_SECONDS, since=now + LONGEST_GAP_SECONDS, speed=50)
    fed(pace, 30, since=now)
    assert not pace.is_ahead


def test_a_long_silence_gives_no_allowance_beyond_itself() -> None:
    pace = Pace()
    now = fed(pace, 5, since=0)
    fed(pace, LONGEST_GAP_SECONDS + MARGIN_SECONDS + 10, since=now + 3600, speed=1000)
    assert pace.is_ahead


def test_a_burst_at_the_beginning_is_live_and_counts_as_early_for_its_duration() -> None:
    pace = Pace()
    for _ in range(8):
        pace.came(CHUNK_SECONDS, 100, caught_up=False)
    assert not pace.is_ahead
    assert pace.early_seconds(100) == pytest.approx(7 * CHUNK_SECONDS)
    assert pace.early_seconds(101) == pytest.approx(7 * CHUNK_SECONDS - 1)
    assert pace.early_seconds(110) == 0


def test_nothing_is_early_before_any_audio() -> None:
    assert Pace().early_seconds(1234) == 0


@given(seed=st.integers(0, 10_000), stall_seconds=st.floats(0, MARGIN_SECONDS / 3))
def test_a_network_that_delays_and_releases_chunks_makes_no_client_ahead(
    seed: int, stall_seconds: float
) -> None:
    dice = random.Random(seed)  # noqa: S311
    pace, came_at = Pace(), 0.0
    for number in range(500):
        sent_at = number * 0.5
        came_at = max(came_at, sent_at + dice.uniform(0, stall_seconds))
        pace.came(0.5, came_at, caught_up=dice.random() < 0.5)
        assert not pace.is_ahead
