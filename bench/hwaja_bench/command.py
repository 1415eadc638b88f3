"""`hwaja bench`: the command that runs every measurement."""

import argparse
import ast
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

from hwaja.client import ClientError
from hwaja.client.sound_files import AudioError
from hwaja_bench.arguments import add_corpus, add_serve, positive
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.speech.conditions import CONDITIONS, LOUD_SNRS_DB, SNRS_DB

KINDS = {"soak": "soak", "experiment": "experiments"}
"""Commands that run one of many programs, with the sub-package of these programs."""


def main(arguments: list[str]) -> int:
    """Run `hwaja bench`; return its exit code."""
    args = parser().parse_args(arguments)
    try:
        return int(args.run(args))
    except (AudioError, BenchmarkError, ClientError) as error:
        print(f"hwaja: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    whole = argparse.ArgumentParser(
        prog="hwaja bench", description="Measures hwaja; docs/benchmark.md describes every figure."
    )
    kinds = whole.add_subparsers(required=True, metavar="BENCHMARK")
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
            "how late their texts came and what the server used.",
        )
    )
    _add_fleet(
        kinds.add_parser(
            "fleet",
            help="run several nodes behind HAProxy on this machine until Ctrl-C; needs a checkout",
            description="Runs several nodes behind HAProxy, to try what docs/fleet.md describes.",
        )
    )
    _add_programs(kinds, "soak", "keep a server under strain for hours; needs a checkout")
    _add_programs(kinds, "experiment", "find a figure of bench/RESULTS.md again")
    return whole


def _add_attribution(kind: argparse.ArgumentParser) -> None:
    add_corpus(kind, "attribution-benchmark", "folder for report.md, results.json and plots")
    for name, usual, more in (
        ("condition", tuple(CONDITIONS), ()),
        ("snr", tuple(SNRS_DB), tuple(LOUD_SNRS_DB)),
    ):
        kind.add_argument(
            f"--{name}",
            nargs="+",
            choices=(*usual, *more),
            default=usual,
            dest=f"{name}s",
            help=f"only these of %(choices)s [default {' '.join(usual)}]",
        )
    kind.add_argument(
        "--limit",
        type=positive,
        default=6,
        help="conversations of each group, condition and SNR at most [default %(default)s]",
    )
    kind.add_argument(
        "--sessions", type=positive, default=2, help="played side by side [default %(default)s]"
    )
    add_serve(kind)
    kind.set_defaults(run=lambda args: _report("hwaja_bench.attribution.measuring", args))


def _add_load(kind: argparse.ArgumentParser) -> None:
    add_corpus(kind, "load-benchmark", "folder for report.html, results.json and the plot")
    kind.add_argument(
        "--clients", type=positive, default=10, help="that talk at once [default %(default)s]"
    )
    kind.add_argument(
        "--seconds", type=positive, default=600, help="how long [default %(default)s]"
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
    add_serve(kind)
    kind.set_defaults(run=lambda args: _report("hwaja_bench.load.measuring", args))


def _add_fleet(kind: argparse.ArgumentParser) -> None:
    fleet = import_module("hwaja_bench.fleet")
    fleet.add_arguments(kind)
    kind.set_defaults(run=fleet.run)


def _report(module: str, args: argparse.Namespace) -> int:
    """Run a measurement that writes a report, and print its summary."""
    measuring = import_module(module)  # imports SciPy and Matplotlib, which would slow --help down
    settings = measuring.Settings(
        **{f.name: getattr(args, f.name) for f in fields(measuring.Settings)}
    )
    try:
        with Console(stderr=True, highlight=False).status("") as status:
            said = measuring.measure(settings, status.update)
    except OSError as error:
        raise BenchmarkError(f"{args.out} cannot be written: {error.strerror}.") from error
    print(said)
    return 0


def _add_programs(kinds: Any, kind: str, purpose: str) -> None:
    """Add a command whose first argument is the name of the program to run."""
    one_of = kinds.add_parser(kind, help=purpose, description=f"{purpose}. No name: list them.")
    one_of.add_argument("name", nargs="?", choices=program_names(kind), metavar="NAME")
    one_of.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="its own; NAME --help describes them"
    )

    def run(args: argparse.Namespace) -> int:
        if args.name is None:
            print(_listing(kind))
            return 0
        module = import_module(f"hwaja_bench.{KINDS[kind]}.{args.name}")
        own = program_parser(kind, args.name).parse_args(args.arguments)
        code: int | None = module.run(own)
        return code or 0

    one_of.set_defaults(run=run)


def program_names(kind: str) -> list[str]:
    """Return the programs of a kind."""
    modules = pkgutil.iter_modules([str(_folder(kind))])
    return [module.name for module in modules if not module.ispkg]


def program_parser(kind: str, name: str) -> argparse.ArgumentParser:
    """Return the parser of one program; its docstring is the description."""
    module = import_module(f"hwaja_bench.{KINDS[kind]}.{name}")
    own = argparse.ArgumentParser(
        prog=f"hwaja bench {kind} {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments: Callable[[argparse.ArgumentParser], None] = module.add_arguments
    add_arguments(own)
    return own


def _listing(kind: str) -> str:
    """Return each program with the first line of its docstring, without importing it."""
    lines = []
    for name in program_names(kind):
        source = (_folder(kind) / f"{name}.py").read_text(encoding="utf-8")
        purpose = (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]
        lines.append(f"{name:16} {purpose}")
    return "\n".join(lines)


def _folder(kind: str) -> Path:
    return Path(__file__).parent / KINDS[kind]
