"""The files with tokens, read as the server reads them."""

from pathlib import Path

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import said
from hwaja.server.token_file import read_tokens


def tokens(files: list[Path]) -> Finding:
    """Read files with tokens; of what is in them, the number alone is told.

    Raises:
        ConfigError: where the server would not start with one of them.

    """
    count = sum(len(read_tokens(file)) for file in files)
    return Finding("tokens", "ok", said("tokens", count=count), facts={"count": count})
