"""The configuration: one frozen `Config`, filled from flags, environment and a TOML file.

Every option is defined once, as a field of `Config`. The field `max_connections`, for example, is
set by the flag `--max-connections`, the variable `HWAJA_MAX_CONNECTIONS` or the TOML key
`max_connections`. A flag overrides the environment, which overrides the file, which overrides the
default.

msgspec does not convert the values: it would take 80.0 for a port, and refuse "yes" for a switch.
"""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from hwaja.server.origins import hosts_of, is_address, is_loopback, origins_of, peers_of
from hwaja.text.numbers import NumberStyle

ENVIRONMENT_PREFIX = "HWAJA_"

_ABOVE_ZERO = (
    "max_session_seconds",
    "max_audio_seconds",
    "max_messages_per_second",
    "max_audio_speed",
    "handshake_seconds",
    "idle_seconds",
    "ping_seconds",
    "ticket_days",
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
    """The configuration is invalid. The message gives the reason in one sentence."""


def _option(default: Any, description: str) -> Any:
    return dataclasses.field(default=default, metadata={"description": description})


def _user_data_folder() -> Path | None:
    """Return the user's data folder; None where the user has no home folder, as in containers."""
    try:
        folder = user_data_path("hwaja", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def ticket_key_file(folder: Path) -> Path:
    """Return the path of the key file in `folder`; the file may not exist."""
    return folder / "ticket-keys"


def development_files(folder: Path) -> tuple[Path, Path]:
    """Return the paths of the certificate and the key in `folder`; the files may not exist."""
    return folder / "dev-cert.pem", folder / "dev-key.pem"


@dataclass(frozen=True, slots=True)
class Config:
    """The options of `hwaja serve`."""

    host: str = _option(
        "localhost", "address to listen on; with 0.0.0.0, other machines can connect"
    )
    port: int = _option(8088, "TCP port; the specification requires 8088")
    cert: Path | None = _option(None, "TLS certificate chain, PEM")
    key: Path | None = _option(None, "private key of the certificate, PEM")
    dev_cert: bool = _option(False, "create and keep a self-signed certificate for this machine")
    plain_ws: str = _option(
        "off",
        "plain WebSocket, for a proxy that has the certificate: off, loopback (only for this "
        "machine), or anywhere",
    )
    data_dir: Path | None = _option(
        _user_data_folder(), "folder of the development certificate and of the ticket key"
    )
    asr_model: str = _option(
        "whisper-base", "speech recogniser: a name from the catalogue, or a model folder"
    )
    interim_model: str = _option(
        "",
        "streaming recogniser for interim texts beside an offline one: a name from the catalogue "
        "or a model folder; empty: the offline one makes them",
    )
    overlap_model: str = _option(
        "",
        "model that extracts each enrolled voice where two speak at once, for an offline "
        "recogniser: a name from the catalogue or a model folder; empty: none does. The server "
        "then holds 3 s of each enrolment",
    )
    language: str = _option("ko", "code of the spoken language, as the recogniser names it")
    provider: str = _option(
        "auto", "device for inference: cpu, cuda, or auto (cuda if a trial shows that it works)"
    )
    decoding_method: str = _option(
        "greedy_search",
        "decoding method; modified_beam_search needs more processor time, and supports hotwords "
        "with transducers",
    )
    number_style: str = _option(
        "digits",
        "how numbers in Korean texts are written: digits (3시 30분) or words (세 시 삼십 분)",
    )
    mask: bool = _option(
        False, "replace registration, card, account and telephone numbers in texts by asterisks"
    )
    workers: int = _option(
        os.cpu_count() or 1,
        "number of inference processes; one per core is best, because each has one thread",
    )
    max_connections: int = _option(10, "maximum number of clients; the specification requires 10")
    max_sessions_per_address: int = _option(
        0,
        "maximum number of clients from one address (IPv6: one /64); 0: no limit; behind a proxy, "
        "all clients have the address of the proxy",
    )
    max_sessions_per_token: int = _option(
        0, "maximum number of clients with the same token of the token file; 0: no limit"
    )
    unenrolled_seconds: float = _option(
        120.0,
        "time after which a client without an enrolled voice loses its slot to a new client, if "
        "the server is full",
    )
    max_openings: int = _option(
        256, "maximum number of connections without a session; one address may have half of them"
    )
    max_session_seconds: float = _option(
        1800.0, "maximum length of a session; the specification's limit is 30 minutes"
    )
    max_audio_seconds: float = _option(
        600.0, "maximum length of a transcription; the specification's limit is 10 minutes"
    )
    max_enrolment_seconds: float = _option(
        30.0, "maximum length of an enrolment, at most 30; the specification asks for 3-5"
    )
    max_message_bytes: int = _option(
        1 << 20, "maximum length of a message; the specification's have 8192 bytes"
    )
    max_read_ahead_bytes: int = _option(
        1 << 28,
        "maximum memory for audio that waits because it was sent faster than it is processed, for "
        "all clients together",
    )
    max_messages_per_second: float = _option(
        200.0,
        "maximum message rate; a client that sends more is slowed down; the specification has 4",
    )
    max_audio_speed: float = _option(
        10.0,
        "maximum speed of audio, as a multiple of real time; up to a minute may come at once",
    )
    handshake_seconds: float = _option(10.0, "maximum time to open a WebSocket")
    idle_seconds: float = _option(600.0, "maximum time in which a client sends nothing")
    ping_seconds: float = _option(
        20.0, "interval of pings to each client, and maximum time for the answer"
    )
    resume_seconds: float = _option(
        60.0,
        "time in which a client can resume its session after a lost connection, if it asked for "
        "that",
    )
    token_file: Path | None = _option(
        None, "file with the tokens of clients, one per line; without it, no token is required"
    )
    end_revoked_sessions: bool = _option(
        False, "end the sessions of tokens that were removed from the file, on SIGHUP"
    )
    ticket_key_file: Path | None = _option(
        None,
        "file with the keys of voice tickets and client tokens, one per line; the first one seals; "
        "without it, a key is created in the data folder when it is first needed",
    )
    ticket_days: float = _option(30.0, "time in which a voice ticket can be used, in days")
    origins: str = _option(
        "",
        "web pages of other sites that may connect, as https://a.example https://b.example; "
        "*: all pages; empty: only pages of the server's own address",
    )
    peers: str = _option(
        "",
        "other servers that the server's own page may go on at, as wss://b.example:8088; they need "
        "the same ticket keys, and this server's address in their origins",
    )
    hosts: str = _option(
        "",
        "further host names of the server, as a.example *.b.example, in addition to the names of "
        "its certificate and of this machine",
    )
    max_speakers: int = _option(
        2, "number of voices that a client may enrol, 2 to 8; the specification has two"
    )
    hangover_seconds: float = _option(
        0.5, "pause that ends an utterance; a shorter one answers sooner, a longer one splits less"
    )
    drain_seconds: float = _option(10.0, "time for a stopping server to answer the received audio")
    metrics_token_file: Path | None = _option(
        None, "file with the token for /metrics; without it, /metrics is off"
    )
    log_format: str = _option(
        "console", "log format: text (console), or one JSON object per line (json)"
    )

    def __post_init__(self) -> None:
        """Check the values that can be checked without files or network."""
        _check(0 <= self.port <= 65_535, "port must be between 0 and 65535")
        methods = ("greedy_search", "modified_beam_search")
        _check(self.decoding_method in methods, f"decoding_method must be {' or '.join(methods)}")
        _check(self.number_style in tuple(NumberStyle), "number_style must be digits or words")
        _check(self.provider in ("auto", "cpu", "cuda"), "provider must be auto, cpu or cuda")
        _check(self.workers >= 1, "workers must be at least 1")
        _check(self.max_connections >= 1, "max_connections must be at least 1")
        _check(self.max_openings >= 2, "max_openings must be at least 2")
        _check(2 <= self.max_speakers <= 8, "max_speakers must be between 2 and 8")
        _check(0.1 <= self.hangover_seconds <= 3, "hangover_seconds must be between 0.1 and 3")
        _check(self.max_message_bytes >= 1024, "max_message_bytes must be at least 1024")
        _check(
            0 < self.max_enrolment_seconds <= 30,
            "max_enrolment_seconds must be above 0, and at most 30",
        )
        for name in _ABOVE_ZERO:
            _check(getattr(self, name) > 0, f"{name} must be above 0")
        for name in _ZERO_OR_ABOVE:
            _check(getattr(self, name) >= 0, f"{name} must not be negative")
        _check(self.log_format in ("console", "json"), "log_format must be console or json")
        _check((self.cert is None) == (self.key is None), "cert and key must be set together")
        _check(
            not (self.dev_cert and self.cert is not None), "dev_cert and cert cannot both be set"
        )
        self._check_plain_ws()
        readers = (("origins", origins_of), ("hosts", hosts_of), ("peers", peers_of))
        for name, read in readers:
            try:
                read(getattr(self, name))
            except ValueError as error:
                raise ConfigError(f"{name}: {error}.") from None

    @property
    def certificate_folder(self) -> Path:
        """The folder of the development certificate.

        Raises:
            ConfigError: where no folder is configured and the user has no home folder.

        """
        if self.data_dir is None:
            raise ConfigError(
                "This user has no home folder for the development certificate: set HWAJA_DATA_DIR."
            )
        return self.data_dir

    def _check_plain_ws(self) -> None:
        _check(
            self.plain_ws in ("off", "loopback", "anywhere"),
            "plain_ws must be off, loopback or anywhere",
        )
        _check(
            self.plain_ws == "off" or not (self.dev_cert or self.cert),
            "plain_ws serves without TLS, so it cannot be set together with a certificate",
        )
        # The resolver may map any other name for loopback to another address.
        is_near = self.host == "localhost" or (is_address(self.host) and is_loopback(self.host))
        _check(
            self.plain_ws != "loopback" or is_near,
            f"plain_ws=loopback serves only this machine, but host is {self.host!r}: set host to "
            "localhost, or set plain_ws=anywhere if the network to the proxy is trusted",
        )


def options() -> tuple[dataclasses.Field[Any], ...]:
    """Return the fields of `Config`, each with its `description`."""
    return dataclasses.fields(Config)


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
                raise ConfigError(f"{source} sets {name}, which is not an option.")
            values[name] = _convert(known[name], value, source)
    return Config(**values)


def from_environment(flags: Mapping[str, str | bool], file: Path | None = None) -> Config:
    """Build the configuration from this process's environment; see `load`.

    Without `file`, the variable HWAJA_CONFIG may name one.
    """
    named = os.environ.get(f"{ENVIRONMENT_PREFIX}CONFIG")
    return load(flags, os.environ, file or (Path(named) if named else None))


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
