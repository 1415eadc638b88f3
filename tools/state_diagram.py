"""Writes the diagram of a session's states into both architecture.md, from the transition table.

`python -m tools.state_diagram` replaces the text between two marks. A test compares both.
"""

from hwaja.session.state_machine import ANYWHERE, ROWS
from hwaja.session.states import Branch, State
from tools.generated_section import GeneratedSection, rewrite

SECTION = GeneratedSection(
    "<!-- states: written by python -m tools.state_diagram -->", "<!-- /states -->"
)

Edge = tuple[State, State]
Causes = dict[Branch | None, list[str]]
"""Names of events by the branch that they must lead to."""


def edges() -> dict[Edge, Causes]:
    """Return the causes of each transition between two states, in the order of the table's rows."""
    found: dict[Edge, Causes] = {}
    seen: set[tuple[State, type]] = set()
    for row in ROWS:
        for state, event in row.cells:
            if (state, event) in seen:
                continue  # the first matching row counts
            seen.add((state, event))
            for branch, next_state in row.next_states.items():
                if next_state not in (None, state):
                    causes = found.setdefault((state, next_state), {})
                    causes.setdefault(branch, []).append(event.__name__)
    return found


def diagram() -> str:
    """Return the diagram in Mermaid's notation. Causes that close all open states appear once."""
    found = edges()
    to_closed = [found[state, State.CLOSED] for state in ANYWHERE]
    everywhere = {
        branch: [name for name in names if all(name in each.get(branch, ()) for each in to_closed)]
        for branch, names in to_closed[0].items()
    }
    lines = ["stateDiagram-v2", "    direction LR", "    [*] --> CONNECTING", "    state open {"]
    lines += [
        f"        {state.name} --> {next_state.name} : {_label(causes)}"
        for (state, next_state), causes in found.items()
        if next_state is not State.CLOSED
    ]
    lines += ["    }", f"    open --> CLOSED : {_label(everywhere)}"]
    for state, causes in zip(ANYWHERE, to_closed, strict=True):
        own = {
            branch: [name for name in names if name not in everywhere.get(branch, ())]
            for branch, names in causes.items()
        }
        lines += [f"    {state.name} --> CLOSED : {_label(own)}"] if any(own.values()) else []
    return "\n".join(["```mermaid", *lines, "```"])


def _label(causes: Causes) -> str:
    parts = []
    for branch, names in causes.items():
        condition = "" if branch in (None, Branch.AS_ASKED) else f" [{branch}]"
        if names:
            parts.append(", ".join(names) + condition)
    return "<br>".join(parts)


def filled(page: str) -> str:
    """Return the page with the new diagram between its marks.

    Raises:
        ValueError: for a page without marks.

    """
    return SECTION.replace(page, diagram())


if __name__ == "__main__":
    rewrite(filled)
