"""Checks the certificate that the server would use."""

import ipaddress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.server.config import Config, development_files
from hwaja.server.network.certificate import development_names, is_still_good, subject_names
from hwaja.server.network.certificate_expiry import WARN_DAYS
from hwaja.server.network.tls import TlsError, tls_context


def certificate(config: Config) -> Finding:
    """Check the certificate; create no files.

    Raises:
        TlsError: where a file is missing, or certificate and key do not belong together.
        ConfigError: where there is no folder for a development certificate.

    """
    if config.plain_ws != "off":
        return _plain(config.plain_ws)
    if config.cert is not None and config.key is not None:
        tls_context(config.cert, config.key)  # as the server loads it
        return judge(_read(config.cert), config.host, datetime.now(UTC))
    if config.dev_cert:
        return _development(config.certificate_folder, config)
    sentence, advice = phrase("certificate.none"), phrase("certificate.none.do")
    return Finding("certificate", "warning", sentence, advice)


def _plain(plain_ws: str) -> Finding:
    facts = {"plain_ws": plain_ws}
    if plain_ws == "loopback":
        return Finding("certificate", "ok", phrase("certificate.loopback"), facts=facts)
    sentence, advice = phrase("certificate.anywhere"), phrase("certificate.anywhere.do")
    return Finding("certificate", "warning", sentence, advice, facts)


def _development(folder: Path, config: Config) -> Finding:
    cert, key = development_files(folder, lan=config.lan)
    if not (key.is_file() and is_still_good(cert, development_names(lan=config.lan))):
        sentence = phrase("certificate.development", folder=folder)
        facts = {"development": True, "present": False}
        return Finding("certificate", "ok", sentence, facts=facts)
    tls_context(cert, key)
    return judge(_read(cert), config.host, datetime.now(UTC))


def _read(file: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())  # the first certificate of a chain
    except (OSError, ValueError) as error:
        raise TlsError(f"The certificate {file} cannot be read.") from error


def judge(found: x509.Certificate, host: str, now: datetime) -> Finding:
    """Judge a certificate for a server that listens on `host`."""
    names = subject_names(found)
    days_left = (found.not_valid_after_utc - now).days
    # The report shows names, but only the number of addresses, since users pass reports on.
    told = [name for name in names if not _is_address(name)]
    facts = {"names": told, "addresses": len(names) - len(told), "days_left": days_left}
    if now < found.not_valid_before_utc:
        sentence = phrase("certificate.early", begins=found.not_valid_before_utc.date())
        return Finding("certificate", "failure", sentence, phrase("certificate.early.do"), facts)
    if now > found.not_valid_after_utc:
        sentence = phrase("certificate.expired", ended=found.not_valid_after_utc.date())
        return Finding("certificate", "failure", sentence, phrase("certificate.expired.do"), facts)
    listed = ", ".join(told)
    if not covers(names, host):
        sentence = phrase("certificate.unnamed", host=host, days=days_left)
        key = "certificate.unnamed.do" if told else "certificate.nameless.do"
        return Finding("certificate", "warning", sentence, phrase(key, names=listed), facts)
    if days_left < WARN_DAYS[0]:
        sentence = phrase("certificate.ending", days=days_left)
        return Finding("certificate", "warning", sentence, phrase("certificate.ending.do"), facts)
    sentence = phrase("certificate", names=listed, days=days_left)
    return Finding("certificate", "ok", sentence, facts=facts)


def covers(names: tuple[str, ...], host: str) -> bool:
    """Return whether a certificate with `names` is valid for a client that connects to `host`.

    A `host` that means every address has no name of its own, so any name is valid.
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
