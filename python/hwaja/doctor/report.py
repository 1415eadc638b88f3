"""What was found, for people and for scripts."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from hwaja import __version__
from hwaja.doctor.findings import Finding

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failure": ("✗", "red")}

_NAME_WIDTH = 18  # of the default models


def passed(findings: Sequence[Finding]) -> bool:
    """Return whether it can be served."""
    return all(finding.state != "failure" for finding in findings)


def show(finding: Finding, console: Console) -> None:
    """Print a finding on one line, and what to do about it on the next."""
    mark, colour = _MARKS[finding.state]
    line = Text.assemble((f"{mark} ", colour), (f"{finding.name:{_NAME_WIDTH}} ", "bold"))
    console.print(line.append(without_home(finding.sentence)), soft_wrap=True)
    if finding.advice:
        indent = " " * (_NAME_WIDTH + 3)
        console.print(indent + without_home(finding.advice), soft_wrap=True, highlight=False)


def show_verdict(findings: Sequence[Finding], console: Console) -> None:
    """Print what it comes to."""
    failures, warnings = (
        sum(finding.state == state for finding in findings) for state in ("failure", "warning")
    )
    if failures:
        console.print(f"Not ready to serve: {_counted(failures, 'failure')}.", style="red")
    elif warnings:
        console.print(f"Ready to serve, with {_counted(warnings, 'warning')}.", style="yellow")
    else:
        console.print("Ready to serve.", style="green")


def as_json(findings: Sequence[Finding]) -> str:
    """Return one JSON object with everything."""
    document = {
        "hwaja": __version__,
        "ok": passed(findings),
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
    return without_home(json.dumps(document, ensure_ascii=False, indent=2))


def without_home(text: str) -> str:
    """Return text with the user's folder, which holds the user's name, as "~"."""
    home = Path.home()
    return text.replace(str(home), "~") if len(home.parts) > 1 else text


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
