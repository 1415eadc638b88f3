"""Models that need no conversion."""

from pathlib import Path


def convert(members: Path, folder: Path) -> None:
    """Move the files of the folder `members` to `folder`; their names are unchanged."""
    for file in members.iterdir():
        file.replace(folder / file.name)
