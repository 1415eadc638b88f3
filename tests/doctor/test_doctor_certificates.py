"""The checks of `hwaja doctor` on the certificate."""

from pathlib import Path

import pytest
from certificates import issued
from doctor_says import advice, sentence

from hwaja.doctor.certificates import certificate, covers
from hwaja.doctor.findings import Finding
from hwaja.server.config import Config
from hwaja.server.network.certificate import development_certificate
from hwaja.server.network.tls import TlsError


def judged(files: tuple[Path, Path], host: str = "localhost") -> Finding:
    return certificate(Config(cert=files[0], key=files[1], host=host))


def test_a_certificate_for_the_host_is_reported_with_its_names_and_days(tmp_path: Path) -> None:
    found = judged(issued(tmp_path, ["localhost", "talk.example", "192.0.2.7"]))
    assert (found.state, advice(found)) == ("ok", "")
    assert found.facts == {
        "names": ["localhost", "talk.example"],
        "addresses": 1,
        "days_left": 90,
    }
    assert "192.0.2.7" not in sentence(found)  # a report is passed on


def test_a_certificate_that_expires_soon_is_a_warning(tmp_path: Path) -> None:
    assert judged(issued(tmp_path, days=30)).state == "ok"
    found = judged(issued(tmp_path, days=29))
    assert (found.state, found.facts["days_left"]) == ("warning", 29)
    assert advice(found)


def test_a_certificate_that_is_expired_or_not_valid_yet_is_a_failure(tmp_path: Path) -> None:
    found = judged(issued(tmp_path, days=-2))
    assert found.state == "failure"
    assert "expired" in sentence(found)
    found = judged(issued(tmp_path, begins_in=3))
    assert found.state == "failure"
    assert "only from" in sentence(found)


@pytest.mark.parametrize("names", [["talk.example"], []])
def test_a_certificate_without_the_host_name_is_a_warning(tmp_path: Path, names: list[str]) -> None:
    found = judged(issued(tmp_path, names))
    assert found.state == "warning"
    assert "localhost" in sentence(found)


@pytest.mark.parametrize(
    ("names", "host", "named"),
    [
        (("talk.example",), "TALK.example", True),
        (("*.example",), "talk.example", True),
        (("*.example",), "example", False),
        (("*.example",), "my.talk.example", False),
        (("localhost",), "127.0.0.1", False),
        (("127.0.0.1",), "127.0.0.1", True),
        (("::1",), "0:0:0:0:0:0:0:1", True),
        (("talk.example",), "0.0.0.0", True),  # noqa: S104  # every address: any name will do
        ((), "::", False),
    ],
)
def test_a_name_matches_a_certificate_as_clients_match_it(
    names: tuple[str, ...], host: str, named: bool
) -> None:
    assert covers(names, host) is named


def test_files_that_are_missing_or_do_not_belong_together_are_refused(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    cert_file, key_file = issued(tmp_path)
    with pytest.raises(TlsError, match="does not exist"):
        judged((cert_file, tmp_path / "absent.pem"))
    with pytest.raises(TlsError, match="not a certificate and its private key"):
        judged((cert_file, certificate[1]))
    with pytest.raises(TlsError, match="not a certificate and its private key"):
        judged((key_file, key_file))


def test_without_a_certificate_the_report_says_how_to_get_one() -> None:
    found = certificate(Config())
    assert found.state == "warning"
    assert all(flag in advice(found) for flag in ("--cert", "--key", "--dev-cert"))


def test_a_development_certificate_is_checked_and_not_created(tmp_path: Path) -> None:
    config = Config(dev_cert=True, data_dir=tmp_path / "data")
    found = certificate(config)
    assert (found.state, found.facts["present"]) == ("ok", False)
    assert not (tmp_path / "data").exists()
    development_certificate(tmp_path / "data")
    found = certificate(config)
    assert found.state == "ok"
    assert "localhost" in found.facts["names"]
    assert found.facts["days_left"] > 300


def test_a_server_without_tls_is_a_warning_if_other_machines_reach_it() -> None:
    found = certificate(Config(plain_ws="loopback"))
    assert (found.state, found.facts) == ("ok", {"plain_ws": "loopback"})
    found = certificate(Config(plain_ws="anywhere", host="0.0.0.0"))  # noqa: S104
    assert found.state == "warning"
    assert advice(found)
