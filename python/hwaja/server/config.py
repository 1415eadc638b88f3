"""The configuration: one frozen `Config`, filled from flags, environment and a TOML file.

Every option is defined once, as a field of `Config`. The field `max_connections`, for example, is
set by the flag `--max-connections`, the variable `HWAJA_MAX_CONNECTIONS` or the TOML key
`max_connections`. A flag overrides the environment, which overrides the file, which overrides the
default.
"""

import dataclasses
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from hwaja.server.http.origins import hosts_of, is_address, is_loopback, origins_of, peers_of
from hwaja.server.network.networks import networks_of
from hwaja.text.numbers import NumberStyle

ENVIRONMENT_PREFIX = "HWAJA_"

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


class ConfigError(Exception):
    """The configuration is invalid. The message gives the reason in one sentence."""


def _option(group: str, default: Any, description: str) -> Any:
    return dataclasses.field(default=default, metadata={"group": group, "description": description})


# The groups of options, in the order of `Config` and of `hwaja serve --help`.
_network = partial(_option, "network and certificate")
_access = partial(_option, "access and privacy")
_engines = partial(_option, "engines and text")
_speech = partial(_option, "audio and speakers")
_limits = partial(_option, "limits")
_fleet = partial(_option, "stopping, and several servers")
_observability = partial(_option, "observability")


def _user_data_folder() -> Path | None:
    """Return the user's data folder; None where the user has no home folder, as in containers."""
    try:
        folder = user_data_path("hwaja", appauthor=False)
    except RuntimeError:
        return None
    return folder if folder.is_absolute() else None


def development_files(folder: Path, *, lan: bool = False) -> tuple[Path, Path]:
    """Return the paths of the certificate and the key in `folder`; the files may not exist.

    `--lan` has files of its own: its certificate has more names, and replacing the other one would
    take the trust from a server that runs.
    """
    name = "lan" if lan else "dev"
    return folder / f"{name}-cert.pem", folder / f"{name}-key.pem"


