"""One HTTP request on a stream: whatever its bytes, it is read, refused, or the client is gone."""

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwaja.server.files.http_exchange import Exchange, GoneError
from hwaja.server.files.problems import FileError

HEAD = b"POST /v1/transcripts?format=srt HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
COUNTED = HEAD + b"Content-Length: 5\r\n\r\nabcde"


class Sink:
    """A writer that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, content: bytes) -> None:
        self.written += content

    async def drain(self) -> None:
        pass


async def read(content: bytes, sizes: list[int]) -> tuple[str, bytes]:
    """Target and body of a request that comes in blocks of these sizes, and then ends."""
    reader = asyncio.StreamReader()
    exchange = Exchange(reader, Sink())  # type: ignore[arg-type]
    for size in [*sizes, len(content)]:
        block, content = content[:size], content[size:]
        reader.feed_data(block)
    reader.feed_eof()
    target, _ = await exchange.head()
    return target, b"".join([block async for block in exchange.body()])


@pytest.mark.parametrize("request_", [CHUNKED, COUNTED])
@given(sizes=st.lists(st.integers(1, 40)))
async def test_a_request_is_the_same_however_its_bytes_come(
    request_: bytes, sizes: list[int]
) -> None:
    assert await read(request_, sizes) == ("/v1/transcripts?format=srt", b"abcde")


@pytest.mark.parametrize("request_", [CHUNKED, COUNTED])
@given(missing=st.integers(1, len(COUNTED)))
async def test_a_request_that_breaks_off_is_a_client_that_is_gone(
    request_: bytes, missing: int
) -> None:
    with pytest.raises(GoneError):
        await read(request_[:-missing], [])


@given(st.sampled_from([CHUNKED, COUNTED]), st.integers(0, 120), st.binary(max_size=30))
async def test_any_bytes_are_read_or_refused(request_: bytes, at: int, put: bytes) -> None:
    """No other error, which would be one of the server."""
    with suppress(FileError, GoneError):
        await read(request_[:at] + put + request_[at + len(put) :], [])
