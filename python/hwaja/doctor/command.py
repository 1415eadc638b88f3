"""`hwaja doctor`."""

import argparse
from contextlib import closing

from rich.console import Console

from hwaja.doctor import report
from hwaja.doctor.diagnosis import diagnose
from hwaja.doctor.findings import Finding
from hwaja.language import Language, chooser
from hwaja.server.config import Config

MEASURED_SECONDS = 60.0
"""Long enough to average over short load peaks of the machine."""


def add_arguments(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the doctor's own options, but `--lang`, which other commands have too."""
    text = chooser(language)
    parser.add_argument(
        "--json", action="store_true", help=text("print one JSON object", "JSON 객체 하나로 출력")
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        default=MEASURED_SECONDS,
        metavar="N",
        help=text(
            "how long to measure how many can speak at once; 0: not at all [default %(default)g]",
            "동시에 몇 사람이 말할 수 있는지 재는 시간(초). 0이면 재지 않음 [기본값 %(default)g]",
        ),
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
    try:
        seconds = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"invalid float value: {text!r}") from None
    if not 0 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("between 0 and 3600")
    return seconds
