"""The keys that seal voice tickets and client tokens: those of a file, or one that is created."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

import structlog

from hwaja.privacy.ownership import changeable_by, is_readable_by_all
from hwaja.privacy.sealing import SECRET_BYTES, KeyRing
from hwaja.server.config import ConfigError

OWN_FILE = "ticket-keys"
"""In the data folder."""

_log = structlog.get_logger("hwaja.server.access.sealing_keys")


class SealingKeys:
    """The keys of a file, or of the data folder, where a key is created when it is first needed.

    If that folder cannot be used, the key is in memory only. What it sealed cannot be opened after
    the server has stopped.
    """

    def __init__(self, file: Path | None, folder: Path | None) -> None:
        """Read `file`; without one, use the data folder `folder`. None: this user has none.

        Raises:
            ConfigError: if the file cannot be read or has an invalid line.

        """
        self._file = file
        self._folder = folder
        self._ring = None if file is None else read_ring(file)

    @property
    def ring(self) -> KeyRing:
        """The current keys."""
        if self._ring is None:
            self._ring = self._own_ring()
        return self._ring

    def reload(self) -> None:
        """Read the file again. A key of the data folder whose file is gone is replaced when needed.

        Raises:
            ConfigError: if the file cannot be read or has an invalid line; the keys are unchanged.

        """
        if self._file is not None:
            self._ring = read_ring(self._file)
        elif self._folder is not None:
            file = self._folder / OWN_FILE
            self._ring = read_ring(file) if file.exists() else None

    def _own_ring(self) -> KeyRing:
        try:
            if self._folder is None:
                raise ConfigError("This user has no data folder.")  # noqa: TRY301
            file = self._folder / OWN_FILE
            if not file.exists():
                _create(file)
            return read_ring(file)
        except (OSError, ConfigError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            _log.warning("tickets are good until the server stops", reason=reason)
            return KeyRing.random()


def read_ring(file: Path) -> KeyRing:
    """Return the keys of a file. Each line holds one, in hexadecimal digits.

    Empty lines and lines that begin with # are skipped.

    Raises:
        ConfigError: where the file cannot be read, has an invalid line, or has no key.

    """
    try:
        if fault := changeable_by(file):
            raise ConfigError(f"{file} {fault} and is not safe to use: see docs/deployment.md.")
        if is_readable_by_all(file):
            _log.warning("every user of this machine can read the ticket keys", file=str(file))
        lines = file.read_text(encoding="ascii", errors="replace").split("\n")
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        return KeyRing(map(bytes.fromhex, keys))
    except ValueError:
        raise ConfigError(
            f"{file} must contain only keys, one per line, each of {2 * SECRET_BYTES} hexadecimal "
            "digits; `openssl rand -hex 32` makes a key."
        ) from None


def _create(file: Path) -> None:
    """Write a file with a new key, readable for its owner only, unless another server just did.

    Raises:
        OSError: where the folder cannot be written.

    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(f"{secrets.token_hex(SECRET_BYTES)}\n")
        with suppress(FileExistsError):
            file.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
