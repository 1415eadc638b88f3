"""Reading a form with files part by part, however its bytes come."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.server.files.form import MAX_FIELD_BYTES, MAX_PARTS, parts_of
from hwaja.server.files.problems import FileError


def form(parts: Sequence[tuple[str, bytes]]) -> bytes:
    written = b"".join(
        b'--X\r\nContent-Disposition: form-data; name="%b"; filename="a"\r\n\r\n%b\r\n'
        % (name.encode(), content)
        for name, content in parts
    )
    return written + b"--X--\r\n"


async def blocks_of(content: bytes, sizes: Sequence[int]) -> AsyncIterator[bytes]:
    at = 0
    for size in sizes:
        if content[at : at + size]:
            yield content[at : at + size]
        at += size
    if content[at:]:
        yield content[at:]


async def read(content: bytes, sizes: Sequence[int] = ()) -> list[tuple[str, bytes]]:
    found = []
    async for part in parts_of(blocks_of(content, sizes), "X"):
        found.append((part.name, b"".join([block async for block in part.content])))
    return found


NAMES = st.sampled_from(["file", "voice", "ticket", "language"])
PARTS = st.lists(st.tuples(NAMES, st.binary(max_size=200)), min_size=1, max_size=5)


@given(PARTS, st.lists(st.integers(1, 60)))
async def test_the_parts_are_the_same_however_the_bytes_come(
    parts: list[tuple[str, bytes]], sizes: list[int]
) -> None:
    assert await read(form(parts), sizes) == parts


@given(PARTS, st.integers(1, 500))
async def test_a_form_that_breaks_off_is_never_taken_for_a_whole(
    parts: list[tuple[str, bytes]], missing: int
) -> None:
    whole = form(parts)
    cut = whole[: max(0, len(whole) - 4 - missing)]  # the last two dashes end the form
    with pytest.raises(FileError):
        await read(cut)


@given(st.binary(max_size=300), st.lists(st.integers(1, 60)))
async def test_any_bytes_are_a_form_or_refused(content: bytes, sizes: list[int]) -> None:
    """No other error, which would be one of the server."""
    with suppress(FileError):
        await read(b"--X\r\n" + content, sizes)


async def test_the_content_of_a_part_may_be_left_unread() -> None:
    names = [
        part.name
        async for part in parts_of(blocks_of(form([("file", b"a" * 999), ("name", b"b")]), ()), "X")
    ]
    assert names == ["file", "name"]


@pytest.mark.parametrize("text", [b"\xff\xfe", b"x" * (MAX_FIELD_BYTES + 1)])
async def test_a_text_that_is_too_long_or_no_text_is_refused(text: bytes) -> None:
    part = await anext(parts_of(blocks_of(form([("name", text)]), ()), "X"))
    with pytest.raises(FileError, match="bad_form"):
        await part.text()


async def test_a_form_with_thousands_of_parts_is_refused() -> None:
    with pytest.raises(FileError, match="bad_form"):
        await read(form([("name", b"")] * (MAX_PARTS + 1)))
