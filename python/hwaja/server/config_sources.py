"""Reads the configuration from a TOML file, the environment and the command line, in this order.

msgspec does not convert the values: it would take 80.0 for a port, and refuse "yes" for a switch.
"""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hwaja.server.config import ENVIRONMENT_PREFIX, Config, ConfigError, options
from hwaja.spelling import did_you_mean


def load(
    flags: Mapping[str, str | bool], environment: Mapping[str, str], file: Path | None
) -> Config:
    """Build the configuration.

    Args:
        flags: field name to value, only for the flags that were given.
        environment: the process environment; variables without the prefix are ignored.
        file: a TOML file, or None.

    Raises:
        ConfigError: for an unknown key, or a value of the wrong type or outside its range.

    """
    known = {option.name: option for option in options()}
    values: dict[str, Any] = {}
    for source, settings in (
        (str(file), _read_file(file)),
        ("the environment", _from_environment(environment, known)),
        ("the command line", flags),
    ):
        for name, value in settings.items():
            if name not in known:
                guess = did_you_mean(name, known)
                raise ConfigError(f"{source} sets {name}, which is not an option.{guess}")
            values[name] = _convert(known[name], value, source)
    if values.get("lan"):
        values.setdefault("host", "0.0.0.0")  # noqa: S104  # what was asked for
        values["dev_cert"] = values.get("cert") is None
    return Config(**values)


def from_environment(flags: Mapping[str, str | bool], file: Path | None = None) -> Config:
    """Build the configuration from this process's environment; see `load`.

    Without `file`, the variable HWAJA_CONFIG may name one.
    """
    named = os.environ.get(f"{ENVIRONMENT_PREFIX}CONFIG")
    return load(flags, os.environ, file or (Path(named) if named else None))


def _read_file(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error


def _from_environment(
    environment: Mapping[str, str], known: Mapping[str, object]
) -> dict[str, str]:
    names = {ENVIRONMENT_PREFIX + name.upper(): name for name in known}
    # An empty variable counts as not set: `HWAJA_PORT= make serve`.
    return {names[key]: value for key, value in environment.items() if key in names and value}


def _convert(option: dataclasses.Field[Any], value: Any, source: str) -> Any:
    kinds = str(option.type)
    try:
        if "bool" in kinds:
            return _boolean(value)
        if "Path" in kinds:
            return Path(value).expanduser()
        if "int" in kinds or "float" in kinds:
            return _number(value, int if "int" in kinds else float)
        if not isinstance(value, str):
            raise TypeError("not text")  # noqa: TRY301
    except (TypeError, ValueError, OverflowError, RuntimeError):  # RuntimeError: the path "~nobody"
        raise ConfigError(
            f"{source} sets {option.name} to {value!r}, which is not a valid value."
        ) from None
    return value


def _number(value: Any, kind: type[int] | type[float]) -> int | float:
    if isinstance(value, bool) or (kind is int and isinstance(value, float)):
        raise TypeError("not that kind of number")
    return kind(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if str(value).lower() not in words:
        raise ValueError("not a truth value")
    return words[str(value).lower()]
