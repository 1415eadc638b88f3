"""A parser of arguments that speaks one language, and suggests a name for a misspelt one."""

import argparse
import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from rich.cells import cell_len

from hwaja.language import LANGUAGES, Language, chooser, of_locale
from hwaja.language.sentences import told
from hwaja.spelling import did_you_mean


def language_of(arguments: Sequence[str]) -> Language:
    """Return the language that the arguments choose with `--lang`, else that of the locale.

    The parser itself needs it, for its help and its refusals. So it is found before the arguments
    are parsed, wherever it stands.
    """
    scout = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    scout.add_argument("--lang", nargs="?")
    chosen = scout.parse_known_args(arguments)[0].lang
    known = {str(language): language for language in LANGUAGES}
    return known.get(chosen) or of_locale(os.environ)


class Parser(argparse.ArgumentParser):
    """A parser whose refusals name the command, option or value that was probably meant.

    Its sub-commands have parsers of this class, too. Help and descriptions are given to it in the
    language that it speaks.
    """

    def __init__(self, *, language: Language, **options: Any) -> None:
        self._language = language
        self._text = text = chooser(language)
        formatter = partial(_Formatter, language=language)
        super().__init__(add_help=False, formatter_class=formatter, **options)
        self._positionals.title = text("positional arguments", "인자")
        self._optionals.title = text("options", "옵션")
        self.add_argument(
            "-h",
            "--help",
            action="help",
            help=text("show this help message and exit", "이 도움말을 출력하고 종료"),
        )

    def add_subparsers(self, **options: Any) -> Any:
        """Add sub-commands that speak the same language."""
        parsers: Any = partial(type(self), language=self._language)
        return super().add_subparsers(parser_class=parsers, **options)

    def error(self, message: str) -> NoReturn:
        """Print the usage and why the arguments are refused, and end the program."""
        self.print_usage(sys.stderr)
        word = self._text("error", "오류")
        self.exit(2, f"{self.prog}: {word}: {told(message, self._language)}\n")

    def parse_known_args(  # type: ignore[override]  # argparse has overloads
        self, args: Any = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; end the program where this command takes no such argument."""
        found, rest = super().parse_known_args(args, namespace)
        for each in rest:
            if each.startswith("-"):
                flag = each.partition("=")[0]
                known = [name for action in self._actions for name in action.option_strings]
                self.error(f"there is no option {flag}.{did_you_mean(flag, known)}")
            self.error(f"{each} is one argument too many")
        return found, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            choices = map(str, action.choices or ())
            error.message += did_you_mean(str(value), choices)
            raise


class _Formatter(argparse.HelpFormatter):
    """A formatter whose usage is in one language, and whose lines fit a terminal in Korean too."""

    def __init__(self, *arguments: Any, language: Language, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._usage = chooser(language)("usage: ", "사용법: ")

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """Add the usage."""
        super().add_usage(usage, actions, groups, self._usage if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Wrap by the cells of a terminal, of which a Hangul syllable has two."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".lstrip()
            if cell_len(longer) > width and lines[-1]:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines
