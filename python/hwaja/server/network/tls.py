"""The server's TLS context, and the replacement of its certificate while the server runs."""

import ssl
from asyncio import sslproto
from collections.abc import Callable
from pathlib import Path

import structlog

from hwaja.privacy.ownership import changeable_by, is_readable_by_all
from hwaja.server.config import Config, ConfigError
from hwaja.server.network.certificate import (
    development_certificate,
    end_of,
    names_in,
)

CIPHERS_TLS_1_2 = ":".join(
    f"ECDHE-{signature}-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for signature in ("ECDSA", "RSA")
)
"""Mozilla's "intermediate" configuration (wiki.mozilla.org/Security/Server_Side_TLS) without its
finite-field DHE: forward secrecy and AEAD only. All cipher suites of TLS 1.3 have both."""

READ_BUFFER_BYTES = 32 * 1024
"""Read buffer of a TLS connection: larger than a TLS record; 1 s of audio."""

_log = structlog.get_logger("hwaja.server.network.tls")


class TlsError(Exception):
    """The certificate or key is invalid. The message gives the reason in one sentence."""


class ServerTls:
    """A server's TLS: one context for the process lifetime, always with the newest certificate."""

    def __init__(self, find_files: Callable[[], tuple[Path, Path]]) -> None:
        """Load the files that `find_files` returns: certificate chain and key, PEM.

        Raises:
            TlsError: where they are invalid; `find_files` may raise errors of its own.

        """
        self._find_files = find_files
        cert, key = find_files()
        self.context = self._newest = tls_context(cert, key)
        self.names = names_in(cert)
        """The subject names of the newest certificate."""
        self.expires = end_of(cert)
        """When the newest certificate expires; None where that cannot be read."""
        self.on_reload: Callable[[], None] = lambda: None
        """Called after each successful `reload`."""
        if is_readable_by_all(key):
            _log.warning("every user of this machine can read the key", file=str(key))
        self.context.sni_callback = self._choose

    def reload(self) -> None:
        """Load the certificate again; later handshakes present it.

        Raises:
            TlsError: where it is invalid; the earlier certificate stays in use. `find_files` may
                raise errors of its own.

        """
        cert, key = self._find_files()
        self._newest = tls_context(cert, key)
        self.names, self.expires = names_in(cert), end_of(cert)
        self.on_reload()

    def _choose(self, handshake: ssl.SSLObject, _name: str | None, _: ssl.SSLContext) -> None:
        """Present the newest certificate in a handshake, also without a server name (SNI).

        A certificate cannot be replaced within the context in use: an earlier certificate of
        another kind stays beside it (RSA beside ECDSA), and a failed load leaves the context
        without a key.
        """
        handshake.context = self._newest


def server_tls(config: Config) -> ServerTls | None:
    """Return the server's TLS; None where plain WebSocket is configured.

    Raises:
        ConfigError: where no certificate is configured, or a development certificate cannot be
            stored.
        TlsError: where the certificate or its key is invalid.

    """
    if config.plain_ws != "off":
        return None
    if config.cert is not None and config.key is not None:
        files = config.cert, config.key
        return ServerTls(lambda: files)
    if config.dev_cert:
        return ServerTls(lambda: _development_certificate(config.certificate_folder, config.lan))
    raise ConfigError("TLS needs --cert and --key. For a trial, --dev-cert makes a certificate.")


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a server context for TLS 1.2 or later (specification, security section).

    TLS session resumption is off. With tickets, an observer could link two connections of one
    client (TLS 1.2), and the secrecy of all connections would depend on one key while the server
    runs. For connections of minutes, resumption saves nothing that matters.

    Raises:
        TlsError: where a file cannot be read, or certificate and key do not belong together.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS_TLS_1_2)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.num_tickets = 0  # session tickets of TLS 1.3
    for path in (cert, key):
        _check(path)  # OpenSSL's error does not name the cause
    try:
        context.load_cert_chain(cert, key, password="")  # never ask for one on a terminal
    except (ssl.SSLError, OSError) as error:
        raise TlsError(f"{cert} and {key} are not a certificate and its private key.") from error
    return context


def keep_read_buffers_small() -> None:
    """Reduce the read buffer of all later TLS connections of this process.

    asyncio allocates 256 KiB for each connection before its first byte, and has no option for it.
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


def _development_certificate(folder: Path, lan: bool) -> tuple[Path, Path]:
    try:
        if folder.exists() and (fault := changeable_by(folder)):
            raise ConfigError(f"The folder {folder} {fault}: set another one with --data-dir.")
        return development_certificate(folder, lan=lan)
    except OSError as error:
        raise ConfigError(
            f"The development certificate cannot be saved in {folder}: {error.strerror}."
        ) from error
