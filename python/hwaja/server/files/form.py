"""Reads a form with files (multipart/form-data, RFC 7578) part by part, while it comes."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

from multipart import MultipartError, MultipartSegment, PushMultipartParser

from hwaja.server.files.problems import FileError, Problem

MAX_FIELD_BYTES = 16 * 1024
"""Longest value of a part that is no file. A voice ticket has 4 KB at most."""

MAX_PARTS = 64
"""A file, eight voices with names, and the options with some hotwords."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a form. Its content must be read before the next part."""

    name: str
    content: AsyncIterator[bytes]

    async def text(self) -> str:
        """Return the content as text.

        Raises:
            FileError: where it is too long, or no UTF-8.

        """
        found = b""
        async for block in self.content:
            found += block
            if len(found) > MAX_FIELD_BYTES:
                raise FileError.of(Problem.BAD_FORM, f"The part {self.name!a} is too long.")
        try:
            return found.decode()
        except UnicodeDecodeError:
            raise FileError.of(Problem.BAD_FORM, f"The part {self.name!a} is no text.") from None


async def parts_of(body: AsyncIterator[bytes], boundary: str) -> AsyncGenerator[Part]:
    """Yield the parts of a form. What is left of a part's content is skipped.

    Raises:
        FileError: where the body is no complete form.
        Exception: that of `body`.

    """
    events = _events(body, boundary)
    async for event in events:
        if isinstance(event, MultipartSegment):
            content = _content(events)
            yield Part(event.name or "", content)
            async for _ in content:
                pass


async def _content(
    events: AsyncIterator[MultipartSegment | bytearray | None],
) -> AsyncGenerator[bytes]:
    """Yield the blocks of the current part."""
    async for event in events:
        if event is None:
            return
        yield bytes(event)  # no part begins within another


async def _events(
    body: AsyncIterator[bytes], boundary: str
) -> AsyncGenerator[MultipartSegment | bytearray | None]:
    try:
        parser = PushMultipartParser(boundary, max_segment_count=MAX_PARTS)
        async for block in body:
            for event in parser.parse(block):
                yield event
        parser.close()
    except (MultipartError, UnicodeError):
        raise FileError.of(Problem.BAD_FORM) from None
