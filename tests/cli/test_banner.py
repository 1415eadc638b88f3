"""What `hwaja serve` prints when it takes clients, and what the README shows of it."""

import re
from pathlib import Path

import pytest
import segno
from pages import ROOT

from hwaja.cli.banner import ready
from hwaja.language import Language
from hwaja.server.application import Serving
from hwaja.server.config import Config
from hwaja.server.config_sources import load

SERVING = Serving("localhost", 8088, has_tls=True, provider="cpu")


@pytest.mark.parametrize(("page", "language"), [("README.md", "en"), ("README.ko.md", "ko")])
def test_the_readme_shows_what_the_server_prints(
    page: str, language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    folder = Path("/home/someone/.local/share/hwaja")
    printed = ready(Config(dev_cert=True, workers=2, data_dir=folder), SERVING, language)
    version = re.compile(r"^hwaja \S+", re.MULTILINE)
    readme = (ROOT / page).read_text(encoding="utf-8")
    assert f"\n```\n{version.sub('hwaja 1.0', printed)}\n```\n" in readme


def test_the_page_of_a_server_that_listens_everywhere_is_that_of_this_machine() -> None:
    everywhere = Serving("0.0.0.0", 8443, has_tls=True, provider="cpu")  # noqa: S104
    text = ready(Config(host="0.0.0.0", port=8443, cert=Path("a"), key=Path("b")), everywhere, "en")  # noqa: S104
    assert "https://localhost:8443/" in text


def test_a_server_behind_a_proxy_does_not_send_anybody_to_its_own_port() -> None:
    plain = Serving("localhost", 8088, has_tls=False, provider="cpu")
    text = ready(Config(plain_ws="loopback"), plain, "en")
    assert "ws://localhost:8088" in text
    assert "http" not in text
    assert "proxy" in text


def test_phones_are_led_to_an_address_of_this_machine_with_the_access_code() -> None:
    serving = Serving("0.0.0.0", 8088, has_tls=True, provider="cpu", access_code="k3fp-9xwd-m7qh")  # noqa: S104
    text = ready(load({"lan": True}, {}, None), serving, "en")
    (address,) = re.findall(r"^  Phones +(https://\S+:8088/)$", text, re.MULTILINE)
    assert address != "https://localhost:8088/"
    assert re.search(r"^  Access code +k3fp-9xwd-m7qh$", text, re.MULTILINE)
    code = segno.make(f"{address}#code=k3fp-9xwd-m7qh", micro=False)
    drawn = [line for line in text.splitlines() if line and set(line) <= set("█▀▄ ")]
    assert len(drawn) == -(-(code.symbol_size(border=2)[1]) // 2)


def test_no_number_of_people_is_promised_for_a_model_that_was_not_measured() -> None:
    config = Config(dev_cert=True, asr_model="whisper-small")
    assert "about" not in ready(config, SERVING, "en")
