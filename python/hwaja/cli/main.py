"""The command line: `hwaja serve | models | transcribe | enroll-check | doctor | bench`."""

import argparse
import asyncio
import os
import sys
from importlib.metadata import entry_points
from pathlib import Path

from hwaja import __version__
from hwaja.cli import enroll_check, transcribe
from hwaja.doctor import command as doctor_command
from hwaja.engines.interface import EngineError
from hwaja.models import ModelError
from hwaja.models import commands as models_commands
from hwaja.privacy import error_redaction, hardening
from hwaja.process import log_setup
from hwaja.server import config
from hwaja.server.application import run
from hwaja.server.tls import TlsError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given[:1] == ["bench"]:
            return _bench(given[1:])
        args = _parser().parse_args(given)
        if arguments is None and args.run is _serve:  # not where another program calls it
            _keep_to_itself()
        return int(args.run(args))
    except (config.ConfigError, EngineError, ModelError, TlsError) as error:
        print(f"hwaja: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hwaja", description="Real-time speech-to-text that says who spoke each sentence."
    )
    parser.add_argument("--version", action="version", version=f"hwaja {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve clients over WSS")
    _add_options(serve)
    serve.set_defaults(run=_serve)

    models = commands.add_parser("models", help="list, pull and find models")
    models_commands.add_arguments(models)
    models.set_defaults(run=models_commands.run)

    client = commands.add_parser("transcribe", help="send speech to a server and print the text")
    transcribe.add_arguments(client)
    client.set_defaults(run=transcribe.run)

    check = commands.add_parser("enroll-check", help="say whether voices are fit to be enrolled")
    enroll_check.add_arguments(check)
    check.set_defaults(run=enroll_check.run)

    doctor = commands.add_parser("doctor", help="say whether this machine can serve, and how many")
    doctor_command.add_arguments(doctor)
    _add_options(doctor)
    doctor.set_defaults(run=_doctor)

    # For the list of commands; `main` hands it over with all that follows.
    commands.add_parser("bench", help="measure how well it does on speech of your own")
    return parser


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Add what a server is configured with."""
    parser.add_argument("--config", type=Path, help="TOML file with any of the options below")
    for option in config.options():
        _add_option(parser, option.name, option.default, option.metadata["description"])


def _add_option(
    parser: argparse.ArgumentParser, name: str, default: object, description: str
) -> None:
    """Add a flag that is absent from the namespace unless given, so that it beats the rest."""
    flag = "--" + name.replace("_", "-")
    text = f"{description} [{config.ENVIRONMENT_PREFIX}{name.upper()}, default {default}]"
    text = text.replace("%", "%%")  # argparse would fill it in
    if isinstance(default, bool):
        parser.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text
        )
    else:
        parser.add_argument(flag, default=argparse.SUPPRESS, metavar="VALUE", help=text)


def _settings(args: argparse.Namespace) -> config.Config:
    """Return the configuration, with logging set up as it says."""
    names = {option.name for option in config.options()}
    flags = {name: value for name, value in vars(args).items() if name in names}
    file = args.config or os.environ.get("HWAJA_CONFIG")
    settings = config.load(flags, os.environ, Path(file) if file else None)
    try:
        log_setup.configure(settings.log_format)
    except RuntimeError as error:  # which Python raises where it gets no thread
        raise EngineError(f"The log cannot be written: {error}.") from error
    return settings


def _keep_to_itself() -> None:
    hardening.begin_again_overwriting()
    hardening.harden()
    error_redaction.log_uncaught()


def _serve(args: argparse.Namespace) -> int:
    return asyncio.run(run(_settings(args)))


def _doctor(args: argparse.Namespace) -> int:
    return doctor_command.run(_settings(args), args.seconds, args.lang, as_json=args.json)


def _bench(arguments: list[str]) -> int:
    """Run the benchmarks, which are a distribution of their own."""
    for command in entry_points(group="hwaja.commands", name="bench"):
        return int(command.load()(arguments))
    print("hwaja: The benchmarks need: pip install hwaja-bench.", file=sys.stderr)
    return 1
