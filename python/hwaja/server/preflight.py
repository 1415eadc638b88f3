"""Finds what keeps the server from starting, all at once, before anything is loaded."""

import errno
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hwaja.models import ModelError, cache_root, default_names, find, is_present
from hwaja.server.application import model_names
from hwaja.server.config import Config, ConfigError

_MORE_PORTS = 100
"""How many ports are tried to find one that is free."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A reason why the server cannot start, and what mends it."""

    kind: Literal["certificate", "models", "port", "unknown"]
    values: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    """A command to run before; empty: none helps."""
    options: tuple[str, ...] = ()
    """Further options of `hwaja serve`; empty: none helps."""


def problems(config: Config) -> list[Problem]:
    """Return what keeps a server with this configuration from starting."""
    return [*_certificate(config), *_models(config), *_port(config)]


def _certificate(config: Config) -> Iterator[Problem]:
    if config.plain_ws != "off" or config.cert is not None:
        return
    if not config.dev_cert:
        yield Problem("certificate", options=("--dev-cert",))
    try:
        _ = config.certificate_folder
    except ConfigError as error:
        yield Problem("unknown", {"error": str(error)})


def _models(config: Config) -> Iterator[Problem]:
    missing = []
    try:
        root = cache_root()
        for name in model_names(config):
            if not is_present(find(name, root), root):
                missing.append(name)
    except ModelError as error:
        yield Problem("unknown", {"error": str(error)})
    if missing:
        named = () if set(missing) <= set(default_names()) else tuple(missing)
        values = {"names": ", ".join(missing)}
        yield Problem("models", values, before=("hwaja", "models", "pull", *named))


def _port(config: Config) -> Iterator[Problem]:
    if not _is_taken(config.host, config.port):
        return
    later = range(config.port + 1, min(config.port + _MORE_PORTS, 65_536))
    free = next((port for port in later if not _is_taken(config.host, port)), None)
    options = () if free is None else ("--port", str(free))
    yield Problem("port", {"host": config.host, "port": config.port}, options=options)


def _is_taken(host: str, port: int) -> bool:
    """Return whether another program listens on a port of one of a host's addresses."""
    if port == 0:  # the system chooses one that is free
        return False
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):  # the server says what is wrong with the name
        return False
    return any(_cannot_bind(family, address) for family, _, _, _, address in found)


def _cannot_bind(family: int, address: Any) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # As asyncio does. Otherwise, connections of an earlier server would be in the way.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False
