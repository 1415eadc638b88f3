"""How a session ends: its close code, and the error that the client gets before."""

import pytest

from hwaja.protocol.codes import CloseCode, ErrorCode, Reason
from hwaja.protocol.server_messages import Error
from hwaja.session.events import CutOff, LimitReached, ServerFailed, Shutdown
from hwaja.session.states import outcome_of


@pytest.mark.parametrize("event", [Shutdown(), CutOff()], ids=lambda event: type(event).__name__)
def test_a_server_that_stops_closes_as_going_away_without_an_error(
    event: Shutdown | CutOff,
) -> None:
    outcome = outcome_of(event)
    assert (outcome.code, outcome.error) == (CloseCode.GOING_AWAY, None)


def test_a_fault_of_the_server_closes_as_an_internal_error_and_is_reported() -> None:
    outcome = outcome_of(ServerFailed())
    assert outcome.code is CloseCode.INTERNAL_ERROR
    assert outcome.error == Error(ErrorCode.CONNECTION_FAILED, Reason.SERVER_FAILED)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (Reason.SESSION_LIMIT, CloseCode.NORMAL),
        (Reason.IDLE, CloseCode.NORMAL),
        (Reason.TOKEN_REVOKED, CloseCode.POLICY_VIOLATION),
        (Reason.SERVER_FULL, CloseCode.TRY_AGAIN_LATER),
    ],
)
def test_a_session_that_must_end_reports_the_reason_and_closes_with_its_code(
    reason: Reason, code: CloseCode
) -> None:
    outcome = outcome_of(LimitReached(reason))
    assert outcome.code is code
    assert outcome.error == Error(ErrorCode.CONNECTION_FAILED, reason)
