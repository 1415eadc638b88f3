"""The client's side of TLS."""

import ssl
from pathlib import Path

from hwaja.client.errors import ClientError


def client_tls(trusted: Path | None, *, verify: bool = True) -> ssl.SSLContext:
    """Return a client context.

    Args:
        trusted: a certificate to trust beside the system's, PEM; a missing file is passed over.
        verify: False accepts any certificate.

    Raises:
        ClientError: where the file is there but holds no certificate.

    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trusted is not None and trusted.is_file():
        try:
            context.load_verify_locations(trusted)
        except ssl.SSLError as error:
            raise ClientError(f"{trusted} holds no certificate.") from error
    return context
