"""Bearer tokens: read from a file, and looked for in a request."""

from pathlib import Path

import pytest
from websockets.datastructures import Headers

from hwaja.bearer import carries, read_token
from hwaja.config import ConfigError

TOKEN = "0123456789abcdef"  # noqa: S105


def test_a_token_is_read_without_the_line_end_that_editors_add(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}==\n")
    assert read_token(file) == f"{TOKEN}=="


@pytest.mark.parametrize(
    "text", ["", "\n", TOKEN[:-1], f"{TOKEN} {TOKEN}", f"{TOKEN}\n{TOKEN}", "비밀" * 16, "=" * 32]
)
def test_a_file_without_a_token_is_refused_with_the_command_that_makes_one(
    text: str, tmp_path: Path
) -> None:
    """And what it holds is not quoted."""
    file = tmp_path / "file"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_token(file)
    assert str(caught.value) == (
        f"{file} must hold one token of at least 16 letters, digits or -._~+/ and nothing else; "
        "`openssl rand -hex 32` makes one."
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent cannot be read: No such file or directory\.$"):
        read_token(tmp_path / "absent")


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_the_token_is_found_however_the_scheme_is_written(value: str) -> None:
    assert carries(Headers([("authorization", value)]), TOKEN)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [""],
        [TOKEN],
        ["Bearer"],
        [f"Bearer{TOKEN}"],
        [f"Basic {TOKEN}"],
        [f"Bearer {TOKEN[:-1]}"],
        [f"Bearer {TOKEN}0"],
        [f"Bearer {TOKEN.upper()}"],
        [f"Bearer {TOKEN} {TOKEN}"],
        ["Bearer \xff\xfe"],
        [f"Bearer {TOKEN}", f"Bearer {TOKEN}"],
    ],
    ids=repr,
)
def test_anything_else_is_no_token(values: list[str]) -> None:
    assert not carries(Headers([("Authorization", value) for value in values]), TOKEN)
