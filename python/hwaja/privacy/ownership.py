"""Checks the owner and mode of files and folders: another user must not be able to change them.

sshd checks its files likewise. On a system without POSIX users, every check passes.
"""

import os
import stat
from pathlib import Path


def changeable_by(path: Path) -> str | None:
    """Return how other users can change `path`; None if only this user and root can.

    Links are followed. Write access for a group is allowed: it is the administrator's choice. So is
    a read-only mount with any owner: secrets of another user reach a container that way. In a
    folder with the sticky bit, other users can only add their own files, and each file's owner is
    checked on its own.

    Raises:
        OSError: if the file's status cannot be read.

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
    """Return whether the mode of a file lets every user of this machine read it.

    Raises:
        OSError: if the file's status cannot be read.

    """
    return hasattr(os, "geteuid") and bool(path.stat().st_mode & stat.S_IROTH)
