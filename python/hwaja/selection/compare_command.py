"""`hwaja models compare`: measures recognisers on the user's own speech."""

import argparse
import asyncio
import dataclasses
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from rich.console import Console
from rich.status import Status

from hwaja.client.sound_files import AudioError
from hwaja.engines.interface import EngineError
from hwaja.engines.providers import resolve
from hwaja.language import Language, Text, chooser
from hwaja.language.sentences import told
from hwaja.models import ModelError
from hwaja.process import log_setup
from hwaja.selection.speech_folder import Recording, read_folder
from hwaja.server import config, config_sources
from hwaja.server.application import embedder_file

if TYPE_CHECKING:
    from hwaja.selection.measuring import Measured

_LIBRARIES = ("kocer", "rapidfuzz", "soundfile", "soxr")
"""Modules of the extra `compare`."""


def add_arguments(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the arguments of `hwaja models compare`, in a language."""
    text = chooser(language)
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help=text(
            "a name from the catalogue, or a model folder", "카탈로그의 이름이나 모델의 폴더"
        ),
    )
    parser.add_argument(
        "--speech",
        type=Path,
        required=True,
        metavar="DIR",
        help=text(
            "recordings (WAV, FLAC), each with its text in a .txt of the same name",
            "녹음(WAV, FLAC)의 폴더. 녹음마다 이름이 같은 .txt에 적힌 글",
        ),
    )
    parser.add_argument(
        "--language",
        help=text(
            "code of the spoken language [default: as for serve]",
            "말하는 언어의 코드 [기본값: serve와 같음]",
        ),
    )
    parser.add_argument(
        "--workers",
        type=int,
        help=text(
            "inference processes [default: as for serve]", "추론 프로세스 [기본값: serve와 같음]"
        ),
    )
    parser.add_argument(
        "--minutes",
        type=_minutes,
        default=5.0,
        metavar="M",
        help=text(
            "recordings to use at most, drawn at random [default %(default)g]",
            "많아야 이만큼의 녹음을 무작위로 골라 씀 [기본값 %(default)g]",
        ),
    )
    parser.add_argument(
        "--show",
        action="store_true",
        help=text(
            "print what was said and recognised, where they differ",
            "말과 인식 결과가 다른 곳을 출력",
        ),
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help=text("write the figures as JSON; -: print them", "값을 JSON으로 저장. -: 출력"),
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return 0 where every recogniser was measured.

    Raises:
        ConfigError, EngineError, ModelError: nothing can be measured.

    """
    console = Console(highlight=False)
    try:
        _check(
            not args.show or console.is_terminal,
            "--show prints what people said, so it needs a terminal.",
        )
        _check(
            all(map(find_spec, _LIBRARIES)),
            "Comparing models needs: pip install 'hwaja[compare]'.",
        )
        recordings = read_folder(args.speech, args.minutes)
    except AudioError as error:
        print(f"hwaja: {told(error, args.lang)}", file=sys.stderr)
        return 1
    return _compare(args, _settings(args), recordings, console)


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise AudioError(sentence)


def _compare(
    args: argparse.Namespace,
    settings: config.Config,
    recordings: Sequence[Recording],
    console: Console,
) -> int:
    # These need the extra `compare`.
    from hwaja.selection import table
    from hwaja.selection.comparison import Figures, Speech, differences, figures
    from hwaja.selection.measuring import Measured, measure

    provider = asyncio.run(resolve(settings.provider, embedder_file())).running
    rows, found = [], list[Measured]()
    with Console(stderr=True, highlight=False).status("") as status:
        for model in args.models:
            each = dataclasses.replace(settings, asr_model=model)
            doing = _progress(status, model, args.lang)
            try:
                measured = asyncio.run(measure(each, provider, recordings, doing))
            except (EngineError, ModelError) as error:
                rows.append(Figures(model, str(error)))
            else:
                found.append(measured)
                rows.append(figures(measured))
    speech = Speech(
        len(recordings),
        sum(each.text is not None for each in recordings),
        round(sum(each.seconds for each in recordings), 1),
        settings.language,
        settings.workers,
    )
    compared = differences(found)
    if args.show:
        _show_pairs(recordings, found, console, args.lang)
    if args.json:
        _write_json({"speech": speech, "models": rows, "differences": compared}, args.json)
    if args.json != "-":
        table.show(speech, rows, compared, console, args.lang)
    return 0 if len(found) == len(args.models) else 1


def _settings(args: argparse.Namespace) -> config.Config:
    """Return the configuration of a server, and log as one."""
    flags = {
        name: str(value)
        for name in ("language", "workers")
        if (value := getattr(args, name)) is not None
    }
    settings = config_sources.from_environment(flags)
    log_setup.configure(settings.log_format)
    return settings


def _progress(status: Status, model: str, language: Language) -> Callable[[Text], None]:
    return lambda doing: status.update(f"{model}: {doing.said_in(language)}")


def _show_pairs(
    recordings: Sequence[Recording],
    found: Sequence["Measured"],
    console: Console,
    language: Language,
) -> None:
    """Print what was said and what was recognised, where they differ."""
    said_as = chooser(language)("said: ", "말:   ")
    found_as = chooser(language)("found:", "인식:")
    said = [each for each in recordings if each.text is not None]
    for measured in found:
        console.print(measured.model, style="bold")
        for recording, text, (errors, _) in zip(
            said, measured.texts, measured.characters, strict=True
        ):
            if errors:
                console.print(f"  {recording.name}\n    {said_as} {recording.text}", markup=False)
                console.print(f"    {found_as} {text}", markup=False)


def _write_json(document: dict[str, Any], file: str) -> None:
    text = msgspec.json.format(msgspec.json.encode(document)).decode()
    if file == "-":
        print(text)
        return
    try:
        Path(file).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise config.ConfigError(f"{file} cannot be written: {error.strerror}.") from error


def _minutes(text: str) -> float:
    minutes = float(text)
    if not 0 < minutes <= 600:
        raise argparse.ArgumentTypeError("above 0, at most 600")
    return minutes
