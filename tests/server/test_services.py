"""The services of a server, real and fake."""

import inspect
from collections.abc import Iterable

import pytest
from fakes import FakeConnection, FakePool, FakeRunner

from hwaja.server.sessions.connection import Connection
from hwaja.server.sessions.session_registry import SeatedConnection, SeatedSession
from hwaja.server.sessions.session_runner import SessionRunner
from hwaja.workers.interim_streams import InterimStreams
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool
from hwaja.workers.shared_workers import SessionInterimStreams, SessionInterimWorker, SessionPool


def methods_of(protocol: type) -> Iterable[str]:
    return [
        name
        for name, member in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    ]


@pytest.mark.parametrize(
    ("protocol", "fake", "real"),
    [
        (SessionPool, FakePool, Pool),
        (SessionInterimWorker, FakePool, InterimWorker),
        (SessionInterimStreams, FakePool, InterimStreams),
        (SeatedSession, FakeRunner, SessionRunner),
        (SeatedConnection, FakeConnection, Connection),
    ],
    ids=lambda kind: kind.__name__,
)
def test_a_fake_takes_every_call_that_the_real_one_takes(
    protocol: type, fake: type, real: type
) -> None:
    assert methods_of(protocol)
    for name in methods_of(protocol):
        taken = list(inspect.signature(getattr(fake, name)).parameters)
        assert taken[: len(inspect.signature(getattr(real, name)).parameters)] == list(
            inspect.signature(getattr(real, name)).parameters
        ), name
