"""The web pages that may open a session, by their origin and by the requested host."""

import pytest

from hwaja.protocol.codes import Rejection
from hwaja.server.http.origins import origins_of
from hwaja.server.http.pages import Pages

ELSEWHERE = ("https://evil.example", "null", "file://", "no origin", "", "*")


def served(*names: str, origins: str = "", has_tls: bool = True) -> Pages:
    return Pages(origins_of(origins), lambda: names, has_tls)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://localhost:8088", "localhost:8088"),
        ("https://localhost:8088", "127.0.0.1:8088"),
        ("https://[::1]:8088", "localhost:8088"),
        ("http://localhost:3000", "localhost:8088"),  # a page that somebody works on
        ("https://stt.example:8088", "stt.example:8088"),
        ("https://stt.example", "stt.example:8088"),  # the specification's page has another port
        ("https://stt.example:8443", "stt.example"),  # nginx's $host has none
        ("https://a.rooms.example", "A.Rooms.Example."),
        ("https://192.0.2.7:8088", "192.0.2.7:8088"),
        ("https://[2001:db8::7]:8088", "[2001:db8::7]:8088"),
    ],
)
def test_pages_from_the_servers_own_address_may_connect(origin: str, host: str) -> None:
    assert served("stt.example", "*.rooms.example").refusal([origin], host) is None


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_pages_of_other_origins_may_not_connect(origin: str) -> None:
    for host in ("localhost:8088", "stt.example:8088", "192.0.2.7:8088", "", None):
        for has_tls in (True, False):
            pages = served("stt.example", has_tls=has_tls)
            assert pages.refusal([origin], host) is Rejection.ORIGIN


def test_a_page_over_plain_http_may_not_connect() -> None:
    assert served("stt.example").refusal(["http://stt.example"], "stt.example") is Rejection.ORIGIN


def test_a_client_that_is_no_page_may_connect_by_any_name() -> None:
    for host in ("localhost", "192.0.2.7:8088", "strange.example", None):
        assert served().refusal([], host) is None


def test_a_page_whose_name_resolves_to_this_server_may_not_connect() -> None:
    """DNS rebinding: page and server have one name, which is not the server's."""
    for has_tls in (True, False):
        pages = served("stt.example", has_tls=has_tls)
        origin = "https://evil.example:8088" if has_tls else "http://evil.example:8088"
        assert pages.refusal([origin], "evil.example:8088") is Rejection.HOST
    assert not served("stt.example").knows("evil.example:8088")


def test_a_wildcard_stands_for_one_label() -> None:
    pages = served("*.rooms.example")
    assert pages.knows("a.rooms.example")
    assert not pages.knows("rooms.example")
    assert not pages.knows("a.b.rooms.example")


def test_behind_a_tls_proxy_the_name_of_the_server_need_not_be_known() -> None:
    """Browsers refuse a connection without TLS from a page over HTTPS."""
    pages = served(has_tls=False)
    assert pages.refusal(["https://stt.example"], "stt.example") is None
    assert pages.refusal(["https://evil.example"], "stt.example") is Rejection.ORIGIN
    assert pages.refusal(["https://evil.example"], "127.0.0.1:8088") is Rejection.ORIGIN


def test_listed_origins_may_connect_beside_the_servers_own() -> None:
    pages = served("stt.example", origins="https://clinic.example/ null")
    for origin in ("https://clinic.example", "null", "https://stt.example"):
        assert pages.refusal([origin], "stt.example") is None
    for origin in ("https://evil.example", "https://clinic.example:444", "http://clinic.example"):
        assert pages.refusal([origin], "stt.example") is Rejection.ORIGIN
        assert pages.refusal(["null", origin], "stt.example") is Rejection.ORIGIN


@pytest.mark.parametrize("origin", ELSEWHERE)
def test_an_asterisk_allows_every_page(origin: str) -> None:
    assert served(origins="*").refusal([origin], "evil.example") is None


def test_a_page_requested_by_an_unknown_name_can_warn_before_it_fails_to_connect() -> None:
    assert served("stt.example").misses("evil.example")
    assert served("stt.example").misses("no host")
    for host in ("stt.example:8088", "localhost", "192.0.2.7:8088", None):
        assert not served("stt.example").misses(host)
    assert not served(has_tls=False).misses("stt.example")
    assert not served(origins="*").misses("evil.example")
