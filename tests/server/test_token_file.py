"""The file of bearer tokens: its tokens, and the files that are refused."""

from pathlib import Path

import pytest

from hwaja.server.access.token_file import checked_tokens, first_token, read_tokens
from hwaja.server.config import ConfigError

TOKEN, OTHER = "0123456789abcdef", "Fedcba9876543210-._~+"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tokens"


def test_each_line_is_a_token_and_comments_and_empty_lines_are_skipped(file: Path) -> None:
    file.write_text(f"# of the front desk\n{TOKEN}\n\n  {OTHER}  \n")
    assert read_tokens(file) == [TOKEN, OTHER]


@pytest.mark.parametrize(
    "text",
    [TOKEN[:-1], f"{TOKEN} {TOKEN}", "비밀" * 16, f"{TOKEN}\n{TOKEN}/==", f" # {TOKEN}"],
    ids=["too short", "two in a line", "not ASCII", "characters of Base64", "indented comment"],
)
def test_an_invalid_line_is_refused_and_the_error_does_not_quote_the_file(
    text: str, file: Path
) -> None:
    file.write_text(text, encoding="utf-8")
    for read in (read_tokens, checked_tokens):
        with pytest.raises(ConfigError) as caught:
            read(file)
        assert str(caught.value) == (
            f"{file} must contain only tokens, one per line, each of at least 16 letters, digits "
            "or -._~+: browsers cannot send / or =; `openssl rand -hex 32` makes a token."
        )


@pytest.mark.parametrize("text", ["", "\n \n", "# all revoked\n"])
def test_only_a_server_that_runs_already_accepts_a_file_without_tokens(
    text: str, file: Path
) -> None:
    """It must accept the file, so that the last token can be revoked."""
    file.write_text(text)
    assert checked_tokens(file) == []
    with pytest.raises(ConfigError, match="must contain only tokens"):
        read_tokens(file)


def test_a_client_sends_the_first_token_also_a_short_access_code(file: Path) -> None:
    file.write_text("# of the terminal\nabcd-efgh-jkmn\n")
    assert first_token(file) == "abcd-efgh-jkmn"


@pytest.mark.parametrize("text", ["", "two words\n", f"비밀\n{TOKEN}\n"])
def test_a_client_refuses_a_file_that_does_not_begin_with_a_token(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="must begin with a token or an access code"):
        first_token(file)


def test_a_missing_file_is_an_error_with_the_reason(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"tokens cannot be read: No such file or directory\.$"):
        read_tokens(file)


def test_a_file_that_other_users_can_change_is_refused(file: Path) -> None:
    file.write_text(TOKEN)
    file.chmod(0o666)
    with pytest.raises(ConfigError, match="is not safe to use"):
        read_tokens(file)
