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

from hwaja.language import Language, Text, chooser
from hwaja.language.sentences import told
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

AddAction = Callable[[str, Text], argparse.ArgumentParser]
"""Adds a sub-command by its name and its purpose."""

_POINTER = Text(
    "Other models may suit you better. To see which, run: hwaja models advise",
    "더 알맞은 모델이 있을 수 있습니다. 다음을 실행하면 볼 수 있습니다: hwaja models advise",
)


def add_arguments(add_action: AddAction, language: Language) -> None:
    """Add the sub-commands of `hwaja models` that look after the cache, in a language."""
    text = chooser(language)
    name = text("as the list has it", "카탈로그에 있는 이름")
    add_action("list", Text("show the catalogue and what is in the cache", "카탈로그와 캐시 보기"))
    fetching = add_action("pull", Text("fetch models into the cache", "모델을 캐시에 내려받기"))
    fetching.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=text("default: the models that serve needs", "기본값: serve에 필요한 모델"),
    )
    fetching.add_argument(
        "--for-tests",
        action="store_true",
        help=text("fetch the models that the test suite needs", "테스트에 필요한 모델을 내려받기"),
    )
    importing = add_action(
        "import",
        Text(
            "copy a recogniser that you fetched elsewhere into the cache",
            "다른 곳에서 받은 음성 인식기를 캐시에 복사",
        ),
    )
    importing.add_argument(
        "source",
        type=Path,
        metavar="FOLDER|ARCHIVE",
        help=text("where its files are", "모델의 파일이 있는 곳"),
    )
    importing.add_argument(
        "--name",
        help=text(
            "what to call it; default: as the folder or the archive",
            "모델의 이름. 기본값: 폴더나 압축 파일의 이름",
        ),
    )
    removing = add_action("remove", Text("delete a model from the cache", "캐시에서 모델 지우기"))
    removing.add_argument("name", metavar="NAME", help=name)
    where = add_action("path", Text("print the folder of a model", "모델의 폴더 출력"))
    where.add_argument("name", metavar="NAME", help=name)


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
            print_list(cache_root(), args.lang)
        case "pull":
            if args.names or args.for_tests:
                _pull(args.names or test_names(), args.lang)
            else:
                _pull_default(args.lang)
        case "import":
            _import(args.source, args.name, try_out)
        case "remove":
            remove(args.name)
        case "path":
            print(locate(args.name))
    return 0


def _pull_default(language: Language) -> None:
    """Pull the models that serve needs; the first time, name the command that advises."""
    root = cache_root()
    names = default_names()
    anything_new = not all(is_present(entry(name), root) for name in names)
    _pull(names, language)
    if anything_new:
        Console(stderr=True).print(_POINTER.said_in(language), soft_wrap=True, highlight=False)


def _import(source: Path, name: str | None, try_out: TryOut) -> None:
    console = Console(stderr=True)
    with _bars(console) as progress:
        folder = import_model(source, try_out, name=name, progress=progress)
    console.print(f"{folder.name}: {folder}", soft_wrap=True, highlight=False)


def _pull(names: list[str] | tuple[str, ...], language: Language) -> None:
    console = Console(stderr=True)
    for name in names:
        with _bars(console) as progress:
            folder = pull(name, progress=progress)
        console.print(f"{name}: {folder}", soft_wrap=True, highlight=False)
        if restriction := entry(name).restriction:
            console.print(told(restriction, language), soft_wrap=True, highlight=False)


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
