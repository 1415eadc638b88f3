"""The server's side of TLS."""

import ssl
from pathlib import Path


class TlsError(Exception):
    """The certificate or key cannot be used. Says why in one sentence."""


def tls_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a server context for TLS 1.2 or later (specification, security section).

    Raises:
        TlsError: where a file is missing or they do not belong together.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in (cert, key):
        if not path.is_file():
            raise TlsError(f"The file {path} does not exist.")
    try:
        context.load_cert_chain(cert, key, password="")  # never ask for one on a terminal
    except (ssl.SSLError, OSError) as error:
        raise TlsError(f"{cert} and {key} are not a certificate and its key.") from error
    return context
