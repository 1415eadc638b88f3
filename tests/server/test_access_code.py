"""The access code of `--lan`: it lets clients in, and cannot be guessed."""

import asyncio
from pathlib import Path
from ssl import create_default_context

import pytest
from loopback import Serve
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hwaja.server.access.access_code import AccessCode, new_access_code
from hwaja.server.access.access_policy import AccessPolicy
from hwaja.server.access.bearer import digest_of
from hwaja.server.config import Config
from hwaja.server.network import certificate as certificate_module
from hwaja.server.network.certificate import development_certificate, names_in, network_addresses
from hwaja.server.network.tls import server_tls


def among(code: AccessCode, presented: str) -> bool:
    return bool(code.among([digest_of(presented)]))


def test_codes_differ_and_can_be_sent_by_every_client() -> None:
    codes = {new_access_code() for _ in range(100)}
    assert len(codes) == 100
    assert all([len(part) for part in code.split("-")] == [4, 4, 4] for code in codes)
    assert not set("ilo01") & set("".join(codes))


def test_only_the_code_lets_in() -> None:
    code = AccessCode("k3fp-9xwd-m7qh")
    assert among(code, "k3fp-9xwd-m7qh")
    assert not among(code, "k3fp-9xwd-m7qk")
    assert not code.among([])


def test_no_number_of_wrong_codes_shuts_out_the_right_one() -> None:
    code = AccessCode("k3fp-9xwd-m7qh")
    for guess in range(1000):
        assert not among(code, f"guess-{guess}")
    assert among(code, "k3fp-9xwd-m7qh")


def test_a_code_is_too_long_to_guess_by_requests_that_bring_many() -> None:
    characters = set("".join(new_access_code() for _ in range(1000))) - {"-"}
    codes = len(characters) ** len(new_access_code().replace("-", ""))
    guesses_per_second = 1000 * 128  # requests, and header lines of each
    assert codes / 2 / guesses_per_second > 10_000 * 365 * 86_400


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
async def test_a_client_connects_with_the_code_and_not_without(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    tls = create_default_context(cafile=str(certificate[0]))
    async with serve(policy=AccessPolicy(AccessCode("k3fp-9xwd-m7qh"))) as endpoint:
        for wrong in ([], ["hwaja", "hwaja.bearer.k3fp-9xwd-m7qk"]):
            with pytest.raises(InvalidStatus):
                await connect(endpoint.url, ssl=tls, subprotocols=wrong)
        offered = ["hwaja", "hwaja.bearer.k3fp-9xwd-m7qh"]
        async with connect(endpoint.url, ssl=tls, subprotocols=offered) as client:
            async with asyncio.timeout(10):
                assert "model_loaded" in str(await client.recv())


def test_the_certificate_names_the_addresses_of_the_network(tmp_path: Path) -> None:
    addresses = network_addresses()
    cert, _ = development_certificate(tmp_path, lan=True)
    assert set(addresses) <= set(names_in(cert))


def test_a_server_for_the_network_leaves_the_certificate_of_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients trust the file of a server that already runs."""
    monkeypatch.setattr(certificate_module, "network_addresses", lambda: ("192.0.2.77",))
    trusted = development_certificate(tmp_path)
    before = [file.read_bytes() for file in trusted]
    tls = server_tls(Config(lan=True, dev_cert=True, data_dir=tmp_path))
    assert tls is not None
    assert "192.0.2.77" in tls.names
    assert [file.read_bytes() for file in trusted] == before
