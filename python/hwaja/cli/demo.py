"""`hwaja demo`: tries everything without a microphone: enrolment, transcription, the page.

It runs the commands that a user would type, and shows them. Without files, `espeak-ng` speaks, a
program that most systems have. Its voices are synthetic, and easy to tell apart.
"""

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hwaja.cli.banner import refusal
from hwaja.cli.strings import add_language, say
from hwaja.engines.interface import EngineError
from hwaja.language import Language, chooser
from hwaja.server.config_sources import from_environment
from hwaja.server.preflight import problems

_SPEAKERS = ("ko+f4", "ko+m7")
"""Voices of espeak-ng that the speaker model finds least alike, among those that were tried."""

_WORDS_PER_MINUTE = 135
"""Slower than its default, which is faster than people speak."""

_PAUSE_SECONDS = 0.9

_ENROLMENT = "안녕하세요. 오늘은 날씨가 맑아서 천천히 걷기에 참 좋은 날이네요."

_TALK = (
    "안녕하세요.",
    "우산을 가지고 가세요.",
    "네, 좋아요.",
    "아주 좋습니다. 감사합니다.",
)
"""What the speakers say in turn: sentences that Whisper base understands of these voices."""

_FILES = ("first", "second", "talk", "turn")


@dataclass(frozen=True, slots=True)
class Speech:
    """Sound files: the voices of two people, and their conversation."""

    voices: tuple[Path, Path]
    talk: Path


def add_arguments(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the arguments of `hwaja demo`, in a language."""
    text = chooser(language)
    parser.add_argument(
        "--voice",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help=text(
            "3-5 s of one speaker, in place of a synthetic voice; give it twice, with --talk",
            "합성한 목소리 대신 쓸 한 화자의 목소리 3-5초. --talk와 함께 두 번 지정",
        ),
    )
    parser.add_argument(
        "--talk",
        type=Path,
        metavar="FILE",
        help=text("a conversation of the two voices", "두 목소리의 대화"),
    )
    parser.add_argument(
        "--url",
        help=text(
            "a server that runs already [default: the demo starts one, and ends it]",
            "실행 중인 서버의 주소 [기본값: 데모가 서버를 시작하고 끝냄]",
        ),
    )
    parser.add_argument(
        "--insecure",
        action="store_true",
        help=text("accept any certificate", "어떤 인증서든 받아들임"),
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help=text("keep the synthetic speech in this folder", "합성한 말소리를 이 폴더에 보관"),
    )
    add_language(parser, language)


def run(args: argparse.Namespace) -> int:
    """Run the demo; return the exit code.

    Raises:
        ConfigError: where a variable or file with the server's options is wrong.
        EngineError: where there is no speech, or the server does not start.

    """
    if args.url is None:
        config = from_environment({"dev_cert": True, "port": "0"})  # as `_server` starts it
        if found := problems(config):
            raise EngineError(refusal(found, args.given, args.lang))
    with TemporaryDirectory() as folder:
        speech = _speech(args, args.keep or Path(folder))
        _step(args.lang, "demo.check")
        _run(["enroll-check", *map(str, speech.voices)], args.lang)
        with _server(args.url, args.lang, Path(folder)) as url:
            _step(args.lang, "demo.transcribe")
            code = _run(_transcription(args, speech, url), args.lang)
            _step(args.lang, "demo.page", page=url.replace("wss://", "https://", 1))
            if args.url is None and sys.stdin.isatty():
                print(say(args.lang, "demo.end"), flush=True)
                sys.stdin.readline()
    return code


def _speech(args: argparse.Namespace, folder: Path) -> Speech:
    """Return the files that the user gave, or synthetic ones in a folder.

    Raises:
        EngineError: where only some are given, or espeak-ng is not installed.

    """
    if args.voice or args.talk is not None:
        if len(args.voice) != 2 or args.talk is None:
            raise EngineError("Give --voice twice and --talk, or none of them.")
        return Speech((args.voice[0], args.voice[1]), args.talk)
    if shutil.which("espeak-ng") is None:
        raise EngineError(
            "The demo needs a program that speaks: apt install espeak-ng (Debian, Ubuntu), dnf "
            "install espeak-ng (Fedora), brew install espeak-ng (macOS). Or give files of your "
            "own: hwaja demo --voice first.wav --voice second.wav --talk talk.wav"
        )
    files = [folder / f"{name}.wav" for name in _FILES]
    for each in filter(Path.exists, files):
        raise EngineError(f"There is {each} already: give --keep another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EngineError(f"{folder} cannot be made: {error.strerror}.") from error
    _step(args.lang, "demo.speak", folder=folder)
    return _spoken(*files)


def _spoken(first: Path, second: Path, talk: Path, turn: Path) -> Speech:
    """Have espeak-ng speak into files."""
    for voice, file in zip(_SPEAKERS, (first, second), strict=True):
        _speak(voice, _ENROLMENT, file)
    with wave.open(str(talk), "wb") as joined:
        for number, text in enumerate(_TALK):
            _speak(_SPEAKERS[number % 2], text, turn)
            with wave.open(str(turn), "rb") as spoken:
                if number == 0:
                    joined.setparams(spoken.getparams())
                joined.writeframes(spoken.readframes(spoken.getnframes()))
                pause_samples = int(_PAUSE_SECONDS * spoken.getframerate())
                joined.writeframes(bytes(pause_samples * spoken.getsampwidth()))
    turn.unlink()
    return Speech((first, second), talk)


def _speak(voice: str, text: str, file: Path) -> None:
    command = ["espeak-ng", "-v", voice, "-s", str(_WORDS_PER_MINUTE), "-w", str(file), text]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineError(f"espeak-ng could not speak: {shlex.join(command)}") from error


def _transcription(args: argparse.Namespace, speech: Speech, url: str) -> list[str]:
    enrolled = [part for voice in speech.voices for part in ("--enroll", str(voice))]
    further = ["--insecure"] if args.insecure else []
    return ["transcribe", "--url", url, "--speed", "4", *enrolled, str(speech.talk), *further]


@contextmanager
def _server(url: str | None, language: Language, folder: Path) -> Iterator[str]:
    """Yield the address of a server that runs, or that this starts and ends.

    Raises:
        EngineError: where it does not start; the message is the server's own.

    """
    if url is not None:
        yield url
        return
    _step(language, "demo.serve")
    options = ["--dev-cert", "--port", "0", "--log-format", "console"]  # which prints the address
    command = _command(["serve", *options], language)
    with (
        (folder / "log").open("w+", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as server,
    ):
        try:
            yield _address(server, log.name)
        finally:
            server.terminate()


def _address(server: subprocess.Popen[str], log: str) -> str:
    """Wait until a server is ready; return its address for clients."""
    assert server.stdout is not None  # noqa: S101  # it is a pipe
    for line in server.stdout:
        if found := re.search(r"https://(\S+?)/", line):
            return f"wss://{found[1]}"
    said = Path(log).read_text(encoding="utf-8").strip()
    raise EngineError(said.rpartition("hwaja: ")[2])  # behind what it logged


def _run(arguments: Sequence[str], language: Language) -> int:
    print(f"$ {shlex.join(['hwaja', *arguments])}", flush=True)
    return subprocess.run(_command(arguments, language), check=False).returncode


def _command(arguments: Sequence[str], language: Language) -> list[str]:
    return [sys.executable, "-m", "hwaja", *arguments, "--lang", language]


def _step(language: Language, key: str, **values: object) -> None:
    print(f"\n{say(language, key, **values)}", flush=True)
