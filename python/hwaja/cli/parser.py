"""A parser of arguments that suggests a name for a misspelt one."""

import argparse
from typing import Any

from hwaja.spelling import did_you_mean


class Parser(argparse.ArgumentParser):
    """A parser whose refusals name the command, option or value that was probably meant.

    Its sub-commands have parsers of this class, too.
    """

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
