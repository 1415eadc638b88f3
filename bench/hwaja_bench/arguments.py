"""Command-line arguments that several measurements share."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class CorpusSettings:
    """Settings of a measurement on the user's own clips."""

    speech: Path
    index: Path
    out: Path
    seed: int
    groups: Sequence[str]
    serve: Sequence[str]
    """Options of the server."""

    def options(self, own: str) -> str:
        """Return the options that repeat the measurement; `own` are the options of its command."""
        return " ".join(
            [own, f"--seed {self.seed}", *(["--serve", *self.serve] if self.serve else [])]
        )


def add_corpus(parser: argparse.ArgumentParser, out: str, out_help: str) -> None:
    """Add the arguments for the user's own clips and the report's destination."""
    add_clips(parser)
    parser.add_argument("--out", type=Path, default=Path(out), help=f"{out_help} [default {out}]")


def add_clips(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the user's own clips."""
    parser.add_argument("--speech", type=Path, required=True, help="folder with the clips")
    parser.add_argument(
        "--rttm-like",
        type=Path,
        required=True,
        metavar="JSON",
        dest="index",
        help="index: who says which clip",
    )
    parser.add_argument("--seed", type=natural, default=1, help="draws all [default %(default)s]")
    parser.add_argument(
        "--group",
        nargs="+",
        default=(),
        dest="groups",
        metavar="GROUP",
        help="only these groups of the index",
    )


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add options of the server."""
    parser.add_argument(
        "--serve",
        nargs=argparse.REMAINDER,
        default=[],
        metavar="OPTION",
        help="last: all that follows are options of hwaja serve",
    )


def positive(text: str) -> int:
    """Parse an integer of at least 1."""
    return _whole(text, 1)


def natural(text: str) -> int:
    """Parse an integer of at least 0."""
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"a whole number of at least {least}")
    return int(text)
