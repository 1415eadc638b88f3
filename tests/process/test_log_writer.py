"""The log with a stuck or closed reader, or a full disk: no log call is affected."""

import asyncio
import fcntl
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import clips
import pytest
from loopback import PATIENCE_SECONDS, Peer
from processes import Running, hwaja_serve
from websockets.asyncio.client import connect

from hwaja.process.log_writer import WRITER
from hwaja.workers.transport.worker_process import WorkerProcess

PROLOGUE = """
import logging, os, sys, threading, warnings
import structlog
from hwaja.privacy import error_redaction as faults
from hwaja.process import log_setup as logs
from hwaja.process.log_writer import WRITER
logs.configure("json")
faults.log_uncaught()
log = structlog.get_logger("hwaja.test")
"""

LOGGING = """
for number in range(20_000):
    log.info("line", number=number)
    if number % 100 == 0:
        warnings.warn(f"text {number}", stacklevel=1)
        logging.getLogger("library").error("of a library")
WRITER.flush()
print(WRITER.dropped_lines)
"""


@contextmanager
def stuck() -> Iterator[int]:
    """A pipe whose reader does not read."""
    read, write = os.pipe()
    yield write
    os.close(read)
    os.close(write)


@contextmanager
def gone() -> Iterator[int]:
    """A pipe whose reader has closed it."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@contextmanager
def full_disk() -> Iterator[int]:
    with Path("/dev/full").open("wb", buffering=0) as file:
        yield file.fileno()


@contextmanager
def nonblocking() -> Iterator[int]:
    """A pipe that another process has made non-blocking, and that is not read."""
    with stuck() as write:
        os.set_blocking(write, False)
        yield write


def run(program: str, stderr: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROLOGUE + program]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("stderr", [stuck, gone, full_disk, nonblocking])
def test_a_stuck_log_reader_blocks_no_log_call_and_lost_lines_are_counted(
    stderr: Callable[[], AbstractContextManager[int]],
) -> None:
    with stderr() as number:
        ended = run(LOGGING, number)
    assert ended.returncode == 0
    # The lines in the queue and the pipe are not lost. The warnings are repeated lines.
    assert 15_000 < int(ended.stdout) <= 20_400


def test_a_process_without_stderr_keeps_running_and_writes_into_no_other_file(
    tmp_path: Path,
) -> None:
    command = f'exec 2>&-; exec "{sys.executable}" "$@"'
    program = PROLOGUE + (
        f"file = os.open({str(tmp_path / 'other')!r}, os.O_WRONLY | os.O_CREAT)\n"
        "log.info('line'); WRITER.flush(); print(WRITER.dropped_lines, file)"
    )
    ended = subprocess.run(
        ["/bin/sh", "-c", command, "sh", "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout == "1 2\n"
    assert (tmp_path / "other").read_bytes() == b""


def test_every_line_before_the_end_of_the_process_is_written() -> None:
    ended = run("for number in range(1500): log.info('line', number=number)\n1 / 0")
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["number"] for line in lines[:-1]] == list(range(1500))
    assert (lines[-1]["event"], lines[-1]["error"]) == ("uncaught", "ZeroDivisionError")


def test_a_flood_of_one_line_is_collapsed_and_counted_at_the_end() -> None:
    ended = run("for _ in range(1000): log.info('refused')")
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line.get("repeated", 1) for line in lines] == [1, 1, 1, 997]


def test_a_python_warning_is_logged_without_its_text() -> None:
    ended = run("warnings.warn('Geheimnis', stacklevel=1)")
    (line,) = (json.loads(line) for line in ended.stderr.splitlines())
    assert (line["event"], line["category"]) == ("warned", "UserWarning")
    assert "Geheimnis" not in ended.stderr


def test_a_value_without_a_text_form_costs_only_its_own_line() -> None:
    ended = run("""
class Bad:
    def __repr__(self):
        raise RuntimeError
log.info("bad", value=Bad())
log.info("good")
WRITER.flush()
print(WRITER.dropped_lines)
""")
    assert [json.loads(line)["event"] for line in ended.stderr.splitlines()] == ["good"]
    assert ended.stdout == "1\n"


def test_a_count_of_lines_without_a_text_form_costs_only_itself() -> None:
    """The count calls `repr` on the value once more, long after the lines were written."""
    ended = run("""
