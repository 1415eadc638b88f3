"""The table of the state machine: completeness, one place that sets the state, and its diagram."""

import re
from pathlib import Path

import pytest
from talk import in_state
from tools import state_diagram
from tools.generated_section import ARCHITECTURE_PAGES

from hwaja.session import actions, events, state_machine
from hwaja.session.events import Disconnected, Event
from hwaja.session.state_machine import ROWS, Row
from hwaja.session.states import Branch, State


@pytest.mark.parametrize("file", ARCHITECTURE_PAGES, ids=str)
def test_the_diagram_in_the_docs_is_up_to_date(file: Path) -> None:
    page = file.read_text(encoding="utf-8")
    assert page == state_diagram.filled(page), "run python -m tools.state_diagram"


def test_the_diagram_shows_every_state_and_no_transition_out_of_the_last() -> None:
    ways = state_diagram.edges()
    assert {state for way in ways for state in way} == set(State)
    assert not any(state is State.CLOSED for state, _ in ways)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.action.__name__)
def test_every_row_of_the_table_is_used(row: Row) -> None:
    """A row is never used if earlier rows cover all of its states and events."""
    before = {cell for each in ROWS[: ROWS.index(row)] for cell in each.cells}
    assert set(row.cells) - before


@pytest.mark.parametrize("state", State)
def test_a_session_that_loses_its_client_is_closed_in_every_state(state: State) -> None:
    session = in_state(state).session
    session.handle(Disconnected())
    assert session.state is State.CLOSED


def test_every_event_is_in_the_table() -> None:
    kinds = {event.__name__ for row in ROWS for _, event in row.cells}
    missing = {getattr(kind, "__name__", "Received") for kind in Event.__args__} - kinds
    assert missing == {"Received"}, "a message counts by its own type"


def test_a_branch_that_a_row_does_not_name_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the session would stay in its state by mistake."""
    session = in_state(State.READY).session
    row = Row(State.READY, Disconnected, lambda *_: Branch.ENDED, {Branch.REFUSED: None})
    monkeypatch.setitem(state_machine._ROW_OF, (State.READY, Disconnected), row)
    with pytest.raises(KeyError):
        session.handle(Disconnected())


def test_the_state_is_assigned_in_one_place() -> None:
    sources = [Path(module.__file__).read_text() for module in (actions, events, state_machine)]
    assert sum(len(re.findall(r"\.state = ", source)) for source in sources) == 1
