"""The development certificate: made once, kept, renewed when it must be."""

import socket
import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from hwaja.server.network import certificate
from hwaja.server.network.certificate import VALID_DAYS, development_certificate, machine_names


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the machine a host name and an address."""
    rename(monkeypatch, "studio")


def rename(monkeypatch: pytest.MonkeyPatch, host: str, address: str = "192.0.2.7") -> None:
    entry = (socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 0))
    monkeypatch.setattr(socket, "gethostname", lambda: host)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: [entry])


def read(file: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(file.read_bytes())


def alternative_names(file: Path) -> x509.SubjectAlternativeName:
    return read(file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def set_clock(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return now

    monkeypatch.setattr(certificate, "datetime", Clock)


def test_the_certificate_contains_localhost_and_the_names_of_this_machine(tmp_path: Path) -> None:
    cert_file, _ = development_certificate(tmp_path)
    held = alternative_names(cert_file)
    assert held.get_values_for_type(x509.DNSName) == ["localhost", "studio", "studio.local"]
    assert held.get_values_for_type(x509.IPAddress) == [
        ip_address("127.0.0.1"),
        ip_address("::1"),
        ip_address("192.0.2.7"),
    ]


def test_the_certificate_and_its_key_match_and_serve_tls(tmp_path: Path) -> None:
    cert_file, key_file = development_certificate(tmp_path / "new" / "folder")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file)
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    assert key.public_key() == read(cert_file).public_key()


def test_the_certificate_is_valid_no_longer_than_browsers_accept(tmp_path: Path) -> None:
    held = read(development_certificate(tmp_path)[0])
    assert held.not_valid_before_utc < datetime.now(UTC) < held.not_valid_after_utc
    assert held.not_valid_after_utc - held.not_valid_before_utc < timedelta(days=398)


@pytest.mark.parametrize("strictness", [0, ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN])
def test_a_client_that_trusts_the_certificate_connects_to_localhost(
    tmp_path: Path, strictness: int
) -> None:
    """A real handshake in memory, by OpenSSL's rules and to the letter of RFC 5280, which is
    what Python 3.13 asks for by default."""
    cert_file, key_file = development_certificate(tmp_path)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(cert_file, key_file)
    client_context = ssl.create_default_context(cafile=str(cert_file))
    client_context.verify_flags |= strictness
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == server.version() == "TLSv1.3"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX file modes")
def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    _, key_file = development_certificate(folder)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_only_the_two_files_are_left_behind(tmp_path: Path) -> None:
    files = development_certificate(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_a_valid_certificate_is_kept(tmp_path: Path) -> None:
    """A browser that trusts the certificate continues to trust it."""
    files = development_certificate(tmp_path)
    before = [file.read_bytes() for file in files]
    assert development_certificate(tmp_path) == files
    assert [file.read_bytes() for file in files] == before


def serial_after(folder: Path) -> int:
    cert_file, key_file = development_certificate(folder)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file)
    return read(cert_file).serial_number


def test_a_new_name_renews_the_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = serial_after(tmp_path)
    rename(monkeypatch, "kitchen")
    assert serial_after(tmp_path) != before
    held = alternative_names(tmp_path / "dev-cert.pem")
    assert "kitchen" in held.get_values_for_type(x509.DNSName)


def test_a_new_address_renews_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = serial_after(tmp_path)
    rename(monkeypatch, "studio", "192.0.2.8")
    assert serial_after(tmp_path) != before


def test_a_certificate_is_renewed_in_its_last_week_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_at = datetime.now(UTC)
    before = serial_after(tmp_path)
    set_clock(monkeypatch, made_at + timedelta(days=VALID_DAYS - 8))
    assert serial_after(tmp_path) == before
    set_clock(monkeypatch, made_at + timedelta(days=VALID_DAYS - 6))
    assert serial_after(tmp_path) != before


def test_a_missing_key_renews_both(tmp_path: Path) -> None:
    before = serial_after(tmp_path)
    (tmp_path / "dev-key.pem").unlink()
    assert serial_after(tmp_path) != before


@pytest.mark.parametrize("content", [b"", b"not a certificate"])
def test_a_broken_certificate_is_renewed(tmp_path: Path, content: bytes) -> None:
    before = serial_after(tmp_path)
    (tmp_path / "dev-cert.pem").write_bytes(content)
    assert serial_after(tmp_path) != before


def test_a_certificate_that_names_no_host_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = serial_after(tmp_path)
    held = read(tmp_path / "dev-cert.pem")
    key = serialization.load_pem_private_key((tmp_path / "dev-key.pem").read_bytes(), password=None)
    bare = (
        x509.CertificateBuilder(held.issuer, held.subject, held.public_key(), before)
        .not_valid_before(held.not_valid_before_utc)
        .not_valid_after(held.not_valid_after_utc)
        .sign(key, held.signature_hash_algorithm)  # type: ignore[arg-type]
    )
    (tmp_path / "dev-cert.pem").write_bytes(bare.public_bytes(serialization.Encoding.PEM))
    assert serial_after(tmp_path) != before


def test_remains_of_an_interrupted_run_are_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "dev-key.tmp").write_bytes(b"half a key")
    serial_after(tmp_path)
    assert not (tmp_path / "dev-key.tmp").exists()


def test_a_folder_that_cannot_be_created_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        development_certificate(tmp_path / "file" / "folder")


@pytest.mark.parametrize("failure", [socket.gaierror("no resolver"), UnicodeError("too long")])
def test_a_machine_that_cannot_resolve_its_name_still_has_a_certificate(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_resolver(*_: object) -> None:
        raise failure

    monkeypatch.setattr(socket, "gethostname", lambda: "studio.example.org")
    monkeypatch.setattr(socket, "getaddrinfo", no_resolver)
    assert machine_names() == (
        "localhost",
        "127.0.0.1",
        "::1",
        "studio.example.org",
        "studio.local",
    )


def test_each_name_is_listed_once_and_without_its_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    rename(monkeypatch, "localhost", "fe80::1%eth0")
    assert machine_names() == ("localhost", "127.0.0.1", "::1", "fe80::1", "localhost.local")


def test_a_host_name_that_a_certificate_cannot_contain_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Host names outside ASCII exist; the other names still serve."""
    rename(monkeypatch, "스튜디오")
    cert_file, _ = development_certificate(tmp_path)
    assert "localhost" in alternative_names(cert_file).get_values_for_type(x509.DNSName)
    before = read(cert_file).serial_number
    assert serial_after(tmp_path) == before