from hwaja.process import log_repetition as repeated_lines
repeated_lines.PERIOD_SECONDS = 0.01
class Fading:
    looks = 5 + repeated_lines.WHOLE_LINES
    def __repr__(self):
        Fading.looks -= 1
        if Fading.looks < 0:
            raise RuntimeError
        return "seen"
(thread,) = (each for each in threading.enumerate() if each.name == "log")
value = Fading()
for _ in range(5):
    log.info("bad", value=value)
while thread.is_alive() and not WRITER.dropped_lines:
    pass
log.info("good")
WRITER.flush()
""")
    events = [json.loads(line)["event"] for line in ended.stderr.splitlines()]
    assert (events[0], events[-1]) == ("bad", "good")


def test_logging_can_be_started_again_after_the_system_gave_no_thread() -> None:
    ended = run("""
from hwaja.process.log_writer import LogWriter
start, writer = threading.Thread.start, LogWriter()
def fail(_):
    raise RuntimeError("can't start new thread")
threading.Thread.start = fail
try:
    writer.start()
except RuntimeError as error:
    print(error)
threading.Thread.start = start
writer.start()
writer.put_raw(b"line\\n")
print(writer.flush())
""")
    assert ended.stdout == "can't start new thread\nTrue\n"
    assert ended.stderr == "line\n"


async def test_the_stderr_of_a_worker_is_part_of_the_log_however_the_worker_ends(
    capfd: pytest.CaptureFixture[str],
) -> None:
    pipe = asyncio.subprocess.PIPE
    program = "import os; os.write(2, b'one\\ntw'); os.write(2, b'o\\n' + b'x' * 9000); os.abort()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=pipe, stdout=pipe, stderr=pipe
    )
    worker = WorkerProcess(process)
    await process.wait()
    await worker.end()
    assert WRITER.flush()
    lines = capfd.readouterr().err.splitlines()
    assert lines[:2] == ["one", "two"]
    assert "".join(lines[2:]) == "x" * 9000


async def test_a_worker_is_ended_if_its_stderr_can_no_longer_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: bytes) -> None:
        raise MemoryError

    monkeypatch.setattr(WRITER, "put_raw", fail)
    pipe = asyncio.subprocess.PIPE
    program = "import os, sys; os.write(2, b'line\\n'); sys.stdin.read()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=pipe, stdout=pipe, stderr=pipe
    )
    worker = WorkerProcess(process)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await process.wait() == -signal.SIGKILL
        await worker.end()


# A whole server -------------------------------------------------------------------------------


def children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def served(running: Running) -> None:
    """Open more sessions than the pipe has room for lines. Kill the workers, then enrol a voice."""
    trust = ssl.create_default_context(cafile=str(running.certificate))
    for _ in range(60):
        async with connect(running.url, ssl=trust, proxy=None) as websocket:
            await Peer(websocket).receive()
    async with connect(running.url, ssl=trust, proxy=None, compression=None) as websocket:
        peer = Peer(websocket)
        assert (await peer.receive())["type"] == "model_loaded"
        for worker in children(running.process.pid):
            os.kill(worker, signal.SIGKILL)
        answers = await peer.enrol(0, clips.voices()[0])
        assert [answer["type"] for answer in answers][-1] == "speaker_registration_completed"


@pytest.mark.models
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the workers are found through /proc")
@pytest.mark.parametrize("is_gone", [False, True], ids=["stuck", "gone"])
def test_a_server_without_a_log_reader_serves_restarts_workers_and_stops(
    is_gone: bool, tmp_path: Path
) -> None:
    with hwaja_serve(tmp_path, "--port", "0") as running:
        assert running.process.stderr is not None
        if is_gone:
            running.process.stderr.close()
        else:
            fcntl.fcntl(running.process.stderr, fcntl.F_SETPIPE_SZ, 4096)
        asyncio.run(served(running))
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(PATIENCE_SECONDS) == 0
