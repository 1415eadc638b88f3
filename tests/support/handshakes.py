"""TLS handshakes in memory, and certificates of either kind to make them with."""

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

Files = tuple[Path, Path]


def issue(folder: Path, name: str, *hosts: str, kind: str = "ecdsa") -> Files:
    """A certificate for localhost and other hosts that is called `name`, and its key."""
    key = ec.generate_private_key(ec.SECP256R1()) if kind == "ecdsa" else rsa_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(host) for host in ("localhost", *hosts)]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "cert.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files[1].chmod(0o600)
    return files


def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def name_in(der: bytes | None) -> str:
    """What a certificate is called."""
    assert der is not None
    (name,) = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(
        NameOID.COMMON_NAME
    )
    return str(name.value)


def client(
    *, version: ssl.TLSVersion | None = None, ciphers: str = "ALL:COMPLEMENTOFALL"
) -> ssl.SSLContext:
    """A client with every version and cipher of OpenSSL, or only the named ones."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = version or ssl.TLSVersion.TLSv1
        context.maximum_version = version or ssl.TLSVersion.MAXIMUM_SUPPORTED
    return context


@dataclass(frozen=True)
class Shaken:
    """Both ends of an established connection."""

    client: ssl.SSLObject
    server: ssl.SSLObject

    @property
    def name(self) -> str:
        """What the server's certificate is called."""
        return name_in(self.client.getpeercert(binary_form=True))

    @property
    def cipher(self) -> str:
        found = self.client.cipher()
        assert found is not None
        return found[0]


def shake(
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    *,
    host: str | None = "localhost",
    session: ssl.SSLSession | None = None,
) -> Shaken:
    """Connect the two.

    Raises:
        ssl.SSLError: of either end, where it refuses.

    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server, server_hostname=host, session=session)
    for side in (theirs, ours) * 3:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    # What a server sends behind the handshake, as tickets, is read with the first data.
    ours.write(b"welcome")
    assert theirs.read() == b"welcome"
    return Shaken(theirs, ours)
