"""The commands that need the server's libraries: all but `transcribe`."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import Field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from hwaja.cli import banner, demo, enroll_check
from hwaja.cli.strings import add_language
from hwaja.doctor import command as doctor_command
from hwaja.engines import trial
from hwaja.engines.interface import EngineError
from hwaja.language import Language, Text, chooser
from hwaja.language.sentences import told
from hwaja.models import ModelError
from hwaja.models import commands as models_commands
from hwaja.models.commands import AddAction
from hwaja.privacy import error_redaction, hardening
from hwaja.process import log_setup
from hwaja.selection import advise_command, compare_command
from hwaja.server import config, config_sources
from hwaja.server.application import Serving, run
from hwaja.server.network.tls import TlsError
from hwaja.server.options import default_of, description_of, group_of, unit_of
from hwaja.server.preflight import problems


def add_arguments(name: str, parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the options of a command, in a language, and the function that runs it."""
    command: Callable[[argparse.Namespace], int]
    match name:
        case "serve":
            add_language(parser, language)
            _add_options(parser, language)
            command = _serve
        case "models":
            add_action = _actions_of(parser, language)
            models_commands.add_arguments(add_action, language)
            _add_selection(add_action, language)
            command = partial(models_commands.run, try_out=trial.try_out)
        case "demo":
            demo.add_arguments(parser, language)
            command = demo.run
        case "enroll-check":
            enroll_check.add_arguments(parser, language)
            command = enroll_check.run
        case _:
            add_language(parser, language)
            doctor_command.add_arguments(parser, language)
            _add_options(parser, language)
            command = _doctor
    parser.set_defaults(run=_with_one_sentence(command, language))


def _actions_of(parser: argparse.ArgumentParser, language: Language) -> AddAction:
    """Return what adds a sub-command of `hwaja models`, with the option for its language."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")

    def add_action(name: str, purpose: Text) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=purpose.said_in(language))
        add_language(action, language)
        return action

    return add_action


def _add_selection(add_action: AddAction, language: Language) -> None:
    """Add the sub-commands of `hwaja models` that help to choose a recogniser."""
    for name, module, purpose in (
        (
            "advise",
            advise_command,
            Text("recommend recognisers for this machine", "이 컴퓨터에 알맞은 음성 인식기 추천"),
        ),
        (
            "compare",
            compare_command,
            Text("measure recognisers on your own speech", "직접 녹음한 말로 음성 인식기 비교"),
        ),
    ):
        parser = add_action(name, purpose)
        module.add_arguments(parser, language)
        parser.set_defaults(run=_with_one_sentence(module.run, language))


def _with_one_sentence(
    command: Callable[[argparse.Namespace], int], language: Language
) -> Callable[[argparse.Namespace], int]:
    """Return a command that prints an error as one sentence in a language."""

    def run_command(args: argparse.Namespace) -> int:
        try:
            return command(args)
        except (config.ConfigError, EngineError, ModelError, TlsError) as error:
            print(f"hwaja: {told(error, language)}", file=sys.stderr)
            return 1

    return run_command


def protect_process() -> None:
    """Protect the memory of this process, which will hold sessions; call it before all loading."""
    hardening.restart_overwriting()
    hardening.harden()
    error_redaction.log_uncaught()


def _add_options(parser: argparse.ArgumentParser, language: Language) -> None:
    """Add the server's configuration options, in groups."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=chooser(language)(
            "TOML file with any of the options below", "아래 옵션을 적은 TOML 파일"
        ),
    )
    for title, options in groupby(config.options(), key=group_of):
        group = parser.add_argument_group(title.said_in(language))
        for option in options:
            _add_option(group, option, language)


def _add_option(group: argparse._ArgumentGroup, option: Field[Any], language: Language) -> None:
    """Add a flag. The namespace has it only if it was given, so it overrides other sources."""
    flag = "--" + option.name.replace("_", "-")
    variable = f"{config.ENVIRONMENT_PREFIX}{option.name.upper()}"
    description = description_of(option).said_in(language)
    word = chooser(language)("default", "기본값")
    text = f"{description} [{word} {default_of(option, language)}; {variable}]"
    text = text.replace("%", "%%")  # argparse would expand it
    kind: dict[str, Any] = {"metavar": unit_of(option)}
    if isinstance(option.default, bool):
        kind = {"action": argparse.BooleanOptionalAction}
    group.add_argument(flag, default=argparse.SUPPRESS, help=text, **kind)


def _configuration(args: argparse.Namespace) -> config.Config:
    """Return the configuration of the command line, the environment and the file."""
    names = {option.name for option in config.options()}
    flags = {name: value for name, value in vars(args).items() if name in names}
    return config_sources.from_environment(flags, args.config)


def _settings(args: argparse.Namespace) -> config.Config:
    """Return the configuration and set up logging accordingly."""
    settings = _configuration(args)
    try:
        log_setup.configure(settings.log_format)
    except RuntimeError as error:  # RuntimeError: Python could not start a thread
        raise EngineError(f"The log cannot be written: {error}.") from error
    return settings


def _serve(args: argparse.Namespace) -> int:
    settings = _settings(args)
    if found := problems(settings):
        raise EngineError(banner.refusal(found, args.given, args.lang))

    def tell(serving: Serving) -> None:
        if settings.log_format == "console" or serving.access_code is not None:
            with suppress(OSError):  # nobody reads it any more: no reason not to serve
                print(banner.ready(settings, serving, args.lang), flush=True)

    return asyncio.run(run(settings, lambda: _configuration(args), tell))


def _doctor(args: argparse.Namespace) -> int:
    return doctor_command.run(_settings(args), args.seconds, args.lang, as_json=args.json)
