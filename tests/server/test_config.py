"""The configuration: the source of each value, and the error for each invalid one."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from hwaja.server.config import Config, ConfigError, options
from hwaja.server.config_sources import load


@pytest.fixture
def toml(tmp_path: Path) -> Any:
    """Write a TOML file and return its path."""

    def write(text: str) -> Path:
        file = tmp_path / "hwaja.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


def test_without_settings_the_defaults_are_those_of_the_specification() -> None:
    config = load({}, {}, None)
    assert config == Config()
    assert (config.port, config.max_connections, config.language) == (8088, 10, "ko")
    assert (config.max_session_seconds, config.max_audio_seconds) == (30 * 60, 10 * 60)
    assert config.host == "localhost"  # nobody else can connect unless asked for


def test_a_flag_overrides_the_environment_the_file_and_the_default_in_this_order(
    toml: Any,
) -> None:
    file = toml("port = 1\nworkers = 1\nmax_connections = 1")
    environment = {"HWAJA_PORT": "2", "HWAJA_WORKERS": "2"}
    config = load({"port": "3"}, environment, file)
    assert (config.port, config.workers, config.max_connections) == (3, 2, 1)
    assert config.drain_seconds == Config().drain_seconds


SETTINGS: dict[str, tuple[str, Any]] = {
    "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104
    "port": ("9000", 9000),
    "cert": ("/c.pem", Path("/c.pem")),
    "key": ("/k.pem", Path("/k.pem")),
    "dev_cert": ("true", True),
    "lan": ("true", True),
    "plain_ws": ("loopback", "loopback"),
    "data_dir": ("/data", Path("/data")),
    "asr_model": ("whisper-tiny", "whisper-tiny"),
    "interim_model": ("/streaming", "/streaming"),
    "overlap_model": ("voxlock", "voxlock"),
    "language": ("en", "en"),
    "provider": ("cuda", "cuda"),
    "decoding_method": ("modified_beam_search", "modified_beam_search"),
    "workers": ("3", 3),
    "engines": ("local", "local"),
    "ray_address": ("", ""),
    "engine_cpus": ("0.5", 0.5),
    "engine_gpus": ("0.25", 0.25),
    "min_engines": ("1", 1),
    "max_engines": ("6", 6),
    "share_engines": ("", ""),
    "max_connections": ("25", 25),
    "max_sessions_per_address": ("4", 4),
    "max_sessions_per_token": ("2", 2),
    "unenrolled_seconds": ("60", 60.0),
    "max_openings": ("1000", 1000),
    "max_session_seconds": ("3600", 3600.0),
    "max_audio_seconds": ("3000", 3000.0),
    "max_enrolment_seconds": ("10", 10.0),
    "max_file_jobs": ("3", 3),
    "max_file_seconds": ("7200", 7200.0),
    "max_message_bytes": ("65536", 65_536),
    "max_read_ahead_bytes": ("100000000", 100_000_000),
    "max_messages_per_second": ("50", 50.0),
    "max_audio_speed": ("4", 4.0),
    "handshake_seconds": ("5", 5.0),
    "idle_seconds": ("120", 120.0),
    "ping_seconds": ("7", 7.0),
    "resume_seconds": ("30", 30.0),
    "token_file": ("/tokens", Path("/tokens")),
    "end_revoked_sessions": ("true", True),
    "origins": ("https://a.example https://b.example", "https://a.example https://b.example"),
    "ticket_key_file": ("/keys", Path("/keys")),
    "ticket_days": ("7", 7.0),
    "consent_file": ("/consent", Path("/consent")),
    "peers": ("wss://b.example:8088", "wss://b.example:8088"),
    "hosts": ("stt.example *.rooms.example", "stt.example *.rooms.example"),
    "number_style": ("words", "words"),
    "mask": ("true", True),
    "max_speakers": ("3", 3),
    "hangover_seconds": ("0.75", 0.75),
    "proxies": ("192.0.2.7 10.0.0.0/8", "192.0.2.7 10.0.0.0/8"),
    "node": ("seoul-1", "seoul-1"),
    "finish_seconds": ("600", 600.0),
    "drain_seconds": ("2", 2.0),
    "metrics_token_file": ("/t", Path("/t")),
    "traces_url": ("http://collector:4318/v1/traces", "http://collector:4318/v1/traces"),
    "log_format": ("json", "json"),
}


@pytest.mark.parametrize("name", [option.name for option in options()])
def test_every_option_has_the_same_type_as_flag_variable_and_key_and_a_description(
    name: str, toml: Any
) -> None:
    text, value = SETTINGS[name]
    partners = {
        "cert": {"key": "/k.pem"},
        "key": {"cert": "/c.pem"},
        "finish_seconds": {"node": "a"},
    }
    partner = partners.get(name, {})
    written = f'"{text}"' if isinstance(value, str | Path) else text
    file = toml("\n".join([f"{name} = {written}", *(f'{k} = "{v}"' for k, v in partner.items())]))
    for config in (
        load({name: text, **partner}, {}, None),
        load(partner, {f"HWAJA_{name.upper()}": text}, None),
        load({}, {}, file),
    ):
        found = getattr(config, name)
        assert (found, type(found)) == (value, type(value))
    (option,) = [option for option in options() if option.name == name]
    assert all(option.metadata["description"])


@pytest.mark.parametrize(
    ("word", "value"), [("1", True), ("yes", True), ("TRUE", True), ("0", False), ("no", False)]
)
def test_a_switch_can_be_set_by_a_word(word: str, value: bool) -> None:
    assert load({}, {"HWAJA_DEV_CERT": word}, None).dev_cert is value


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({}, {"HWAJA_PORT": ""}, None) == load({}, {}, None)


def test_variables_of_other_programs_are_ignored() -> None:
    assert load({}, {"PORT": "1", "HWAJAX": "1", "hwaja_port": "1"}, None) == Config()


def test_a_tilde_stands_for_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert load({"data_dir": "~/x"}, {}, None).data_dir == Path("/home/someone/x")


def test_the_configuration_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().port = 1  # type: ignore[misc]


def test_lan_listens_on_all_addresses_with_a_development_certificate_unless_told_otherwise() -> (
    None
):
    config = load({"lan": True}, {}, None)
    assert (config.host, config.dev_cert) == ("0.0.0.0", True)  # noqa: S104
    config = load({"lan": True, "host": "192.0.2.7", "cert": "/c.pem", "key": "/k.pem"}, {}, None)
    assert (config.host, config.dev_cert) == ("192.0.2.7", False)


# What is refused


def sentence(
    flags: dict[str, str | bool] | None = None,
    environment: dict[str, str] | None = None,
    file: Path | None = None,
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(flags or {}, environment or {}, file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"port": "-1"}, "port must be between 0 and 65535."),
        ({"port": "65536"}, "port must be between 0 and 65535."),
        ({"provider": "CUDA"}, "provider must be auto, cpu or cuda."),
        ({"traces_url": "collector:4318"}, "traces_url must begin with http:// or https://."),
        ({"workers": "0"}, "workers must be at least 1."),
        ({"engines": "gpu"}, "engines must be local or ray."),
        ({"engines": "ray"}, "engines=ray needs ray_address, and only engines=ray has one."),
        ({"ray_address": "h:6379"}, "engines=ray needs ray_address, and only engines=ray has one."),
        (
            {"engines": "ray", "ray_address": "ray://h:10001"},
            "ray_address must be a host and a port, as 192.0.2.7:6379; the Ray client (ray://) "
            "would store audio on its way.",
        ),
        (
            {"engines": "ray", "ray_address": "h:6379", "provider": "cuda"},
            "provider is for engines=local: with engines=ray, engine_gpus says whether it is cuda.",
        ),
        ({"engine_cpus": "0"}, "engine_cpus must be above 0."),
        ({"engine_gpus": "-1"}, "engine_gpus must not be negative."),
        ({"share_engines": "all"}, "share_engines is for engines=ray."),
        (
            {"engines": "ray", "ray_address": "h:6379", "share_engines": "A b"},
            "share_engines must be at most 32 of a-z, 0-9 and hyphens, with a letter first.",
        ),
        ({"min_engines": "2"}, "min_engines must be at least 1, and at most max_engines."),
        ({"min_engines": "0"}, "min_engines must be at least 1, and at most max_engines."),
        (
            {"origins": "https://a.example b.example"},
            "origins: 'b.example' is not an origin; write it as https://b.example:8443.",
        ),
        (
            {"hosts": "https://a.example"},
            "hosts: 'https://a.example' is not a host name; write it as b.example or *.b.example.",
        ),
        ({"max_connections": "0"}, "max_connections must be at least 1."),
        ({"max_openings": "1"}, "max_openings must be at least 2."),
        ({"max_speakers": "1"}, "max_speakers must be between 2 and 8."),
        ({"max_speakers": "9"}, "max_speakers must be between 2 and 8."),
        ({"hangover_seconds": "0.09"}, "hangover_seconds must be between 0.1 and 3."),
        ({"hangover_seconds": "3.1"}, "hangover_seconds must be between 0.1 and 3."),
        ({"hangover_seconds": "nan"}, "hangover_seconds must be between 0.1 and 3."),
        ({"finish_seconds": "1"}, "finish_seconds needs a node."),
        (
            {"node": "a.b"},
            "node must have at most 32 small letters, digits and -, and begin with a letter.",
        ),
        (
            {"proxies": "proxy.example"},
            "proxies: 'proxy.example' is not an address; write it as 192.0.2.7 or 192.0.2.0/24.",
        ),
        ({"drain_seconds": "-1"}, "drain_seconds must not be negative."),
        ({"drain_seconds": "nan"}, "drain_seconds must not be negative."),
        ({"log_format": "xml"}, "log_format must be console or json."),
        ({"cert": "/c.pem"}, "cert and key must be set together."),
        ({"key": "/k.pem"}, "cert and key must be set together."),
        (
            {"cert": "/c.pem", "key": "/k.pem", "dev_cert": True},
            "dev_cert and cert cannot both be set.",
        ),
        ({"plain_ws": "loopback", "lan": True}, "lan needs TLS, so plain_ws must be off."),
        ({"plain_ws": "yes"}, "plain_ws must be off, loopback or anywhere."),
        (
            {"plain_ws": "loopback", "dev_cert": True},
            "plain_ws serves without TLS, so it cannot be set together with a certificate.",
        ),
        (
            {"plain_ws": "anywhere", "cert": "/c.pem", "key": "/k.pem"},
            "plain_ws serves without TLS, so it cannot be set together with a certificate.",
        ),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_sentence(
    flags: dict[str, str | bool], expected: str
) -> None:
    assert sentence(flags) == expected


@pytest.mark.parametrize("port", ["0", "65535"])
@pytest.mark.parametrize("seconds", ["0.1", "3"])
def test_the_limits_of_a_range_are_allowed(port: str, seconds: str) -> None:
    load({"port": port, "hangover_seconds": seconds, "drain_seconds": "0"}, {}, None)


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "192.0.2.7", "talk.example", "localhost.example", ""],  # noqa: S104
)
def test_plain_ws_on_other_addresses_needs_its_own_option(host: str) -> None:
    assert sentence({"plain_ws": "loopback", "host": host}) == (
        f"plain_ws=loopback serves only this machine, but host is {host!r}: set host to localhost, "
        "or set plain_ws=anywhere if the network to the proxy is trusted."
    )
    assert load({"plain_ws": "anywhere", "host": host}, {}, None).host == host


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_plain_ws_is_allowed_on_this_machine(host: str) -> None:
    assert load({"plain_ws": "loopback", "host": host}, {}, None).host == host


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "eighty"),
        ("port", "80.5"),
        ("workers", "two"),
        ("drain_seconds", "long"),
        ("dev_cert", "maybe"),
        ("data_dir", "~nobody-of-this-name/x"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_its_source(name: str, value: str) -> None:
    assert sentence({name: value}) == (
        f"the command line sets {name} to {value!r}, which is not a valid value."
    )
    assert sentence(environment={f"HWAJA_{name.upper()}": value}) == (
        f"the environment sets {name} to {value!r}, which is not a valid value."
    )


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("port = 80.0", "80.0"),
        ("port = true", "True"),
        ("port = [80]", "[80]"),
        ("host = 1", "1"),
        ("cert = 1", "1"),
        ("dev_cert = 2", "2"),
        ("drain_seconds = false", "False"),
        ("drain_seconds = 1" + "0" * 400, "1" + "0" * 400),
    ],
)
def test_a_toml_value_of_the_wrong_type_is_refused_with_its_file(
    line: str, shown: str, toml: Any
) -> None:
    file = toml(line)
    name = line.split()[0]
    assert sentence(file=file) == f"{file} sets {name} to {shown}, which is not a valid value."


def test_an_unknown_key_is_refused_with_its_source(toml: Any) -> None:
    file = toml("prot = 8088")
    assert sentence(file=file) == f"{file} sets prot, which is not an option. Did you mean port?"
    assert sentence({"xyz": "1"}) == "the command line sets xyz, which is not an option."


def test_a_wrong_value_is_refused_even_if_another_source_overrides_it(toml: Any) -> None:
    assert "which is not a valid value" in sentence({"port": "1"}, file=toml('port = "x"'))


def test_a_missing_file_is_named_in_the_error(tmp_path: Path) -> None:
    file = tmp_path / "absent.toml"
    assert sentence(file=file) == f"{file} cannot be read: No such file or directory."


def test_a_file_that_is_no_toml_is_named_with_the_position(toml: Any) -> None:
    file = toml("port = = 1")
    text = sentence(file=file)
    assert text.startswith(f"{file} is not TOML: ")
    assert "line 1" in text


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hwaja.toml"
    file.write_bytes(b"\xff\xfe\x00")
    assert sentence(file=file).startswith(f"{file} is not TOML: ")
