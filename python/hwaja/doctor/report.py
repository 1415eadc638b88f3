"""Prints the findings, for people and for scripts."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from hwaja import __version__
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import counted, phrase
from hwaja.language import Language

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "failure": ("✗", "red")}

_NAME_WIDTH = 18  # longest name of a default model


def passed(findings: Sequence[Finding]) -> bool:
    """Return whether the server can run: no finding is a failure."""
    return all(finding.state != "failure" for finding in findings)


def show(finding: Finding, console: Console, language: Language) -> None:
    """Print a finding on one line and its advice on the next."""
    mark, colour = _MARKS[finding.state]
    line = Text.assemble((f"{mark} ", colour), (f"{finding.name:{_NAME_WIDTH}} ", "bold"))
    sentence = finding.sentence.text(language)
    console.print(line.append(without_home(sentence)), soft_wrap=True)
    if finding.advice is not None:
        indent, advice = " " * (_NAME_WIDTH + 3), finding.advice.text(language)
        console.print(indent + without_home(advice), soft_wrap=True, highlight=False)


def show_verdict(findings: Sequence[Finding], console: Console, language: Language) -> None:
    """Print the overall result."""
    failures, warnings = (
        sum(finding.state == state for finding in findings) for state in ("failure", "warning")
    )
    if failures:
        verdict, style = counted("verdict.failures", failures), "red"
    elif warnings:
        verdict, style = counted("verdict.warnings", warnings), "yellow"
    else:
        verdict, style = phrase("verdict.ready"), "green"
    console.print(verdict.text(language), style=style)


def as_json(findings: Sequence[Finding], language: Language) -> str:
    """Return one JSON object with all findings; its sentences are in `language`."""
    document = {
        "hwaja": __version__,
        "ok": passed(findings),
        "findings": [_as_object(finding, language) for finding in findings],
    }
    return without_home(json.dumps(document, ensure_ascii=False, indent=2))


def without_home(text: str) -> str:
    """Replace the user's home folder, whose name contains the user's name, by "~"."""
    home = os.path.expanduser("~")  # noqa: PTH111  # "~" itself where there is none
    return text.replace(home, "~") if len(Path(home).parts) > 1 else text


def _as_object(finding: Finding, language: Language) -> dict[str, Any]:
    return {
        "name": finding.name,
        "state": finding.state,
        "sentence": finding.sentence.text(language),
        "advice": finding.advice.text(language) if finding.advice is not None else "",
        "facts": finding.facts,
    }
