"""`hwaja transcribe --fast`: has the server transcribe a whole file as fast as it can."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from hwaja.cli.strings import say
from hwaja.cli.transcript import Transcript
from hwaja.cli.upload import Field, Form, send
from hwaja.client import ClientError, Label
from hwaja.client.errors import FormError
from hwaja.client.trust import client_tls
from hwaja.language import Language
from hwaja.server.access.token_file import first_token
from hwaja.server.files.upload_options import JSON, WRITERS

FORMATS = (JSON, *WRITERS)

_PATH = "/v1/transcripts"


def run_fast(args: argparse.Namespace, url: str, certificate: Path | None) -> None:
    """Send the file, and print its transcript.

    Args:
        args: of `hwaja transcribe`.
        url: of the server.
        certificate: trusted if the arguments name none.

    Raises:
        ClientError: if an option does not fit, a file cannot be read, or the server refuses.
        ConfigError: if the token cannot be read.

    """
    _check(args)
    chosen = args.format or _format_of(args.output)
    token = first_token(args.token_file) if args.token_file else None
    tls = client_tls(args.cafile or certificate, verify=not args.insecure)
    began = time.monotonic()
    try:
        form = Form(list(_fields(args, chosen)))
        with _Bar(args.talk, args.lang) as bar:
            content = send(url, _PATH, tls, token, form, bar.show)
        if args.output is not None:
            args.output.write_text(content, encoding="utf-8")
            return
    except OSError as error:
        raise ClientError(f"{error.filename} cannot be used: {error.strerror}.") from error
    if args.format or args.json:
        sys.stdout.write(content)
        return
    _print(_read(content), args.name, args.lang, time.monotonic() - began)


def _format_of(output: Path | None) -> str:
    """Return the format that the name of a file asks for."""
    if output is None:
        return JSON
    suffix = output.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise ClientError(
            f"The name {output} ends with no format: end it with one of {', '.join(FORMATS)}, "
            "or give --format."
        )
    return suffix


def _check(args: argparse.Namespace) -> None:
    live = {
        "--mic": args.mic,
        "--channels": args.channels,
        "--speed": args.speed != 1.0,
        "--interim": args.interim,
        "--event": args.events,
        "--save-voice": any(getattr(voice, "kept_in", None) for voice in args.voices),
        "several --url": len(args.url or ()) > 1,
    }
    for option, is_given in live.items():
        if is_given:
            raise ClientError(f"--fast cannot be combined with {option}.")


def _fields(args: argparse.Namespace, chosen: str) -> Iterator[Field]:
    """Yield the form; the file comes last, so that the server need not hold it."""
    yield Field("format", chosen)
    yield from (Field("name", name) for name in args.name)
    yield from (Field("hotwords", text) for text in args.hotword)
    if args.language:
        yield Field("language", args.language)
    if args.discover:
        yield Field("speakers", "discover")
    if args.max_speakers is not None:
        yield Field("max_speakers", str(args.max_speakers))
    yield from (voice.field() for voice in args.voices)
    yield Field("file", args.talk)


class _Utterance(msgspec.Struct, frozen=True, tag_field="type", tag="transcription"):
    """What is printed of an utterance."""

    segment_id: int
    speaker_id: int
    start_seconds: float
    confidence: float
    text: str
    label: str = Label.SURE


class _Transcript(msgspec.Struct, frozen=True):
    """What is printed of a transcript."""

    audio_seconds: float
    utterances: list[_Utterance]


def _read(content: str) -> _Transcript:
    try:
        return msgspec.json.decode(content, type=_Transcript)
    except (msgspec.DecodeError, RecursionError):
        raise FormError from None


def _print(content: _Transcript, names: list[str], language: Language, took_seconds: float) -> None:
    with Transcript(as_json=False, names=names, language=language) as transcript:
        for utterance in content.utterances:
            transcript.show(msgspec.to_builtins(utterance))
    seconds = content.audio_seconds
    figures = {"seconds": seconds, "took": took_seconds, "speed": seconds / took_seconds}
    print(f"hwaja: {say(language, 'fast', **figures)}", file=sys.stderr)


class _Bar:
    """A bar on stderr that shows how much of a file is transcribed, and how fast."""

    def __init__(self, file: Path, language: Language) -> None:
        self._language = language
        self._seconds = _seconds_of(file)
        self._began = time.monotonic()
        console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[speed]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID = self._progress.add_task("", speed="", total=None)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, sent_bytes: int, all_bytes: int) -> None:
        """Show that so many bytes are sent. The server takes them as fast as it transcribes."""
        speed = ""
        if self._seconds is not None:
            took_seconds = time.monotonic() - self._began
            times = self._seconds * sent_bytes / all_bytes / took_seconds
            speed = say(self._language, "fast.speed", speed=times)
        self._progress.update(self._task, completed=sent_bytes, total=all_bytes, speed=speed)


def _seconds_of(file: Path) -> float | None:
    """Return the length of a sound file; None where only the server can read it."""
    try:
        import soundfile

        return float(soundfile.info(file).duration)
    except (ImportError, RuntimeError):
        return None
