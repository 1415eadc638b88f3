"""Models that need no conversion."""

import re
import shutil
from pathlib import Path

_PART = re.compile(r"(.+)\.(\d+)")


def convert(members: Path, folder: Path) -> None:
    """Move the files and subfolders of the folder `members` to `folder`.

    Names are unchanged, but parts of a file, "NAME.1", "NAME.2", ..., become the file "NAME".
    """
    parts = [(found, file) for file in members.iterdir() if (found := _PART.fullmatch(file.name))]
    for found, file in sorted(parts, key=lambda part: int(part[0][2])):
        with (folder / found[1]).open("ab") as whole, file.open("rb") as part:
            shutil.copyfileobj(part, whole)
        file.unlink()
    for file in members.iterdir():
        file.replace(folder / file.name)
