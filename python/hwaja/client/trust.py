"""The TLS settings of a client."""

import ssl
from os import PathLike

from hwaja.client.errors import ClientError


def client_tls(trusted: str | PathLike[str] | None, *, verify: bool = True) -> ssl.SSLContext:
    """Return a TLS context for a client.

    Args:
        trusted: PEM file with a certificate to trust, in addition to the system's.
        verify: False accepts any certificate, and reads no file.

    Raises:
        ClientError: if the file cannot be read or holds no certificate.

    """
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif trusted is not None:
        try:
            context.load_verify_locations(trusted)
        except ssl.SSLError as error:
            raise ClientError(f"{trusted} holds no certificate.") from error
        except OSError as error:
            raise ClientError(f"{trusted} cannot be read: {error.strerror}.") from error
    return context
