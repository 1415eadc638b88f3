"""The command line: `hwaja serve | models | transcribe | demo | enroll-check | doctor | bench`.

`transcribe` needs only the client's libraries. The other commands need the server's libraries.
"""

import argparse
import sys
from collections.abc import Collection
from importlib.metadata import entry_points
from importlib.util import find_spec
from io import TextIOWrapper

from hwaja import __version__
from hwaja.cli import transcribe, transcribe_options
from hwaja.cli.parser import Parser, language_of
from hwaja.language import Language, Text, chooser
from hwaja.language.sentences import told

SERVER_COMMANDS = {
    "serve": Text("serve clients over WSS", "WSS로 클라이언트에 서비스"),
    "models": Text("list, download and find models", "모델의 목록 보기, 내려받기, 찾기"),
    "demo": Text(
        "try everything with synthetic voices, without a microphone",
        "마이크 없이 합성한 목소리로 모든 기능을 체험",
    ),
    "enroll-check": Text(
        "check whether voices are suitable for enrolment", "등록하기에 알맞은 목소리인지 확인"
    ),
    "doctor": Text(
        "check whether this machine can serve, and how many people",
        "이 컴퓨터가 서버로 쓸 만한지, 몇 사람을 감당하는지 점검",
    ),
}

_MANY_OPTIONS = ("serve", "doctor")
"""Commands whose options are in the help only, and not in the usage that each refusal shows."""

_SERVER_LIBRARIES = (
    "cryptography",
    "onnx",
    "prometheus_client",
    "sherpa_onnx",
    "structlog",
)
"""Modules of the extra `server`. A later check reports a missing or duplicate onnxruntime."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        _write_what_the_terminal_can()
        command = given[0] if given else ""
        if command == "bench":
            return _bench(given[1:])  # in English only, whatever the locale
        language = language_of(given)
        if command in SERVER_COMMANDS and not _has_server():
            return _miss_server(language)
        args = _parser(language, (command,)).parse_args(given)
        args.given = given
        # Not where another program calls this function.
        if arguments is None and command == "serve":
            _protect_process()
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130


def _parser(
    language: Language, with_options: Collection[str] = tuple(SERVER_COMMANDS)
) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        language: of its help and its refusals.
        with_options: the commands of the server to add options for. This imports the server's
            libraries, so `main` names only the command that it runs.

    """
    text = chooser(language)
    parser = Parser(
        language=language,
        prog="hwaja",
        description=text(
            "Real-time speech-to-text that says who spoke each sentence.",
            "누가 말했는지 알려 주는 실시간 음성 인식",
        ),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"hwaja {__version__}",
        help=text("show the version and exit", "버전을 출력하고 종료"),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    client = commands.add_parser(
        "transcribe",
        usage="%(prog)s [OPTION ...] (FILE | --mic)",
        help=text(
            "send speech to a server and print the text", "음성을 서버에 보내고 텍스트를 출력"
        ),
    )
    transcribe_options.add_arguments(client, language)
    client.set_defaults(run=transcribe.run)
    for name, purpose in SERVER_COMMANDS.items():
        usage = "%(prog)s [OPTION ...]" if name in _MANY_OPTIONS else None
        server_command = commands.add_parser(name, usage=usage, help=purpose.said_in(language))
        if name in with_options:
            from hwaja.cli import server_commands

            server_commands.add_arguments(name, server_command, language)
    # Only for the list of commands: `main` passes all arguments on to the benchmarks.
    commands.add_parser(
        "bench",
        help=text(
            "measure the accuracy on your own speech, and the load",
            "직접 녹음한 말의 정확도와 부하를 측정",
        ),
    )
    return parser


def _write_what_the_terminal_can() -> None:
    """Have "?" written for a character that the locale lacks, such as most of them in EUC-KR."""
    if isinstance(sys.stdout, TextIOWrapper):  # it may be closed, or replaced by another program
        sys.stdout.reconfigure(errors="replace")


def _has_server() -> bool:
    return all(map(find_spec, _SERVER_LIBRARIES))


def _miss_server(language: Language) -> int:
    """Print that the command needs the extra `server`; return the exit code."""
    needed = told("This command needs: pip install 'hwaja[server,cpu]'.", language)
    print(f"hwaja: {needed}", file=sys.stderr)
    return 1


def _protect_process() -> None:
    from hwaja.cli.server_commands import protect_process

    protect_process()


def _bench(arguments: list[str]) -> int:
    """Run the benchmarks, which are a separate distribution."""
    for command in entry_points(group="hwaja.commands", name="bench"):
        return int(command.load()(arguments))
    print("hwaja: The benchmarks need: pip install hwaja-bench.", file=sys.stderr)
    return 1
