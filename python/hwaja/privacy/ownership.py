"""Whose a file or folder is: what another user can change is not to be relied on.

As sshd does with its files; where there are no POSIX users, nothing is found wrong.
"""

import os
import stat
from pathlib import Path


def changeable_by(path: Path) -> str | None:
    """Say how others can change what is at `path`, links followed; None: only this user and root.

    A group that may write is the administrator's choice. What is mounted read-only is too, whoever
    owns it: so do secrets of another user get into a container. In a folder with the sticky bit
    others can put files of their own only, whose owner is found when they are looked at.

    Raises:
        OSError: where it cannot be looked at.

    """
    if not hasattr(os, "geteuid"):
        return None
    found = path.stat()
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return None
    if found.st_uid not in (0, os.geteuid()):
        return f"belongs to another user (uid {found.st_uid})"
    is_sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_mode & stat.S_IWOTH and not is_sticky:
        return "can be written by everybody"
    return None


def is_readable_by_all(path: Path) -> bool:
    """Return whether every user of this machine can read a file, as far as its mode says.

    Raises:
        OSError: where it cannot be looked at.

    """
    return hasattr(os, "geteuid") and bool(path.stat().st_mode & stat.S_IROTH)
