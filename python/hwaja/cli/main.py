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
from hwaja.cli import transcribe
from hwaja.cli.parser import Parser

SERVER_COMMANDS = {
    "serve": "serve clients over WSS",
    "models": "list, download and find models",
    "demo": "try everything with synthetic voices, without a microphone",
    "enroll-check": "check whether voices are suitable for enrolment",
    "doctor": "check whether this machine can serve, and how many people",
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
            return _bench(given[1:])
        if command in SERVER_COMMANDS and not _has_server():
            return _miss_server()
        args = _parser((command,)).parse_args(given)
        args.given = given
        # Not where another program calls this function.
        if arguments is None and command == "serve":
            _protect_process()
        return int(args.run(args))
    except KeyboardInterrupt:
        return 130


def _parser(with_options: Collection[str] = tuple(SERVER_COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        with_options: the commands of the server to add options for. This imports the server's
            libraries, so `main` names only the command that it runs.

    """
    parser = Parser(
        prog="hwaja", description="Real-time speech-to-text that says who spoke each sentence."
    )
    parser.add_argument("--version", action="version", version=f"hwaja {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    client = commands.add_parser(
        "transcribe",
        usage="%(prog)s [OPTION ...] (FILE | --mic)",
        help="send speech to a server and print the text",
    )
    transcribe.add_arguments(client)
    client.set_defaults(run=transcribe.run)
    for name, text in SERVER_COMMANDS.items():
        usage = "%(prog)s [OPTION ...]" if name in _MANY_OPTIONS else None
        server_command = commands.add_parser(name, usage=usage, help=text)
        if name in with_options:
            from hwaja.cli import server_commands

            server_commands.add_arguments(name, server_command)
    # Only for the list of commands: `main` passes all arguments on to the benchmarks.
    commands.add_parser("bench", help="measure the accuracy on your own speech, and the load")
    return parser


def _write_what_the_terminal_can() -> None:
    """Have "?" written for a character that the locale lacks, such as most of them in EUC-KR."""
    if isinstance(sys.stdout, TextIOWrapper):  # it may be closed, or replaced by another program
        sys.stdout.reconfigure(errors="replace")


def _has_server() -> bool:
    return all(map(find_spec, _SERVER_LIBRARIES))


def _miss_server() -> int:
    """Print that the command needs the extra `server`; return the exit code."""
    print("hwaja: This command needs: pip install 'hwaja[server,cpu]'.", file=sys.stderr)
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
