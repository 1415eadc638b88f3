"""How origins and host names are read, in requests and in options."""

import pytest

from hwaja.server.http.origins import (
    ANY,
    Origin,
    hosts_of,
    is_loopback,
    origin_of,
    origins_of,
    read_authority,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://b.example/", "https://b.example"),
        ("HTTPS://B.Example", "https://b.example"),
        ("https://b.example:443", "https://b.example"),
        ("http://b.example:80/", "http://b.example"),
        ("https://b.example.", "https://b.example"),
        ("https://[0:0:0:0:0:0:0:1]:8088", "https://[::1]:8088"),
        ("https://한글.example", "https://xn--bj0bj06e.example"),
    ],
)
def test_an_origin_is_the_same_in_any_notation(written: str, meant: str) -> None:
    assert origin_of(written) == origin_of(meant)


@pytest.mark.parametrize(
    "other", ["http://b.example", "https://b.example:8443", "https://a.b.example", "null"]
)
def test_another_scheme_host_or_port_is_another_origin(other: str) -> None:
    assert origin_of(other) != origin_of("https://b.example")


def test_a_list_of_origins_may_use_spaces_or_commas_and_name_other_schemes() -> None:
    assert origins_of("") == frozenset()
    assert origins_of(" https://a.example/, https://b.example ") == {
        Origin("https", "a.example"),
        Origin("https", "b.example"),
    }
    assert origins_of("null file:// capacitor://localhost") == {
        Origin("null", ""),
        Origin("file", ""),
        Origin("capacitor", "localhost"),
    }
    assert origins_of("*") == {ANY}


@pytest.mark.parametrize(
    "wrong",
    [
        "b.example",
        "https://",
        "https://b.example/page",
        "https://b.example?x",
        "https://user@b.example",
        "https://b.example:port",
        "https://b.example:65536",
        "https://[::1",
        "https://b..example",
        "wss://b.example",
        "https://*.example",
    ],
)
def test_an_impossible_origin_is_refused_with_its_text(wrong: str) -> None:
    with pytest.raises(ValueError, match="not an origin") as caught:
        origins_of(f"https://a.example {wrong}")
    assert repr(wrong) in str(caught.value)


def test_a_list_of_hosts_is_read_without_ports_and_may_contain_a_wildcard() -> None:
    assert hosts_of("STT.example:8443 *.b.example,[::1]") == {"stt.example", "*.b.example", "::1"}
    for wrong in ("https://b.example", "b.example/", "a*.example", "*", "[::1"):
        with pytest.raises(ValueError, match="not a host name") as caught:
            hosts_of(wrong)
        assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("notlocalhost", False),
    ],
)
def test_the_local_names_of_this_machine_are_known(name: str, is_so: bool) -> None:
    assert is_loopback(name) is is_so


def test_the_host_of_a_request_is_read_with_or_without_a_port() -> None:
    assert read_authority("Stt.Example:8088") == ("stt.example", 8088)
    assert read_authority("[::1]") == ("::1", None)
