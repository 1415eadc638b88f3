"""Changes of the wall clock during a session: by a day, by ten years, and back."""

import ast
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import clips
import pytest
from fakes import FakePool
from loopback import Message, Serve

import hwaja
from hwaja.server.sessions import intake

PACKAGE = Path(hwaja.__file__).parent

WALL_CLOCK = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}

WHO_MAY_ASK = {
    "doctor/certificates.py": "when a certificate begins and ends",
    "models/importing.py": "when a model was imported",
    "models/pulling.py": "when a model was pulled",
    "server/network/certificate.py": "when a certificate begins and ends",
    "server/network/certificate_expiry.py": "when a certificate ends",
    "server/access/client_tokens.py": "when a client token ends, also one that another server made",
    "server/sessions/intake.py": "when a transcription began, for its timestamps",
    "speakers/voice_tickets.py": "when a voice ticket ends, also one that another server made",
}


def wall_clocks_asked(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.attr in WALL_CLOCK.get(node.value.id, ()):
                yield ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (each.name for each in node.names if each.name in WALL_CLOCK["time"])


def test_no_limit_timeout_or_token_uses_the_wall_clock() -> None:
    """Timeouts and rate limits use the monotonic clock, not the wall clock."""
    files = PACKAGE.rglob("*.py")
    asking = {
        file.relative_to(PACKAGE).as_posix() for file in files if any(wall_clocks_asked(file))
    }
    assert asking == set(WHO_MAY_ASK)


def test_the_search_for_wall_clocks_finds_every_way_to_read_one(tmp_path: Path) -> None:
    file = tmp_path / "asking.py"
    file.write_text("import time\nfrom time import time_ns\ntime.time()\ndatetime.now(UTC)\n")
    assert sorted(wall_clocks_asked(file)) == ["datetime.now", "time.time", "time_ns"]
    file.write_text("loop.time()\ntime.monotonic()\nself.now\n")
    assert list(wall_clocks_asked(file)) == []


class SetClock:
    """A clock of which the wall's part is set."""

    monotonic = staticmethod(intake.time.monotonic)

    def __init__(self) -> None:
        self.ahead_seconds = 0.0

    def time(self) -> float:
        return 1_755_754_200.0 + self.monotonic() + self.ahead_seconds


def moment(message: Message) -> datetime:
    return datetime.fromisoformat(message["timestamp"])


@pytest.mark.models
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("days", [1, -1, 3650, -3650])
async def test_a_transcription_keeps_the_clock_of_its_beginning_and_the_next_uses_the_new_one(
    days: float, serve: Serve, engine: FakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SetClock()
    monkeypatch.setattr(intake, "time", clock)
    talk = clips.conversation()
    half = len(talk) // 4 * 2
    async with serve() as endpoint, endpoint.welcomed() as peer:
        await peer.begin(details=True)
        await peer.play(talk[:half])
        first = (await peer.receive_until("transcription"))[-1]
        clock.ahead_seconds = 86_400 * days
        answers = [first, *await peer.transcribe(talk[half:])]
        await peer.say("start_transcription", details=True)
        await peer.receive_until("transcription_started")
        (next_one, *_) = await peer.transcribe(talk)
    said = [each for each in answers if each["type"] == "transcription"]
    assert len(said) > 1
    began = moment(first) - timedelta(seconds=first["start_seconds"])
    for each in said:
        since = moment(each) - began
        assert since.total_seconds() == pytest.approx(each["start_seconds"], abs=0.002)
    jumped = moment(next_one) - moment(first)
    assert jumped.total_seconds() == pytest.approx(86_400 * days, abs=60)
