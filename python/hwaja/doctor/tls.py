"""The certificate that would be served with."""

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from hwaja.certificate import development_files, is_still_good, machine_names, subject_names
from hwaja.config import Config
from hwaja.doctor.findings import Finding
from hwaja.tls import TlsError, tls_context

WARN_DAYS = 30
"""Renewal by hand needs some time; that by machine happens earlier."""


def certificate(config: Config) -> Finding:
    """Look at the certificate; nothing is made.

    Raises:
        TlsError: where the files are missing or do not belong together.

    """
    if config.plain_ws != "off":
        return _plain(config.plain_ws)
    if config.cert is not None and config.key is not None:
        tls_context(config.cert, config.key)  # what the server does with it
        return judge(_read(config.cert), config.host, datetime.now(UTC))
    if config.dev_cert:
        return _development(config.data_dir, config.host)
    return Finding(
        "certificate",
        "warning",
        "None is configured, and without one the server does not start.",
        "Give --cert and --key; --dev-cert makes a certificate for trying things out.",
    )


def _plain(plain_ws: str) -> Finding:
    facts = {"plain_ws": plain_ws}
    if plain_ws == "loopback":
        sentence = "None is needed: without TLS the server is for a proxy on this machine."
        return Finding("certificate", "ok", sentence, "", facts)
    sentence = "None is used: the server will answer other machines without TLS."
    advice = "See that nobody but your proxy reaches its port."
    return Finding("certificate", "warning", sentence, advice, facts)


def _development(folder: Path, host: str) -> Finding:
    cert, key = development_files(folder)
    if not (key.is_file() and is_still_good(cert, machine_names())):
        sentence = f"A development certificate will be made in {folder} when the server starts"
        return Finding("certificate", "ok", sentence, "", {"development": True, "present": False})
    tls_context(cert, key)
    return judge(_read(cert), host, datetime.now(UTC))


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())  # the first one of a chain
    except (OSError, ValueError) as error:
        raise TlsError(f"The certificate {file} cannot be read.") from error


def judge(found: x509.Certificate, host: str, now: datetime) -> Finding:
    """Judge a certificate for a server that listens on `host`."""
    names = subject_names(found)
    days_left = (found.not_valid_after_utc - now).days
    # Names are told, addresses counted: a report is passed on.
    told = [name for name in names if not _is_address(name)]
    facts = {"names": told, "addresses": len(names) - len(told), "days_left": days_left}
    valid = f"valid for {days_left} more days"
    if now < found.not_valid_before_utc:
        sentence = f"It is valid only from {found.not_valid_before_utc.date()} on."
        return Finding("certificate", "failure", sentence, "Set the clock, or wait.", facts)
    if now > found.not_valid_after_utc:
        sentence = f"It expired on {found.not_valid_after_utc.date()}."
        return Finding("certificate", "failure", sentence, "Get a new one.", facts)
    if not covers(names, host):
        sentence = f"It does not name {host}, where the server listens; {valid}"
        advice = f"Clients reach it only by one of its names: {', '.join(told) or 'it has none'}."
        return Finding("certificate", "warning", sentence, advice, facts)
    if days_left < WARN_DAYS:
        return Finding("certificate", "warning", valid, "Renew it in time.", facts)
    return Finding("certificate", "ok", f"for {', '.join(told)}; {valid}", "", facts)


def covers(names: tuple[str, ...], host: str) -> bool:
    """Return whether a client that connects to `host` finds it in a certificate.

    A host that means every address stands for none of its own: any name will do.
    """
    if _is_address(host):
        address = ipaddress.ip_address(host)
        return bool(names) if address.is_unspecified else str(address) in names
    any_sibling = "*." + host.lower().partition(".")[2]
    return any(name.lower() in (host.lower(), any_sibling) for name in names)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
