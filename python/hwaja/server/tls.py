"""The server's side of TLS, and how its certificate is replaced while it serves."""

import ssl
from asyncio import sslproto
from collections.abc import Callable
from pathlib import Path

import structlog

from hwaja.privacy.ownership import changeable_by, is_readable_by_all
from hwaja.server.certificate import development_certificate, end_of, names_in
from hwaja.server.config import Config, ConfigError

CIPHERS_TLS_1_2 = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
"""Mozilla's "intermediate" configuration (wiki.mozilla.org/Security/Server_Side_TLS) without its
finite-field DHE: forward secrecy and AEAD only. Those of TLS 1.3 are all of that kind."""

READ_BUFFER_BYTES = 32 * 1024
"""What is read of a connection at once: more than a whole record of TLS; 1 s of audio."""

_log = structlog.get_logger("hwaja.server.tls")


class TlsError(Exception):
    """The certificate or key cannot be used. Says why in one sentence."""


class ServerTls:
    """What a server speaks TLS with: one context for its whole life, the newest certificate."""

    def __init__(self, find_files: Callable[[], tuple[Path, Path]]) -> None:
        """Load what `find_files` returns: certificate chain and key, PEM.

        Raises:
            TlsError: where they cannot be used; `find_files` may raise errors of its own.

        """
        self._find_files = find_files
        cert, key = find_files()
        self.context = self._newest = tls_context(cert, key)
        self.names = names_in(cert)
        """What the newest certificate is for."""
        self.expires = end_of(cert)
        """When it ends; None where that cannot be read."""
        self.when_reloaded: Callable[[], None] = lambda: None
        """Called after each `reload` that found one to use."""
        if is_readable_by_all(key):
            _log.warning("every user of this machine can read the key", file=str(key))
        self.context.sni_callback = self._choose

    def reload(self) -> None:
        """Have handshakes from now on get the certificate that is there now.

        Raises:
            TlsError: where it cannot be used; the one before stays in use. `find_files` may raise
                errors of its own.

        """
        cert, key = self._find_files()
        self._newest = tls_context(cert, key)
        self.names, self.expires = names_in(cert), end_of(cert)
        self.when_reloaded()

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _: ssl.SSLContext) -> None:
        """Give a handshake the newest certificate, also where the client names no server.

        Loading it into the context in use would not do: a first certificate of another kind stays
        beside it (RSA beside ECDSA), and a second one that fails leaves it without a key.
        """
        handshake.context = self._newest


def server_tls(config: Config) -> ServerTls | None:
    """Return what to serve with; None where plain WebSocket was asked for.

    Raises:
        ConfigError: where no certificate is configured, or a development one cannot be kept.
        TlsError: where it cannot be used.

    """
    if config.plain_ws != "off":
        return None
    if config.cert is not None and config.key is not None:
        files = config.cert, config.key
        return ServerTls(lambda: files)
    if config.dev_cert:
        return ServerTls(lambda: _development_certificate(config.certificate_folder))
    raise ConfigError("TLS needs --cert and --key. For a trial, --dev-cert makes a certificate.")


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a server context for TLS 1.2 or later (specification, security section).

    No session is resumed: a ticket would let who watches tell that two connections are one
    client's (TLS 1.2), hang all secrecy on one key for as long as the server runs, and save
    nothing that matters to connections of minutes.

    Raises:
        TlsError: where a file cannot be read or they do not belong together.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_TLS_1_2)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.num_tickets = 0  # of TLS 1.3
    for path in (cert, key):
        _check(path)  # of which OpenSSL does not tell what is wrong
    try:
        context.load_cert_chain(cert, key, password="")  # never ask for one on a terminal
    except (ssl.SSLError, OSError) as error:
        raise TlsError(f"{cert} and {key} are not a certificate and its private key.") from error
    return context


def keep_read_buffers_small() -> None:
    """Have every TLS connection of this process that begins from now on read less at once.

    asyncio has a buffer of 256 KiB for each, from before its first byte, and no option for it.
    """
    sslproto.SSLProtocol.max_size = READ_BUFFER_BYTES


def _check(path: Path) -> None:
    try:
        path.open("rb").close()
        fault = changeable_by(path)
    except FileNotFoundError:
        raise TlsError(f"The file {path} does not exist.") from None
    except OSError as error:
        raise TlsError(f"The file {path} cannot be read: {error.strerror}.") from error
    if fault is not None:
        raise TlsError(f"The file {path} {fault}: see docs/deployment.md.")


def _development_certificate(folder: Path) -> tuple[Path, Path]:
    try:
        if folder.exists() and (fault := changeable_by(folder)):
            raise ConfigError(f"The folder {folder} {fault}: set another one with --data-dir.")
        return development_certificate(folder)
    except OSError as error:
        raise ConfigError(
            f"The development certificate cannot be saved in {folder}: {error.strerror}."
        ) from error
