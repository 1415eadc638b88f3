"""`hwaja bench`."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from hwaja.audio import AudioError
from hwaja.benchmark.conditions import CONDITIONS, SNRS_DB
from hwaja.benchmark.corpus import BenchmarkError
from hwaja.client import ClientError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmarks and their options."""
    kinds = parser.add_subparsers(required=True, metavar="BENCHMARK")
    kind = kinds.add_parser(
        "attribution",
        help="say how often the speaker is right, on conversations made of your own clips",
        description="Builds conversations of single-speaker clips, has a server of its own hear "
        "them, and writes a report. docs/benchmark.md describes the index and every figure.",
    )
    kind.add_argument("--speech", type=Path, required=True, help="folder with the clips")
    kind.add_argument(
        "--rttm-like", type=Path, required=True, metavar="JSON", help="index: who says which clip"
    )
    kind.add_argument(
        "--out",
        type=Path,
        default=Path("attribution-benchmark"),
        help="folder for report.md, results.json and plots [default %(default)s]",
    )
    kind.add_argument("--seed", type=_natural, default=1, help="draws all [default %(default)s]")
    for name, choices in (("condition", tuple(CONDITIONS)), ("snr", tuple(SNRS_DB))):
        text = "only these of %(choices)s"
        kind.add_argument(f"--{name}", nargs="+", choices=choices, default=choices, help=text)
    kind.add_argument("--group", nargs="+", default=(), help="only these groups of the index")
    kind.add_argument(
        "--limit",
        type=_positive,
        default=6,
        help="conversations of each group, condition and SNR at most [default %(default)s]",
    )
    kind.add_argument(
        "--sessions", type=_positive, default=2, help="played side by side [default %(default)s]"
    )
    kind.add_argument(
        "--serve",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="OPTION",
        help="last: all that follows are options of hwaja serve",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return its exit code."""
    console = Console(stderr=True, highlight=False)
    try:
        with console.status("") as status:
            _measure(args, status.update)
    except (AudioError, BenchmarkError, ClientError) as error:
        print(f"hwaja: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"hwaja: {args.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(args.out / "report.md")
    return 0


def _measure(args: argparse.Namespace, tell: Callable[[str], None]) -> None:
    try:
        from hwaja.benchmark.attribution import Wishes, measure
    except ImportError as error:
        if (error.name or "").startswith("hwaja"):
            raise
        raise BenchmarkError("The benchmark needs: pip install 'hwaja[bench]'.") from error
    wishes = Wishes(
        args.speech,
        args.rttm_like,
        args.out,
        args.seed,
        tuple(args.condition),
        tuple(args.snr),
        tuple(args.group),
        args.limit,
        args.sessions,
        tuple(args.serve),
    )
    measure(wishes, tell)


def _positive(text: str) -> int:
    return _whole(text, 1)


def _natural(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"a whole number of at least {least}")
    return int(text)
