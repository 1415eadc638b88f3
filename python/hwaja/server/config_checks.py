"""The rules that the values of a configuration keep, as far as they need no file or network."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hwaja.server.http.origins import hosts_of, is_address, is_loopback, origins_of, peers_of
from hwaja.server.network.networks import networks_of
from hwaja.text.numbers import NumberStyle

if TYPE_CHECKING:
    from hwaja.server.config import Config

_ABOVE_ZERO = (
    "max_session_seconds",
    "max_audio_seconds",
    "max_file_seconds",
    "max_messages_per_second",
    "max_audio_speed",
    "handshake_seconds",
    "idle_seconds",
    "ping_seconds",
    "ticket_days",
)
_ZERO_OR_ABOVE = (
    "drain_seconds",
    "finish_seconds",
    "resume_seconds",
    "unenrolled_seconds",
    "max_read_ahead_bytes",
    "max_file_jobs",
    "max_sessions_per_address",
    "max_sessions_per_token",
)

_NODE = re.compile(r"[a-z][a-z0-9-]{0,31}")
"""What can be a name: of a node, where it ends at the first dot of a session token, and of shared
engines."""

_HOST_AND_PORT = re.compile(r"[^\s/]+:\d{1,5}")

_LISTS: dict[str, Callable[[str], object]] = {
    "origins": origins_of,
    "hosts": hosts_of,
    "peers": peers_of,
    "proxies": networks_of,
}
"""Options with a list, and what reads it; it raises ValueError with a sentence."""


def faults(config: "Config") -> Iterator[str]:
    """Yield what is wrong with a configuration, each as a sentence without its full stop."""
    for holds, sentence in _rules(config):
        if not holds:
            yield sentence
    for name, read in _LISTS.items():
        try:
            read(getattr(config, name))
        except ValueError as error:
            yield f"{name}: {error}"


def _rules(config: "Config") -> Iterator[tuple[bool, str]]:
    """Yield the rules: whether each holds, and how it reads."""
    yield (0 <= config.port <= 65_535, "port must be between 0 and 65535")
    yield (
        config.decoding_method in ("greedy_search", "modified_beam_search"),
        "decoding_method must be greedy_search or modified_beam_search",
    )
    yield (config.number_style in tuple(NumberStyle), "number_style must be digits or words")
    yield (config.provider in ("auto", "cpu", "cuda"), "provider must be auto, cpu or cuda")
    yield (config.workers >= 1, "workers must be at least 1")
    yield (config.max_connections >= 1, "max_connections must be at least 1")
    yield (config.max_openings >= 2, "max_openings must be at least 2")
    yield (2 <= config.max_speakers <= 8, "max_speakers must be between 2 and 8")
    yield (0.1 <= config.hangover_seconds <= 3, "hangover_seconds must be between 0.1 and 3")
    yield (config.max_message_bytes >= 1024, "max_message_bytes must be at least 1024")
    yield (
        0 < config.max_enrolment_seconds <= 30,
        "max_enrolment_seconds must be above 0, and at most 30",
    )
    yield from _of_engines(config)
    for name in _ABOVE_ZERO:
        yield (getattr(config, name) > 0, f"{name} must be above 0")
    for name in _ZERO_OR_ABOVE:
        yield (getattr(config, name) >= 0, f"{name} must not be negative")
    yield (
        not config.node or _NODE.fullmatch(config.node) is not None,
        "node must have at most 32 small letters, digits and -, and begin with a letter",
    )
    yield (bool(config.node) or not config.finish_seconds, "finish_seconds needs a node")
    is_url = config.traces_url.startswith(("http://", "https://"))
    yield (is_url or not config.traces_url, "traces_url must begin with http:// or https://")
    yield (config.log_format in ("console", "json"), "log_format must be console or json")
    yield ((config.cert is None) == (config.key is None), "cert and key must be set together")
    yield (
        not (config.dev_cert and config.cert is not None),
        "dev_cert and cert cannot both be set",
    )
    yield from _of_plain_ws(config)


def _of_engines(config: "Config") -> Iterator[tuple[bool, str]]:
    yield (config.engines in ("local", "ray"), "engines must be local or ray")
    yield (
        (config.engines == "ray") == bool(config.ray_address),
        "engines=ray needs ray_address, and only engines=ray has one",
    )
    yield (
        not config.ray_address or _HOST_AND_PORT.fullmatch(config.ray_address) is not None,
        "ray_address must be a host and a port, as 192.0.2.7:6379; the Ray client (ray://) "
        "would store audio on its way",
    )
    yield (
        config.engines == "local" or config.provider == "auto",
        "provider is for engines=local: with engines=ray, engine_gpus says whether it is cuda",
    )
    yield (
        not config.share_engines or config.engines == "ray",
        "share_engines is for engines=ray",
    )
    yield (
        not config.share_engines or _NODE.fullmatch(config.share_engines) is not None,
        "share_engines must be at most 32 of a-z, 0-9 and hyphens, with a letter first",
    )
    yield (config.engine_cpus > 0, "engine_cpus must be above 0")
    yield (config.engine_gpus >= 0, "engine_gpus must not be negative")
    yield (
        1 <= config.min_engines <= config.max_engines,
        "min_engines must be at least 1, and at most max_engines",
    )


def _of_plain_ws(config: "Config") -> Iterator[tuple[bool, str]]:
    yield (
        config.plain_ws in ("off", "loopback", "anywhere"),
        "plain_ws must be off, loopback or anywhere",
    )
    yield (config.plain_ws == "off" or not config.lan, "lan needs TLS, so plain_ws must be off")
    yield (
        config.plain_ws == "off" or not (config.dev_cert or config.cert),
        "plain_ws serves without TLS, so it cannot be set together with a certificate",
    )
    # The resolver may map any other name for loopback to another address.
    is_near = config.host == "localhost" or (is_address(config.host) and is_loopback(config.host))
    yield (
        config.plain_ws != "loopback" or is_near,
        f"plain_ws=loopback serves only this machine, but host is {config.host!r}: set host to "
        "localhost, or set plain_ws=anywhere if the network to the proxy is trusted",
    )
