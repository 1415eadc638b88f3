"""Bearer tokens: those of a file, and those that a request presents."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs
from websockets.datastructures import Headers

from hwaja.server.access.bearer import Tokens, bearers_of, digest_of
from hwaja.server.config import ConfigError

TOKEN, OTHER = "0123456789abcdef", "Fedcba9876543210-._~+"


def bearers(*values: str) -> tuple[bytes, ...]:
    return bearers_of(Headers([("authorization", value) for value in values]))


def hold_any(tokens: Tokens, presented: list[str]) -> bool:
    return tokens.hold_any(map(digest_of, presented))


def test_a_file_contains_one_token_per_line_and_comments(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# of the front desk\n{TOKEN}\n\n  {OTHER}  \n")
    tokens = Tokens(file)
    assert hold_any(tokens, [TOKEN])
    assert hold_any(tokens, ["wrong", OTHER])
    for wrong in ([], ["wrong"], [""], [TOKEN[:-1]], ["# of the front desk"], ["\udcff"]):
        assert not hold_any(tokens, wrong)


def test_tokens_are_reloaded_and_a_missing_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(TOKEN)
    tokens = Tokens(file)
    file.write_text(OTHER)
    assert hold_any(tokens, [TOKEN])
    tokens.reload()
    assert hold_any(tokens, [OTHER])
    assert not hold_any(tokens, [TOKEN])
    file.unlink()
    with pytest.raises(ConfigError, match=r"tokens cannot be read: No such file or directory\.$"):
        tokens.reload()
    assert hold_any(tokens, [OTHER])


@pytest.mark.parametrize("text", ["", "\n \n", "# all revoked\n"])
def test_an_emptied_file_refuses_every_token_and_is_logged(text: str, tmp_path: Path) -> None:
    """Revoking the last token must take effect. The file may get tokens again later."""
    file = tmp_path / "tokens"
    file.write_text(TOKEN)
    tokens = Tokens(file)
    file.write_text(text)
    with capture_logs() as log:
        tokens.reload()
    assert not hold_any(tokens, [TOKEN, "", text])
    assert [(line["log_level"], line["file"]) for line in log] == [("warning", str(file))]
    file.write_text(OTHER)
    tokens.reload()
    assert hold_any(tokens, [OTHER])


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_a_token_is_found_with_any_spelling_of_the_scheme(value: str) -> None:
    assert bearers(value) == (digest_of(TOKEN),)


@pytest.mark.parametrize("value", ["", TOKEN, f"Bearer{TOKEN}", f"Basic {TOKEN}"])
def test_another_scheme_or_none_presents_no_token(value: str) -> None:
    assert bearers(value) == ()
