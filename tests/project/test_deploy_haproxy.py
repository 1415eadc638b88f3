"""The files for HAProxy in front of a fleet, read by HAProxy itself where it is installed.

`hwaja bench soak fleet` runs them (`test_soak.py`).
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from deployment import DEPLOY

from hwaja.server.config import Config
from hwaja.server.server import NOTICE_SECONDS
from hwaja_bench.balancer import PROGRAM, VARIANTS, configuration
from hwaja_bench.fleet import fleet
from hwaja_bench.nodes import Node

needs_haproxy = pytest.mark.skipif(PROGRAM is None, reason="haproxy is not installed here")


def text_of(variant: str) -> str:
    return (DEPLOY / "haproxy" / f"{variant}.cfg").read_text()


def seconds_of(text: str, name: str) -> float:
    """Return the value of a setting, such as `timeout connect 2s`."""
    number, unit = re.findall(rf"\b{name} (\d+)(ms|s|m)\b", text)[0]
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


@needs_haproxy
@pytest.mark.parametrize("variant", VARIANTS)
def test_haproxy_accepts_the_file_without_a_warning(
    variant: str, tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    assert PROGRAM is not None
    for own, name in zip(certificate, ("dev-cert.pem", "dev-key.pem"), strict=True):
        shutil.copy(own, tmp_path / name)
    nodes = [Node(tmp_path, name=name) for name in "ab"]
    file = tmp_path / "haproxy.cfg"
    file.write_text(configuration(tmp_path, nodes, variant, "127.0.0.1:8088"))
    command = [PROGRAM, "-c", "-f", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    said = done.stdout + done.stderr
    assert (done.returncode, "warning" in said.lower()) == (0, False), said


@pytest.mark.parametrize("variant", VARIANTS)
def test_both_backends_lead_to_the_same_nodes(variant: str) -> None:
    """One for clients, and one for what to say where all nodes are full."""
    servers = re.findall(r"^    server (\w+ [\d.:]+)$", text_of(variant), re.MULTILINE)
    half = len(servers) // 2
    assert servers[:half] == servers[half:]
    assert len(set(servers)) == half > 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_haproxy_waits_as_long_as_a_server_needs(variant: str) -> None:
    text, usual = text_of(variant), Config()
    silent = "timeout tunnel" if variant == "terminated" else "timeout client"
    assert seconds_of(text, silent) > 2 * usual.ping_seconds
    assert seconds_of(text, "hard-stop-after") > usual.max_session_seconds
    # A node that leaves still takes clients until HAProxy has asked it.
    assert seconds_of(text, "inter") + seconds_of(text, "timeout check") < NOTICE_SECONDS


@pytest.mark.parametrize("variant", VARIANTS)
def test_haproxy_writes_no_log(variant: str) -> None:
    """A request has an address, and its query may have a token."""
    lines = text_of(variant).splitlines()
    assert not [
        line for line in lines if re.match(r"\s*(log|option httplog|option tcplog)\b", line)
    ]


@needs_haproxy
def test_a_fleet_to_try_has_the_certificate_that_clients_trust_and_leaves_the_keys_alone(
    tmp_path: Path, certificate: tuple[Path, Path]
) -> None:
    for own, name in zip(certificate, ("dev-cert.pem", "dev-key.pem"), strict=True):
        shutil.copy(own, tmp_path / name)
    (tmp_path / "ticket-keys").write_text("kept")
    with fleet(1, folder=tmp_path) as running:
        assert running.cafile.read_bytes() == certificate[0].read_bytes()
    assert (tmp_path / "ticket-keys").read_text() == "kept"
