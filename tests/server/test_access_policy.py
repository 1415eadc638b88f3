"""Which clients the access policy accepts."""

import pytest
from loopback import tokens_of
from websockets.datastructures import Headers
from websockets.typing import Subprotocol

from hwaja.protocol.codes import Rejection
from hwaja.server.access.access_policy import (
    MAX_OFFERED,
    AccessPolicy,
    Admission,
    TooManyOfferedError,
    agreed,
    credentials_of,
)
from hwaja.server.access.bearer import digest_of
from hwaja.server.http.origins import origins_of
from hwaja.server.http.pages import Pages

TOKEN, OTHER = "0123456789abcdef", "fedcba9876543210_-"


def headers(*pairs: tuple[str, str]) -> Headers:
    found = Headers()
    for name, value in pairs:
        found[name] = value
    return found


def refusal(answer: Admission | Rejection) -> Rejection | None:
    return answer if isinstance(answer, Rejection) else None


def test_a_bearer_token_is_read_from_the_header_and_from_a_subprotocol() -> None:
    for pair in (
        ("Authorization", f"Bearer {TOKEN}"),
        ("authorization", f"bearer  {TOKEN}"),
        ("Sec-WebSocket-Protocol", f"hwaja, hwaja.bearer.{TOKEN}"),
    ):
        assert credentials_of("/", headers(pair)).bearers == (digest_of(TOKEN),)
    assert credentials_of("/", headers(("Authorization", f"Basic {TOKEN}"))).bearers == ()
    assert credentials_of(f"/?bearer={TOKEN}", headers()).bearers == ()  # addresses end up in logs


@pytest.mark.parametrize(
    ("path", "subprotocols", "resumes", "token"),
    [
        ("/", "", False, None),
        ("/?resume", "", True, None),
        ("/?resume=", "", True, None),
        ("/any/path?a=1&resume=T-_t", "", True, "T-_t"),
        ("/", "hwaja, hwaja.resume", True, None),
        ("/", "hwaja, hwaja.resume.T-_t", True, "T-_t"),
        ("/?resumed=T", "hwaja", False, None),
        ("//[?resume=T", "", True, "T"),  # no address at all, but nothing to fail on
    ],
)
def test_a_request_to_resume_is_read_from_the_query_and_from_a_subprotocol(
    path: str, subprotocols: str, resumes: bool, token: str | None
) -> None:
    client = credentials_of(path, headers(("Sec-WebSocket-Protocol", subprotocols)))
    assert (client.resumes, client.session_token) == (resumes, token)


def test_more_subprotocols_than_a_client_needs_are_refused_unread() -> None:
    """They may be in one line or several. The cost of a request without a token is limited."""
    most = ["hwaja", f"hwaja.bearer.{TOKEN}", *["other"] * (MAX_OFFERED - 2)]
    assert credentials_of("/", headers(("Sec-WebSocket-Protocol", ",".join(most)))).bearers
    too_many = ("Sec-WebSocket-Protocol", "hwaja.bearer.")
    for pairs in ([too_many] * (MAX_OFFERED + 1), [(too_many[0], "hwaja.bearer.," * MAX_OFFERED)]):
        with pytest.raises(TooManyOfferedError):
            credentials_of("/", headers(*pairs))


def test_the_agreed_subprotocol_never_contains_a_token() -> None:
    assert agreed([Subprotocol("hwaja.bearer.x"), Subprotocol("hwaja")]) == "hwaja"
    assert agreed([Subprotocol("hwaja.bearer.x")]) is None


def test_only_a_token_of_the_file_is_accepted() -> None:
    policy = AccessPolicy(tokens_of(TOKEN, OTHER))

    def status(*pairs: tuple[str, str]) -> Rejection | None:
        return refusal(policy.admit(credentials_of("/", headers(*pairs))))

    assert status(("Authorization", f"Bearer {TOKEN}")) is None
    assert status(("Sec-WebSocket-Protocol", f"hwaja, hwaja.bearer.{OTHER}")) is None
    for wrong in ("", TOKEN[:-1], TOKEN + "x", "# of the front desk", "\xff"):
        assert status(("Authorization", f"Bearer {wrong}")) is Rejection.UNAUTHORIZED
    assert status() is Rejection.UNAUTHORIZED


def test_a_page_of_another_origin_is_refused_with_any_token() -> None:
    policy = AccessPolicy(tokens_of(TOKEN), Pages(origins_of("https://a.example")))

    def status(*pairs: tuple[str, str]) -> Rejection | None:
        shown = ("Authorization", f"Bearer {TOKEN}")
        client = credentials_of("/", headers(("Host", "localhost:8088"), shown, *pairs))
        return refusal(policy.admit(client))

    assert status() is None
    assert status(("Origin", "https://a.example")) is None
    assert status(("Origin", "https://localhost:8088")) is None
    assert status(("Origin", "https://b.example")) is Rejection.ORIGIN
    assert status(("Origin", "https://a.example"), ("Origin", "null")) is Rejection.ORIGIN
