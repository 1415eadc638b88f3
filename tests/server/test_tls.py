"""TLS: which versions and ciphers are spoken, and how a certificate is replaced, by handshakes."""

import ssl
from pathlib import Path

import pytest
from handshakes import client, issue, shake

from hwaja.server.network.tls import ServerTls, TlsError, tls_context

V = ssl.TLSVersion

INTERMEDIATE = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
}
"""What Mozilla's "intermediate" configuration lets TLS 1.2 use, without DHE."""

EVERYTHING = [
    str(cipher["name"])
    for cipher in client().get_ciphers()
    if not str(cipher["name"]).startswith("TLS_")  # those of TLS 1.3 are named so
]
"""Every cipher before TLS 1.3 that this OpenSSL could speak."""


@pytest.fixture(params=["rsa", "ecdsa"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> ssl.SSLContext:
    return tls_context(*issue(tmp_path, "server", kind=request.param))


@pytest.mark.parametrize("version", [V.TLSv1, V.TLSv1_1])
def test_old_tls_versions_are_refused(server: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    with pytest.raises(ssl.SSLError, match=r"UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE"):
        shake(server, client(version=version))


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_new_tls_versions_are_accepted_without_compression(
    server: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    shaken = shake(server, client(version=version))
    assert shaken.client.version() == version.name.replace("_", ".")
    assert shaken.client.compression() is None


def test_only_ciphers_with_forward_secrecy_and_aead_are_accepted(
    tmp_path: Path,
) -> None:
    """CBC, RSA key exchange, DHE, CCM, those without a certificate or encryption: all refused."""
    assert {"AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256"} < set(EVERYTHING)
    spoken = set()
    for kind in ("rsa", "ecdsa"):
        server = tls_context(*issue(tmp_path, "server", kind=kind))
        for cipher in EVERYTHING:
            try:
                spoken.add(shake(server, client(version=V.TLSv1_2, ciphers=cipher)).cipher)
            except ssl.SSLError:
                continue
    assert spoken == INTERMEDIATE


@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
def test_no_tls_session_is_resumed_so_that_connections_cannot_be_linked(
    server: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    """With tickets enabled the same client is resumed, so the test can fail."""
    asking = client(version=version)

    def again() -> tuple[bool, bool | None]:
        session = shake(server, asking).client.session
        assert session is not None
        return session.has_ticket, shake(server, asking, session=session).client.session_reused

    assert again() == (False, False)
    server.options &= ~ssl.OP_NO_TICKET
    server.num_tickets = 2
    assert again() == (True, True)


def test_a_client_cannot_renegotiate_keys(server: ssl.SSLContext) -> None:
    """Python's client cannot request it, so only the option is checked."""
    assert server.options & ssl.OP_NO_RENEGOTIATION


def test_an_unreadable_file_is_named_with_the_reason(tmp_path: Path) -> None:
    """The usual reason is missing rights, which a test as root cannot show."""
    cert, key = issue(tmp_path, "server")
    loop = tmp_path / "loop.pem"
    loop.symlink_to(loop)
    for files, reason in (
        ((tmp_path, key), "Is a directory"),
        ((cert, loop), "Too many levels of symbolic links"),
    ):
        with pytest.raises(TlsError, match=rf"^The file \S+ cannot be read: {reason}\.$"):
            tls_context(*files)


# A new certificate ----------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("rsa", "rsa"), ("rsa", "ecdsa"), ("ecdsa", "rsa")])
@pytest.mark.parametrize("version", [V.TLSv1_2, V.TLSv1_3])
@pytest.mark.parametrize("host", ["localhost", None])
def test_after_a_reload_every_handshake_gets_the_new_certificate(
    kinds: tuple[str, str], version: ssl.TLSVersion, host: str | None, tmp_path: Path
) -> None:
    """This includes clients that prefer the old key type or send no server name."""
    files = issue(tmp_path, "old", kind=kinds[0])
    tls = ServerTls(lambda: files)
    asking = client(version=version)
    before = shake(tls.context, asking, host=host)
    assert before.name == "old"
    issue(tmp_path, "new", kind=kinds[1])
    assert shake(tls.context, asking, host=host).name == "old"  # not before it is told to
    tls.reload()
    assert shake(tls.context, asking, host=host).name == "new"
    before.server.write(b"still here")
    assert before.client.read() == b"still here"
    if kinds == ("rsa", "ecdsa"):
        with pytest.raises(ssl.SSLError):
            shake(tls.context, client(version=V.TLSv1_2, ciphers="aRSA"), host=host)


@pytest.mark.parametrize("broken", ["absent", "junk", "another's key"])
def test_an_unusable_new_certificate_leaves_the_old_one_in_use(broken: str, tmp_path: Path) -> None:
    files = issue(tmp_path, "old", kind="rsa")
    tls = ServerTls(lambda: files)
    key = files[1].read_bytes()
    issue(tmp_path, "new", kind="rsa")
    if broken == "absent":
        files[1].unlink()
    else:
        files[1].write_bytes(key if broken == "another's key" else b"no key")
    with pytest.raises(TlsError, match=r"^[^\n]+\.$"):
        tls.reload()
    for version in (V.TLSv1_2, V.TLSv1_3):
        assert shake(tls.context, client(version=version)).name == "old"
    issue(tmp_path, "new", kind="rsa")
    tls.reload()
    assert shake(tls.context, client()).name == "new"


def test_the_new_certificate_is_served_with_the_same_settings(tmp_path: Path) -> None:
    files = issue(tmp_path, "old")
    tls = ServerTls(lambda: files)
    tls.reload()
    with pytest.raises(ssl.SSLError):
        shake(tls.context, client(version=V.TLSv1_1))
    with pytest.raises(ssl.SSLError):
        shake(tls.context, client(version=V.TLSv1_2, ciphers="ECDHE-ECDSA-AES128-SHA"))
    asking = client(version=V.TLSv1_3)
    session = shake(tls.context, asking).client.session
    assert not shake(tls.context, asking, session=session).client.session_reused
