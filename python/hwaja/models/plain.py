"""Models that are used as they come."""

from pathlib import Path


def convert(members: Path, folder: Path) -> None:
    """Move the members, files of the folder `members`, under their names."""
    for file in members.iterdir():
        file.replace(folder / file.name)
