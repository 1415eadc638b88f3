"""Client tokens: good once, for a minute, for what they are bound to."""

from urllib.parse import urlencode

import pytest
from loopback import tokens_of
from websockets.datastructures import Headers

from hwaja.privacy.sealing import KeyRing
from hwaja.protocol.codes import Rejection
from hwaja.protocol.token_syntax import is_token
from hwaja.server.access.access_policy import AccessPolicy, Admission, credentials_of
from hwaja.server.access.bearer import digest_of
from hwaja.server.access.client_tokens import (
    BURST_TOKENS,
    TOKENS_PER_SECOND,
    VALID_SECONDS,
    ClientTokens,
    InvalidRequestError,
    Redeemed,
    Restrictions,
    restrictions_of,
)

BEARER = digest_of("0123456789abcdef")
APP = "https://app.example"
RING = KeyRing.random()


class Clock:
    now = 1_756_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> ClientTokens:
    return ClientTokens(lambda: RING, clock, clock)


def issued(tokens: ClientTokens, restrictions: Restrictions = Restrictions()) -> str:  # noqa: B008
    answer = tokens.issue(BEARER, restrictions)
    assert answer is not None
    return answer[0]


def test_a_token_lets_in_once(tokens: ClientTokens) -> None:
    token = issued(tokens)
    assert is_token(token), "a browser must be able to send it"
    assert tokens.redeem(token, []) == Redeemed(BEARER, BEARER, None)
    assert tokens.redeem(token, []) is Rejection.CLIENT_TOKEN_USED
    assert isinstance(tokens.redeem(issued(tokens), []), Redeemed)


def test_a_token_expires_and_is_forgotten_then(tokens: ClientTokens, clock: Clock) -> None:
    early, late = issued(tokens), issued(tokens)
    tokens.redeem(early, [])
    clock.now += VALID_SECONDS - 0.1
    assert isinstance(tokens.redeem(late, []), Redeemed)
    clock.now += 0.1
    assert tokens.redeem(early, []) is Rejection.CLIENT_TOKEN_EXPIRED
    assert tokens.redeem(late, []) is Rejection.CLIENT_TOKEN_EXPIRED
    tokens.redeem(issued(tokens), [])
    assert len(tokens._used) == 1


@pytest.mark.parametrize("origins", [[], ["https://evil.example"], ["null"], [APP + ":8443"]])
def test_a_token_is_bound_to_its_page(tokens: ClientTokens, origins: list[str]) -> None:
    token = issued(tokens, Restrictions(origin=APP))
    assert tokens.redeem(token, origins) is Rejection.CLIENT_TOKEN_ORIGIN
    assert isinstance(tokens.redeem(token, [APP]), Redeemed), "a foreign page has not used it up"


def test_a_token_carries_its_subject_and_limit(tokens: ClientTokens) -> None:
    mine = tokens.redeem(issued(tokens, Restrictions(None, "user-17", 300.0)), [])
    other = tokens.redeem(issued(tokens, Restrictions(None, "user-18")), [])
    again = tokens.redeem(issued(tokens, Restrictions(None, "user-17")), [])
    assert isinstance(mine, Redeemed)
    assert isinstance(other, Redeemed)
    assert isinstance(again, Redeemed)
    assert mine.max_session_seconds == 300
    assert mine.subject == again.subject
    assert len({mine.subject, other.subject, BEARER}) == 3


@pytest.mark.parametrize("token", ["", "0123456789abcdef", "A" * 5000, "\udcff"])
def test_any_other_token_is_refused(tokens: ClientTokens, token: str) -> None:
    assert tokens.redeem(token, []) is Rejection.UNAUTHORIZED


def test_a_changed_or_foreign_token_is_refused(tokens: ClientTokens) -> None:
    token = issued(tokens)
    for place in range(0, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert tokens.redeem(changed, []) is Rejection.UNAUTHORIZED
    assert tokens.redeem(issued(ClientTokens(KeyRing.random)), []) is Rejection.UNAUTHORIZED
    assert tokens.redeem(RING.first.seal("voice", b"x"), []) is Rejection.UNAUTHORIZED


def test_one_bearer_token_gets_so_many_and_another_is_not_affected(
    tokens: ClientTokens, clock: Clock
) -> None:
    for _ in range(BURST_TOKENS):
        issued(tokens)
    assert tokens.issue(BEARER, Restrictions()) is None
    assert tokens.issue(digest_of("another"), Restrictions()) is not None
    clock.now += 2 / TOKENS_PER_SECOND
    assert tokens.issue(BEARER, Restrictions()) is not None


def test_the_query_names_the_restrictions() -> None:
    query = urlencode({"origin": APP, "subject": "사용자 17", "max_session_seconds": "300"})
    assert restrictions_of(query) == Restrictions(APP, "사용자 17", 300.0)
    assert restrictions_of("") == Restrictions()


@pytest.mark.parametrize(
    "query",
    [
        "orign=https://a.example",
        "origin=https://a.example&origin=https://b.example",
        "origin=*",
        "origin=",
        "origin=wss://a.example",
        "subject=",
        "subject=" + "a" * 129,
        "max_session_seconds=0",
        "max_session_seconds=nan",
        "max_session_seconds=inf",
        "max_session_seconds=",
        "max_session_seconds=-1",
        "token=secret",
    ],
)
def test_a_wrong_parameter_is_refused_and_not_quoted(query: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        restrictions_of(query)
    assert "secret" not in str(caught.value)


def test_a_client_token_is_taken_from_a_subprotocol_only_and_dies_with_its_bearer_token(
    tokens: ClientTokens,
) -> None:
    policy = AccessPolicy(tokens_of("0123456789abcdef"), client_tokens=tokens)
    revoked = AccessPolicy(tokens_of("fedcba9876543210"), client_tokens=tokens)

    def shown(token: str, *, header: bool = False) -> Headers:
        if header:
            return Headers([("Authorization", f"Bearer {token}")])
        return Headers([("Sec-WebSocket-Protocol", f"hwaja, hwaja.bearer.{token}")])

    admitted = policy.admit(credentials_of("/", shown(issued(tokens))))
    assert admitted == Admission(
        False, None, tokens=frozenset([BEARER]), subjects=frozenset([BEARER])
    )
    in_header = credentials_of("/", shown(issued(tokens), header=True))
    assert policy.admit(in_header) is Rejection.UNAUTHORIZED
    late = credentials_of("/", shown(issued(tokens)))
    assert revoked.admit(late) is Rejection.UNAUTHORIZED
