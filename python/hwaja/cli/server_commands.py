"""The commands that need the server's libraries: `serve`, `models`, `enroll-check`, `doctor`."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from hwaja.cli import enroll_check
from hwaja.doctor import command as doctor_command
from hwaja.engines import trial
from hwaja.engines.interface import EngineError
from hwaja.models import ModelError
from hwaja.models import commands as models_commands
from hwaja.privacy import error_redaction, hardening
from hwaja.process import log_setup
from hwaja.selection import advise_command, compare_command
from hwaja.server import config
from hwaja.server.application import run
from hwaja.server.tls import TlsError


def add_arguments(name: str, parser: argparse.ArgumentParser) -> None:
    """Add the options of a command and the function that runs it."""
    command: Callable[[argparse.Namespace], int]
    match name:
        case "serve":
            _add_options(parser)
            command = _serve
        case "models":
            _add_selection(models_commands.add_arguments(parser))
            command = partial(models_commands.run, try_out=trial.try_out)
        case "enroll-check":
            enroll_check.add_arguments(parser)
            command = enroll_check.run
        case _:
            doctor_command.add_arguments(parser)
            _add_options(parser)
            command = _doctor
    parser.set_defaults(run=_with_one_sentence(command))


def _add_selection(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the sub-commands of `hwaja models` that help to choose a recogniser."""
    for name, module, text in (
        ("advise", advise_command, "recommend recognisers for this machine"),
        ("compare", compare_command, "measure recognisers on your own speech"),
    ):
        parser = add_parser(name, help=text)
        module.add_arguments(parser)
        parser.set_defaults(run=_with_one_sentence(module.run))


def _with_one_sentence(
    command: Callable[[argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    """Return a command that prints an error as one sentence."""

    def run_command(args: argparse.Namespace) -> int:
        try:
            return command(args)
        except (config.ConfigError, EngineError, ModelError, TlsError) as error:
            print(f"hwaja: {error}", file=sys.stderr)
            return 1

    return run_command


def protect_process() -> None:
    """Protect the memory of this process, which will hold sessions; call it before all loading."""
    hardening.restart_overwriting()
    hardening.harden()
    error_redaction.log_uncaught()


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Add the server's configuration options."""
    parser.add_argument("--config", type=Path, help="TOML file with any of the options below")
    for option in config.options():
        _add_option(parser, option.name, option.default, option.metadata["description"])


def _add_option(
    parser: argparse.ArgumentParser, name: str, default: object, description: str
) -> None:
    """Add a flag. The namespace has it only if it was given, so it overrides other sources."""
    flag = "--" + name.replace("_", "-")
    text = f"{description} [{config.ENVIRONMENT_PREFIX}{name.upper()}, default {default}]"
    text = text.replace("%", "%%")  # argparse would expand it
    if isinstance(default, bool):
        parser.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text
        )
    else:
        parser.add_argument(flag, default=argparse.SUPPRESS, metavar="VALUE", help=text)


def _configuration(args: argparse.Namespace) -> config.Config:
    """Return the configuration of the command line, the environment and the file."""
    names = {option.name for option in config.options()}
    flags = {name: value for name, value in vars(args).items() if name in names}
    return config.from_environment(flags, args.config)


def _settings(args: argparse.Namespace) -> config.Config:
    """Return the configuration and set up logging accordingly."""
    settings = _configuration(args)
    try:
        log_setup.configure(settings.log_format)
    except RuntimeError as error:  # RuntimeError: Python could not start a thread
        raise EngineError(f"The log cannot be written: {error}.") from error
    return settings


def _serve(args: argparse.Namespace) -> int:
    return asyncio.run(run(_settings(args), lambda: _configuration(args)))


def _doctor(args: argparse.Namespace) -> int:
    return doctor_command.run(_settings(args), args.seconds, args.lang, as_json=args.json)
