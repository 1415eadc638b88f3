"""Checks the token files with the server's own parser."""

from pathlib import Path

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.server.access.token_file import read_tokens


def tokens(files: list[Path]) -> Finding:
    """Read token files; report only the number of tokens.

    Raises:
        ConfigError: where the server would not start with one of the files.

    """
    count = sum(len(read_tokens(file)) for file in files)
    return Finding("tokens", "ok", phrase("tokens", count=count), facts={"count": count})
