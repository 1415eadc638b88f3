"""The development certificate: self-signed, valid for localhost and this machine's names.

It is kept in a folder, so that each start of the server uses the same one.
"""

import ipaddress
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hwaja.server.config import development_files
from hwaja.server.http.origins import is_loopback

VALID_DAYS = 397
"""Safari and Chrome refuse server certificates that are valid for longer than 398 days."""

_RENEW_BEFORE = timedelta(days=7)


def development_certificate(folder: Path, *, lan: bool = False) -> tuple[Path, Path]:
    """Return the files of the certificate and the key in `folder`.

    Both files are created where they are absent, where the certificate has expired, and where it
    lacks one of the `development_names`. Otherwise they are unchanged, so that a browser that
    trusts the certificate continues to trust it.

    Raises:
        OSError: where the folder cannot be written.

    """
    cert_file, key_file = development_files(folder, lan=lan)
    names = development_names(lan=lan)
    if not (key_file.is_file() and is_still_good(cert_file, names)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = ec.generate_private_key(ec.SECP256R1())
        _write(key_file, _key_pem(key))
        _write(cert_file, _certificate(key, names).public_bytes(serialization.Encoding.PEM))
    return cert_file, key_file


def development_names(*, lan: bool) -> tuple[str, ...]:
    """Return the names of the development certificate; with `lan`, the network's addresses too."""
    return tuple(dict.fromkeys((*machine_names(), *(network_addresses() if lan else ()))))


def machine_names() -> tuple[str, ...]:
    """Return the names and addresses by which clients may reach this machine, localhost first."""
    names = ["localhost", "127.0.0.1", "::1"]
    host, local = own_names()
    # This asks the machine's own resolver. Without a resolver, only the short name is known.
    with suppress(OSError, UnicodeError):
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
        names += sorted(address.split("%")[0] for address in addresses)
    names += [host, local]
    # A certificate holds ASCII names only, but a machine's name can be 스튜디오.
    return tuple(dict.fromkeys(name for name in names if name and name.isascii()))


def network_addresses() -> tuple[str, ...]:
    """Return this machine's IPv4 addresses in its networks, that of the default route first."""
    found = [
        address.address
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family == socket.AF_INET and psutil.net_if_stats()[name].isup
    ]
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # chooses a route, and sends nothing
        found.insert(0, probe.getsockname()[0])
    return tuple(dict.fromkeys(each for each in found if not is_loopback(each)))


def own_names() -> tuple[str, str]:
    """Return this machine's host name, and its mDNS name in the local network (RFC 6762)."""
    host = socket.gethostname()
    return host, f"{host.split('.')[0]}.local"


def is_still_good(cert_file: Path, names: tuple[str, ...]) -> bool:
    """Return whether a certificate has these names and is not due for renewal."""
    certificate = _first_of(cert_file)
    if certificate is None:
        return False
    in_time = datetime.now(UTC) < certificate.not_valid_after_utc - _RENEW_BEFORE
    return in_time and set(names) <= set(subject_names(certificate))


def names_in(cert_file: Path) -> tuple[str, ...]:
    """Return the subject names and addresses of the first certificate in a file.

    Empty where the certificate has none, or where only OpenSSL can parse the file.
    """
    found = _first_of(cert_file)
    return () if found is None else subject_names(found)


def end_of(cert_file: Path) -> datetime | None:
    """Return when the first certificate in a file expires; None where it cannot be parsed."""
    found = _first_of(cert_file)
    return None if found is None else found.not_valid_after_utc


def _first_of(cert_file: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(cert_file.read_bytes())
    except (OSError, ValueError):
        return None


def subject_names(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the subject alternative names and addresses of a certificate; empty without any."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    held = extension.value
    addresses = (str(address) for address in held.get_values_for_type(x509.IPAddress))
    return (*held.get_values_for_type(x509.DNSName), *addresses)


def _certificate(key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hwaja development")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # for clients whose clocks are slow
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(file: Path, content: bytes) -> None:
    """Write a file atomically, readable for its owner only."""
    temporary = file.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    temporary.replace(file)
