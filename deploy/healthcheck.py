"""Asks the server on this machine whether it is alive: exit code 0 or 1.

It uses the configuration of the server: the environment, and the file that HWAJA_CONFIG names.
"""

import http.client
import os
import ssl
import sys
from pathlib import Path

from hwaja.server.config import Config
from hwaja.server.config_sources import load

TIMEOUT_SECONDS = 4
"""Less than the time-out of the container's health check."""


def lives(config: Config) -> bool:
    """Return whether `/healthz` is answered with 200."""
    everywhere = config.host in ("", "0.0.0.0", "::")  # noqa: S104
    host = "localhost" if everywhere else config.host
    if config.plain_ws == "off":
        # The connection stays on this machine, but the certificate has the name that clients use.
        tls = ssl.create_default_context()
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, config.port, timeout=TIMEOUT_SECONDS, context=tls
        )
    else:
        connection = http.client.HTTPConnection(host, config.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    file = os.environ.get("HWAJA_CONFIG")
    sys.exit(0 if lives(load({}, os.environ, Path(file) if file else None)) else 1)
