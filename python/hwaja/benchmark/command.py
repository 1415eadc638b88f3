"""`hwaja bench`."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from hwaja.benchmark.conditions import CONDITIONS, SNRS_DB
from hwaja.benchmark.corpus import BenchmarkError
from hwaja.client import ClientError
from hwaja.client.sound_files import AudioError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmarks and their options."""
    kinds = parser.add_subparsers(required=True, metavar="BENCHMARK")
    _add_attribution(
        kinds.add_parser(
            "attribution",
            help="say how often the speaker is right, on conversations made of your own clips",
            description="Builds conversations of single-speaker clips, has a server of its own "
            "hear them, and writes a report. docs/benchmark.md describes the index and every "
            "figure.",
        )
    )
    _add_load(
        kinds.add_parser(
            "load",
            help="say how late texts come and what they cost where many talk at once",
            description="Has many clients talk in real time to a server of its own, and writes "
            "how late their texts came and what the server used. Linux only.",
        )
    )


def _add_attribution(kind: argparse.ArgumentParser) -> None:
    _add_corpus(kind, "attribution-benchmark", "folder for report.md, results.json and plots")
    for name, choices in (("condition", tuple(CONDITIONS)), ("snr", tuple(SNRS_DB))):
        text = "only these of %(choices)s"
        kind.add_argument(f"--{name}", nargs="+", choices=choices, default=choices, help=text)
    kind.add_argument(
        "--limit",
        type=_positive,
        default=6,
        help="conversations of each group, condition and SNR at most [default %(default)s]",
    )
    kind.add_argument(
        "--sessions", type=_positive, default=2, help="played side by side [default %(default)s]"
    )
    _add_serve(kind)
    kind.set_defaults(measure=_measure_attribution)


def _add_load(kind: argparse.ArgumentParser) -> None:
    _add_corpus(kind, "load-benchmark", "folder for report.html, results.json and the plot")
    kind.add_argument(
        "--clients", type=_positive, default=10, help="that talk at once [default %(default)s]"
    )
    kind.add_argument(
        "--seconds", type=_positive, default=600, help="how long [default %(default)s]"
    )
    kind.add_argument(
        "--pause-seconds",
        type=float,
        default=0.7,
        help="between two clips; 0: somebody always talks [default %(default)s]",
    )
    kind.add_argument("--interims", action="store_true", help="ask for interim texts")
    kind.add_argument(
        "--against", type=Path, metavar="JSON", help="results.json of an earlier test"
    )
    _add_serve(kind)
    kind.set_defaults(measure=_measure_load)


def _add_corpus(kind: argparse.ArgumentParser, out: str, out_help: str) -> None:
    kind.add_argument("--speech", type=Path, required=True, help="folder with the clips")
    kind.add_argument(
        "--rttm-like", type=Path, required=True, metavar="JSON", help="index: who says which clip"
    )
    kind.add_argument("--out", type=Path, default=Path(out), help=f"{out_help} [default {out}]")
    kind.add_argument("--seed", type=_natural, default=1, help="draws all [default %(default)s]")
    kind.add_argument("--group", nargs="+", default=(), help="only these groups of the index")


def _add_serve(kind: argparse.ArgumentParser) -> None:
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
            said = args.measure(args, status.update)
    except (AudioError, BenchmarkError, ClientError) as error:
        print(f"hwaja: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"hwaja: {args.out} cannot be written: {error.strerror}.", file=sys.stderr)
        return 1
    print(said)
    return 0


def _measure_attribution(args: argparse.Namespace, tell: Callable[[str], None]) -> str:
    with _needing_libraries():
        from hwaja.benchmark.attribution import Wishes, measure
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
    return str(args.out / "report.md")


def _measure_load(args: argparse.Namespace, tell: Callable[[str], None]) -> str:
    with _needing_libraries():
        from hwaja.benchmark.load.measuring import Wishes, measure
    wishes = Wishes(
        args.speech,
        args.rttm_like,
        args.out,
        args.seed,
        tuple(args.group),
        args.clients,
        args.seconds,
        args.pause_seconds,
        args.interims,
        args.against,
        tuple(args.serve),
    )
    return f"{measure(wishes, tell)}\n{args.out / 'report.html'}"


@contextmanager
def _needing_libraries() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("hwaja"):
            raise
        raise BenchmarkError("The benchmark needs: pip install 'hwaja[bench]'.") from error


def _positive(text: str) -> int:
    return _whole(text, 1)


def _natural(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"a whole number of at least {least}")
    return int(text)
