"""The configuration: one frozen `Config`, filled from flags, environment and a TOML file.

Every option is defined once, as a field of `Config`: the flag `--max-connections`, the variable
`HWAJA_MAX_CONNECTIONS` and the TOML key `max_connections` are its three faces. A flag beats the
environment, which beats the file, which beats the default.
"""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from hwaja.server.origins import hosts_of, is_address, is_loopback, origins_of

ENVIRONMENT_PREFIX = "HWAJA_"

_ABOVE_ZERO = (
    "max_session_seconds",
    "max_audio_seconds",
    "max_messages_per_second",
    "max_audio_speed",
    "handshake_seconds",
    "idle_seconds",
    "ping_seconds",
)
_ZERO_OR_ABOVE = (
    "drain_seconds",
    "resume_seconds",
    "unenrolled_seconds",
    "max_read_ahead_bytes",
    "max_sessions_per_address",
    "max_sessions_per_token",
)


class ConfigError(Exception):
    """The configuration cannot be used. Says why in one sentence."""


def _option(default: Any, description: str) -> Any:
    return dataclasses.field(default=default, metadata={"description": description})


def _user_data_folder() -> Path | None:
    """Return the user's folder for data; None where the user has no home, as in containers."""
    try:
        folder = user_data_path("hwaja", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def development_files(folder: Path) -> tuple[Path, Path]:
    """Return where certificate and key are kept in `folder`, whether they are there or not."""
    return folder / "dev-cert.pem", folder / "dev-key.pem"


@dataclass(frozen=True, slots=True)
class Config:
    """What `hwaja serve` runs with."""

    host: str = _option("localhost", "address to listen on; 0.0.0.0 lets other machines connect")
    port: int = _option(8088, "TCP port; 8088 is the specification's")
    cert: Path | None = _option(None, "TLS certificate chain, PEM")
    key: Path | None = _option(None, "key of the certificate, PEM")
    dev_cert: bool = _option(False, "make and keep a self-signed certificate for this machine")
    plain_ws: str = _option(
        "off",
        "serve without TLS, behind a proxy that speaks it: loopback (to this machine only), "
        "anywhere, or off",
    )
    data_dir: Path | None = _option(
        _user_data_folder(), "where the development certificate is kept"
    )
    asr_model: str = _option("whisper-base", "recogniser: a catalogue name, or a model folder")
    language: str = _option("ko", "language that is spoken, as the recogniser names it")
    provider: str = _option(
        "auto", "what the engine runs on: cpu, cuda, or auto: cuda where it is seen to work"
    )
    decoding_method: str = _option(
        "greedy_search",
        "how text is searched for; modified_beam_search is dearer, and lets streaming transducers "
        "take hotwords",
    )
    workers: int = _option(
        os.cpu_count() or 1,
        "inference processes; one per core is best, as each runs on one thread",
    )
    max_connections: int = _option(10, "clients served at once; 10 is the specification's limit")
    max_sessions_per_address: int = _option(
        0,
        "clients served at once that connect from one address (IPv6: one /64); 0: no limit; "
        "behind a proxy all have the proxy's",
    )
    max_sessions_per_token: int = _option(
        0, "clients served at once that show the same token of the token file; 0: no limit"
    )
    unenrolled_seconds: float = _option(
        120.0,
        "how long a client may leave both voices unenrolled where the server is full and another "
        "client comes",
    )
    max_openings: int = _option(
        256, "connections that have no session yet, at once; one address may have half of them"
    )
    max_session_seconds: float = _option(
        1800.0, "how long a client may stay; 30 minutes are the specification's limit"
    )
    max_audio_seconds: float = _option(
        600.0, "longest transcription; 10 minutes are the specification's limit"
    )
    max_enrolment_seconds: float = _option(
        30.0, "longest recording of a voice, up to 30; the specification asks for 3-5"
    )
    max_message_bytes: int = _option(
        1 << 20, "longest message; the specification's are of 8192 bytes"
    )
    max_read_ahead_bytes: int = _option(
        1 << 28, "memory for audio that was sent faster than it is heard, of all clients together"
    )
    max_messages_per_second: float = _option(
        200.0, "what a client that sends more is slowed down to; the specification has 4"
    )
    max_audio_speed: float = _option(
        10.0, "times real time that audio is taken at, after a minute that may come at once"
    )
    handshake_seconds: float = _option(10.0, "how long a client may take to open a WebSocket")
    idle_seconds: float = _option(600.0, "how long a client may send nothing at all")
    ping_seconds: float = _option(
        20.0, "how often a client is pinged, and how long it may take to answer"
    )
    resume_seconds: float = _option(
        60.0, "how long the session of a lost client is kept for it, if it asked for that"
    )
    token_file: Path | None = _option(
        None, "file with the tokens that let a client in, one a line; without, all are let in"
    )
    end_revoked_sessions: bool = _option(
        False, "end the sessions of tokens that are gone from the file when it is read again"
    )
    origins: str = _option(
        "",
        "web pages from elsewhere that may connect, as https://a.example https://b.example; "
        "*: all; empty: only those of the server's own address",
    )
    hosts: str = _option(
        "",
        "names that the server is known by, as a.example *.b.example, beside those of its "
        "certificate and of this machine",
    )
    max_speakers: int = _option(
        2, "voices that a client may enrol, 2 to 8; the specification has two"
    )
    hangover_seconds: float = _option(
        0.5, "pause that ends an utterance; shorter answers sooner, longer splits less"
    )
    drain_seconds: float = _option(10.0, "how long a stopping server answers what it heard")
    metrics_token_file: Path | None = _option(
        None, "file with the token that /metrics asks for; without it there is no /metrics"
    )
    log_format: str = _option("console", "log as text (console) or one JSON object a line (json)")

    def __post_init__(self) -> None:
        """Check what can be checked without touching the machine."""
        _check(0 <= self.port <= 65_535, "port must lie between 0 and 65535")
        methods = ("greedy_search", "modified_beam_search")
        _check(self.decoding_method in methods, f"decoding_method must be {' or '.join(methods)}")
        _check(self.provider in ("auto", "cpu", "cuda"), "provider must be auto, cpu or cuda")
        _check(self.workers >= 1, "workers must be at least 1")
        _check(self.max_connections >= 1, "max_connections must be at least 1")
        _check(self.max_openings >= 2, "max_openings must be at least 2")
        _check(2 <= self.max_speakers <= 8, "max_speakers must lie between 2 and 8")
        _check(0.1 <= self.hangover_seconds <= 3, "hangover_seconds must lie between 0.1 and 3")
        _check(self.max_message_bytes >= 1024, "max_message_bytes must be at least 1024")
        _check(
            0 < self.max_enrolment_seconds <= 30, "max_enrolment_seconds must lie between 0 and 30"
        )
        for name in _ABOVE_ZERO:
            _check(getattr(self, name) > 0, f"{name} must be above 0")
        for name in _ZERO_OR_ABOVE:
            _check(getattr(self, name) >= 0, f"{name} must not be negative")
        _check(self.log_format in ("console", "json"), "log_format must be console or json")
        _check((self.cert is None) == (self.key is None), "cert and key belong together")
        _check(
            not (self.dev_cert and self.cert is not None), "dev_cert excludes a cert of your own"
        )
        self._check_plain_ws()
        for name, read in (("origins", origins_of), ("hosts", hosts_of)):
            try:
                read(getattr(self, name))
            except ValueError as error:
                raise ConfigError(f"{name}: {error}.") from None

    @property
    def certificate_folder(self) -> Path:
        """Where the development certificate is kept.

        Raises:
            ConfigError: where nobody said so, and the user has no home to keep it in.

        """
        if self.data_dir is None:
            raise ConfigError(
                "This user has no home to keep the development certificate in: set HWAJA_DATA_DIR."
            )
        return self.data_dir

    def _check_plain_ws(self) -> None:
        _check(
            self.plain_ws in ("off", "loopback", "anywhere"),
            "plain_ws must be off, loopback or anywhere",
        )
        _check(
            self.plain_ws == "off" or not (self.dev_cert or self.cert),
            "plain_ws serves without TLS, and so excludes a certificate",
        )
        # Another name of loopback is whatever the resolver says.
        is_near = self.host == "localhost" or (is_address(self.host) and is_loopback(self.host))
        _check(
            self.plain_ws != "loopback" or is_near,
            f"plain_ws=loopback serves this machine only, which {self.host!r} is not: let host be "
            "localhost, or say plain_ws=anywhere if what is between is trusted",
        )


def options() -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of `Config`, each with its `description`."""
    return dataclasses.fields(Config)


def load(
    flags: Mapping[str, str | bool], environment: Mapping[str, str], file: Path | None
) -> Config:
    """Build the configuration.

    Args:
        flags: field name to value, only those that were given.
        environment: the process environment; variables without the prefix are not looked at.
        file: a TOML file, or None.

    Raises:
        ConfigError: for an unknown key, a value of the wrong type or outside its range.

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
                raise ConfigError(f"{source} sets {name}, which is no option.")
            values[name] = _convert(known[name], value, source)
    return Config(**values)


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ConfigError(f"{sentence}.")


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
    # An empty variable is one that was not set: `HWAJA_PORT= make serve`.
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
    except (TypeError, ValueError, OverflowError, RuntimeError):  # the last: "~nobody"
        raise ConfigError(
            f"{source} sets {option.name} to {value!r}, which it cannot be."
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
