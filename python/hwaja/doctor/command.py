"""`hwaja doctor`."""

import argparse
import os
from contextlib import closing

from rich.console import Console

from hwaja.doctor import report
from hwaja.doctor.diagnosis import diagnose
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import LANGUAGES, Language, of_locale
from hwaja.server.config import Config

MEASURED_SECONDS = 60.0
"""Long enough to average over short load peaks of the machine."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the doctor's own options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--lang",
        choices=LANGUAGES,
        default=of_locale(os.environ),
        help="language of the report, in JSON too [default: the locale's; here %(default)s]",
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=MEASURED_SECONDS,
        metavar="N",
        help="how long to measure how many can speak at once; 0: not at all [default %(default)g]",
    )


def run(config: Config, seconds: float, language: Language, *, as_json: bool) -> int:
    """Run all checks and print the findings; return 1 where a check failed, else 0."""
    console = Console(highlight=False)
    # On one console, progress and findings do not overwrite each other's lines.
    progress = console if console.is_terminal and not as_json else Console(stderr=True)
    findings: list[Finding] = []
    with (
        progress.status("") as status,
        closing(
            diagnose(config, seconds, lambda doing: status.update(doing.text(language)))
        ) as found,
    ):
        for finding in found:
            findings.append(finding)
            if not as_json:
                report.show(finding, console, language)
    if as_json:
        print(report.as_json(findings, language))
    else:
        report.show_verdict(findings, console, language)
    return 0 if report.passed(findings) else 1


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("between 0 and 3600")
    return seconds
