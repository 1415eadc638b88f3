"""The time limits of a session: its warnings and its end."""

from hwaja.protocol.codes import Reason
from hwaja.session.deadlines import Deadlines
from hwaja.session.events import LimitNear, LimitReached

LONG, SILENCE = 1800, 600


def test_a_session_is_warned_once_a_minute_ahead_and_then_ended() -> None:
    deadlines = Deadlines(LONG, SILENCE, now=1000)
    ends_at = 1000 + LONG
    deadlines.reset_idle(ends_at - 70)
    assert deadlines.due(ends_at - 61) == []
    assert deadlines.next_at == ends_at - 60
    assert deadlines.due(ends_at - 60) == [LimitNear(Reason.SESSION_LIMIT, 60)]
    deadlines.reset_idle(ends_at - 10)
    assert deadlines.due(ends_at - 1) == []
    assert deadlines.next_at == ends_at
    assert deadlines.due(ends_at) == [LimitReached(Reason.SESSION_LIMIT)]


def test_an_idle_client_is_warned_and_ended_and_an_active_one_is_not() -> None:
    deadlines = Deadlines(LONG, SILENCE, now=0)
    assert deadlines.due(SILENCE - 60) == [LimitNear(Reason.IDLE, 60)]
    deadlines.reset_idle(SILENCE - 1)
    assert deadlines.due(SILENCE) == []
    assert deadlines.next_at == 2 * SILENCE - 1 - 60
    assert deadlines.due(2 * SILENCE - 61) == [LimitNear(Reason.IDLE, 60)]
    assert deadlines.due(2 * SILENCE - 1) == [LimitReached(Reason.IDLE)]


def test_a_limit_of_less_than_two_minutes_is_announced_half_way() -> None:
    deadlines = Deadlines(LONG, 30, now=0)
    assert deadlines.due(14) == []
    assert deadlines.next_at == 15
    assert deadlines.due(15) == [LimitNear(Reason.IDLE, 15)]
    assert deadlines.next_at == 30
