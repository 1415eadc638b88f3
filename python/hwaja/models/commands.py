"""`hwaja models list | pull | import | remove | path`."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column

from hwaja.models import (
    cache_root,
    default_names,
    entry,
    is_present,
    locate,
    pull,
    test_names,
)
from hwaja.models.fetch import Progress as ProgressCallback
from hwaja.models.importing import TryOut, import_model, remove
from hwaja.models.listing import print_list

_POINTER = "Other models may suit you better. To see which, run: hwaja models advise"


def add_arguments(parser: argparse.ArgumentParser) -> Callable[..., argparse.ArgumentParser]:
    """Add the sub-commands of `hwaja models`; return the function that adds further ones."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    actions.add_parser("list", help="show the catalogue and what is in the cache")
    fetching = actions.add_parser("pull", help="fetch models into the cache")
    fetching.add_argument(
        "names", nargs="*", metavar="NAME", help="default: the models that serve needs"
    )
    fetching.add_argument(
        "--for-tests", action="store_true", help="fetch the models that the test suite needs"
    )
    importing = actions.add_parser(
        "import", help="copy a recogniser that you fetched elsewhere into the cache"
    )
    importing.add_argument("source", type=Path, metavar="FOLDER|ARCHIVE")
    importing.add_argument("--name", help="what to call it; default: as the folder or the archive")
    removing = actions.add_parser("remove", help="delete a model from the cache")
    removing.add_argument("name", metavar="NAME")
    where = actions.add_parser("path", help="print the folder of a model")
    where.add_argument("name", metavar="NAME")
    return actions.add_parser


def run(args: argparse.Namespace, try_out: TryOut) -> int:
    """Run `hwaja models`; returns the exit code.

    Args:
        args: the arguments.
        try_out: checks a recogniser that is to be imported; see `importing.TryOut`.

    Raises:
        ModelError: where a model is unknown, or cannot be pulled or imported.

    """
    match args.action:
        case "list":
            print_list(cache_root())
        case "pull":
            if args.names or args.for_tests:
                _pull(args.names or test_names())
            else:
                _pull_default()
        case "import":
            _import(args.source, args.name, try_out)
        case "remove":
            remove(args.name)
        case "path":
            print(locate(args.name))
    return 0


def _pull_default() -> None:
    """Pull the models that serve needs; the first time, name the command that advises."""
    root = cache_root()
    names = default_names()
    anything_new = not all(is_present(entry(name), root) for name in names)
    _pull(names)
    if anything_new:
        Console(stderr=True).print(_POINTER, soft_wrap=True, highlight=False)


def _import(source: Path, name: str | None, try_out: TryOut) -> None:
    console = Console(stderr=True)
    with _bars(console) as progress:
        folder = import_model(source, try_out, name=name, progress=progress)
    console.print(f"{folder.name}: {folder}", soft_wrap=True, highlight=False)


def _pull(names: list[str] | tuple[str, ...]) -> None:
    console = Console(stderr=True)
    for name in names:
        with _bars(console) as progress:
            folder = pull(name, progress=progress)
        console.print(f"{name}: {folder}", soft_wrap=True, highlight=False)
        if restriction := entry(name).restriction:
            console.print(restriction, soft_wrap=True, highlight=False)


@contextmanager
def _bars(console: Console) -> Iterator[ProgressCallback]:
    """Show one progress bar for each file."""
    name = Column(no_wrap=True, overflow="ellipsis", max_width=30)
    columns = (
        TextColumn("{task.description}", table_column=name),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    # Nothing is drawn into a file or a pipe, not even the empty line after a progress bar.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bars:
        tasks: dict[str, TaskID] = {}

        def show(file: str, have: int, total: int) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file, total=total or None)
            bars.update(tasks[file], completed=have)

        yield show
