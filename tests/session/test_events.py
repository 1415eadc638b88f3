"""The events and effects of a session."""

import dataclasses

import pytest

from hwaja.protocol.client_messages import (
    ClientMessage,
    CompleteRegistration,
    InvalidMessageError,
    StartRegistration,
    StartTranscription,
    StopTranscription,
)
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.session import events
from hwaja.session.events import Received, Refused


@pytest.mark.parametrize(
    ("message", "wants_details"),
    [
        (StartRegistration(0), False),
        (StartRegistration(0, details=True), True),
        (StartTranscription(), False),
        (StartTranscription(details=True), True),
        (CompleteRegistration(0), False),
        (StopTranscription(), False),
    ],
)
def test_only_a_message_that_begins_a_phase_can_ask_for_details(
    message: ClientMessage, wants_details: bool
) -> None:
    assert Received(message, at=0).wants_details is wants_details


@pytest.mark.parametrize("wants_details", [False, True])
def test_a_refused_message_asks_for_details_as_the_error_says(wants_details: bool) -> None:
    error = InvalidMessageError(ErrorCode.INVALID_MESSAGE, Reason.WRONG_STATE)
    error.wants_details = wants_details
    assert Refused(error).wants_details is wants_details


@pytest.mark.parametrize(
    "kind",
    [
        kind
        for kind in vars(events).values()
        if getattr(kind, "__module__", None) == events.__name__
        and dataclasses.is_dataclass(kind)
        and dataclasses.fields(kind)
    ],
    ids=lambda kind: kind.__name__,
)
def test_an_event_or_effect_cannot_be_changed_after_it_was_made(kind: type) -> None:
    """The handler of one event must not change what another one reads."""
    names = [field.name for field in dataclasses.fields(kind)]
    made = kind(*names)
    for name in names:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, 1)