@dataclass(frozen=True, slots=True)
class Config:
    """The options of `hwaja serve`."""

    host: str = _network(
        "localhost", "address to listen on; with 0.0.0.0, other machines can connect"
    )
    port: int = _network(8088, "TCP port; the specification requires 8088")
    lan: bool = _network(
        False,
        "for phones and other devices of this network: listen on all addresses, with a development "
        "certificate unless cert is set, and with an access code unless token-file is set",
    )
    cert: Path | None = _network(None, "TLS certificate chain, PEM")
    key: Path | None = _network(None, "private key of the certificate, PEM")
    dev_cert: bool = _network(False, "create and keep a self-signed certificate for this machine")
    plain_ws: str = _network(
        "off",
        "plain WebSocket, for a proxy that has the certificate: off, loopback (only for this "
        "machine), or anywhere",
    )
    hosts: str = _network(
        "",
        "further host names of the server, as a.example *.b.example, in addition to the names of "
        "its certificate and of this machine",
    )
    proxies: str = _network(
        "",
        "addresses of proxies that begin each connection with a PROXY protocol header (version 2), "
        "as 192.0.2.7 10.0.0.0/8: the limits then count the addresses of the clients",
    )
    data_dir: Path | None = _network(
        _user_data_folder(), "folder of the development certificate and of the ticket key"
    )
    token_file: Path | None = _access(
        None, "file with the tokens of clients, one per line; without it, no token is required"
    )
    end_revoked_sessions: bool = _access(
        False, "end the sessions of tokens that were removed from the file, on SIGHUP"
    )
    origins: str = _access(
        "",
        "web pages of other sites that may connect, as https://a.example https://b.example; "
        "*: all pages; empty: only pages of the server's own address",
    )
    ticket_key_file: Path | None = _access(
        None,
        "file with the keys of voice tickets and client tokens, one per line; the first one seals; "
        "without it, a key is created in the data folder when it is first needed",
    )
    ticket_days: float = _access(30.0, "time in which a voice ticket can be used, in days")
    mask: bool = _access(
        False, "replace registration, card, account and telephone numbers in texts by asterisks"
    )
    consent_file: Path | None = _access(
        None,
        "file with the text that the server's own page asks people to agree to before it records a "
        "voice; without it, a text of the page",
    )
    asr_model: str = _engines(
        "whisper-base", "speech recogniser: a name from the catalogue, or a model folder"
    )
    interim_model: str = _engines(
        "",
        "streaming recogniser for interim texts beside an offline one: a name from the catalogue "
        "or a model folder; empty: the offline one makes them",
    )
    overlap_model: str = _engines(
        "",
        "model that extracts each enrolled voice where two speak at once, for an offline "
        "recogniser: a name from the catalogue or a model folder; empty: none does. The server "
        "then holds 3 s of each enrolment",
    )
    language: str = _engines("ko", "code of the spoken language, as the recogniser names it")
    provider: str = _engines(
        "auto", "device for inference: cpu, cuda, or auto (cuda if a trial shows that it works)"
    )
    workers: int = _engines(
        os.cpu_count() or 1,
        "number of inference processes; one per core is best, because each has one thread",
    )
    engines: str = _engines(
        "local",
        "where the inference processes run: local (on this machine), or ray (on the machines of a "
        "Ray cluster)",
    )
    ray_address: str = _engines("", "host and port of the head of the Ray cluster")
    engine_cpus: float = _engines(1.0, "cores that Ray reserves for each inference process")
    engine_gpus: float = _engines(
        0.0, "share of a GPU that Ray reserves for each inference process; 0: they run on the CPU"
    )
    min_engines: int = _engines(1, "minimum number of inference processes on the Ray cluster")
    max_engines: int = _engines(
        1,
        "maximum number of inference processes on the Ray cluster; a server that is late adds some",
    )
    share_engines: str = _engines(
        "",
        "name under which servers with the same models use the same inference processes on the Ray "
        "cluster; empty: this server has its own",
    )
    decoding_method: str = _engines(
        "greedy_search",
        "decoding method; modified_beam_search needs more processor time, and supports hotwords "
        "with transducers",
    )
    number_style: str = _engines(
        "digits",
        "how numbers in Korean texts are written: digits (3시 30분) or words (세 시 삼십 분)",
    )
    max_speakers: int = _speech(
        2, "number of voices that a client may enrol, 2 to 8; the specification has two"
    )
    max_enrolment_seconds: float = _speech(
        30.0, "maximum length of an enrolment, at most 30; the specification asks for 3-5"
    )
    hangover_seconds: float = _speech(
        0.5, "pause that ends an utterance; a shorter one answers sooner, a longer one splits less"
    )
    max_audio_speed: float = _speech(
        10.0,
        "maximum speed of audio, as a multiple of real time; up to a minute may come at once",
    )
    max_connections: int = _limits(10, "maximum number of clients; the specification requires 10")
    max_sessions_per_address: int = _limits(
        0,
        "maximum number of clients from one address (IPv6: one /64); 0: no limit; behind a proxy, "
        "all clients have the address of the proxy",
    )
    max_sessions_per_token: int = _limits(
        0, "maximum number of clients with the same token of the token file; 0: no limit"
    )
    max_session_seconds: float = _limits(
        1800.0, "maximum length of a session; the specification's limit is 30 minutes"
    )
    max_audio_seconds: float = _limits(
        600.0, "maximum length of a transcription; the specification's limit is 10 minutes"
    )
    unenrolled_seconds: float = _limits(
        120.0,
        "time after which a client without an enrolled voice loses its slot to a new client, if "
        "the server is full",
    )
    idle_seconds: float = _limits(600.0, "maximum time in which a client sends nothing")
    max_openings: int = _limits(
        256, "maximum number of connections without a session; one address may have half of them"
    )
    handshake_seconds: float = _limits(10.0, "maximum time to open a WebSocket")
    ping_seconds: float = _limits(
        20.0, "interval of pings to each client, and maximum time for the answer"
    )
    resume_seconds: float = _limits(
        60.0,
        "time in which a client can resume its session after a lost connection, if it asked for "
        "that",
    )
    max_file_jobs: int = _limits(
        2,
        "maximum number of files that are transcribed at once, in addition to the clients; 0: none",
    )
    max_file_seconds: float = _limits(
        14_400.0, "maximum length of the audio of a file, and maximum time for its transcription"
    )
    max_message_bytes: int = _limits(
        1 << 20, "maximum length of a message; the specification's have 8192 bytes"
    )
    max_messages_per_second: float = _limits(
        200.0,
        "maximum message rate; a client that sends more is slowed down; the specification has 4",
    )
    max_read_ahead_bytes: int = _limits(
        1 << 28,
        "maximum memory for audio that waits because it was sent faster than it is processed, for "
        "all clients together",
    )
    node: str = _fleet(
        "",
        "name of this server among several behind one address, of small letters, digits and -; its "
        "session tokens begin with it, for the balancer",
    )
    finish_seconds: float = _fleet(
        0.0,
        "time in which clients of a stopping node may finish that cannot go on at another one",
    )
    drain_seconds: float = _fleet(10.0, "time for a stopping server to answer the received audio")
    peers: str = _fleet(
        "",
        "other servers that the server's own page may go on at, as wss://b.example:8088; they need "
        "the same ticket keys, and this server's address in their origins",
    )
    metrics_token_file: Path | None = _observability(
        None, "file with the token for /metrics; without it, /metrics is off"
    )
    traces_url: str = _observability(
        "",
        "collector that gets OpenTelemetry traces by OTLP over HTTP, such as "
        "http://localhost:4318/v1/traces; empty: none does. Needs the extra otel",
    )
    log_format: str = _observability(
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
        self._check_engines()
        for name in _ABOVE_ZERO:
            _check(getattr(self, name) > 0, f"{name} must be above 0")
        for name in _ZERO_OR_ABOVE:
            _check(getattr(self, name) >= 0, f"{name} must not be negative")
        _check(
            not self.node or _NODE.fullmatch(self.node) is not None,
            "node must have at most 32 small letters, digits and -, and begin with a letter",
        )
        _check(bool(self.node) or not self.finish_seconds, "finish_seconds needs a node")
        is_url = self.traces_url.startswith(("http://", "https://"))
        _check(is_url or not self.traces_url, "traces_url must begin with http:// or https://")
        _check(self.log_format in ("console", "json"), "log_format must be console or json")
        _check((self.cert is None) == (self.key is None), "cert and key must be set together")
        _check(
            not (self.dev_cert and self.cert is not None), "dev_cert and cert cannot both be set"
        )
        self._check_plain_ws()
        readers: tuple[Callable[[str], object], ...] = origins_of, hosts_of, peers_of, networks_of
        for name, read in zip(("origins", "hosts", "peers", "proxies"), readers, strict=True):
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

    @property
    def first_workers(self) -> int:
        """Number of inference processes that the server starts with."""
        return self.workers if self.engines == "local" else self.min_engines

    def _check_engines(self) -> None:
        _check(self.engines in ("local", "ray"), "engines must be local or ray")
        _check(
            (self.engines == "ray") == bool(self.ray_address),
            "engines=ray needs ray_address, and only engines=ray has one",
        )
        _check(
            not self.ray_address or _HOST_AND_PORT.fullmatch(self.ray_address) is not None,
            "ray_address must be a host and a port, as 192.0.2.7:6379; the Ray client (ray://) "
            "would store audio on its way",
        )
        _check(
            self.engines == "local" or self.provider == "auto",
            "provider is for engines=local: with engines=ray, engine_gpus says whether it is cuda",
        )
        _check(
            not self.share_engines or self.engines == "ray",
            "share_engines is for engines=ray",
        )
        _check(
            not self.share_engines or _NODE.fullmatch(self.share_engines) is not None,
            "share_engines must be at most 32 of a-z, 0-9 and hyphens, with a letter first",
        )
        _check(self.engine_cpus > 0, "engine_cpus must be above 0")
        _check(self.engine_gpus >= 0, "engine_gpus must not be negative")
        _check(
            1 <= self.min_engines <= self.max_engines,
            "min_engines must be at least 1, and at most max_engines",
        )

    def _check_plain_ws(self) -> None:
        _check(
            self.plain_ws in ("off", "loopback", "anywhere"),
            "plain_ws must be off, loopback or anywhere",
        )
        _check(self.plain_ws == "off" or not self.lan, "lan needs TLS, so plain_ws must be off")
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
    """Return the fields of `Config`, each with its `group` and `description`."""
    return dataclasses.fields(Config)


def unit_of(option: dataclasses.Field[Any]) -> str:
    """Return in what the value of an option is given, in capitals: SECONDS, FILE, and so on."""
    suffix, kinds = option.name.rpartition("_")[2], str(option.type)
    if suffix in ("seconds", "days", "bytes"):
        return suffix.upper()
    if "Path" in kinds:
        return "FOLDER" if suffix == "dir" else "FILE"
    return "NUMBER" if "int" in kinds or "float" in kinds else "TEXT"


def default_of(option: dataclasses.Field[Any]) -> str:
    """Return the default of an option in words."""
    if isinstance(option.default, bool):
        return "on" if option.default else "off"
    if option.default in (None, ""):
        return "none"
    return f"{option.default:g}" if isinstance(option.default, float) else str(option.default)


def _check(holds: bool, sentence: str) -> None:
    if not holds:
        raise ConfigError(f"{sentence}.")
