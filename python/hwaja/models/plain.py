"""Models that are used as they come."""

from pathlib import Path


def convert(members: dict[str, bytes], folder: Path) -> None:
    """Write the members under their names."""
    for name, content in members.items():
        (folder / name).write_bytes(content)
