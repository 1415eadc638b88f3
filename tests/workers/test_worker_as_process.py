"""The inference process as a process: its pipes, its signals, its libraries."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import clips
import msgspec
import onnxruntime
import pytest
from worker_frames import SETUP, SOUND, audio, read_reply

from hwaja.engines.recognition import Hypothesis
from hwaja.workers.transport import frames, wire

NOISY = """
import os
import numpy as np
from hwaja.workers.inference import worker
from hwaja.engines.recognition import Abilities, Hypothesis

class Noisy:
    abilities = Abilities()

    def recognise(self, utterance):
        print("noise from Python", flush=True)
        os.write(1, b"noise from below")
        return Hypothesis(f"heard {len(utterance.samples)}")

worker._load = lambda setup: (Noisy(), Noisy())
worker.main()
"""


@contextmanager
def process(code: str = NOISY) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process whose engine is a noisy fake."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=pipe, stdout=pipe, stderr=pipe
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def ask(running: subprocess.Popen[bytes], request: wire.Request) -> wire.Reply | None:
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(frames.encode(request))
    running.stdin.flush()
    return read_reply(running.stdout)  # type: ignore[arg-type]


def test_output_of_an_engine_does_not_get_into_the_frames() -> None:
    with process() as running:
        assert isinstance(ask(running, SETUP), wire.Ready)
        for job_id in range(3):
            reply = ask(running, wire.Recognise(job_id, audio(SOUND), 1.0))
            assert reply == wire.Recognised(job_id, Hypothesis("heard 3"))
        rest, errors = running.communicate(timeout=30)
    assert rest == b""
    assert errors.count(b"noise from Python") == errors.count(b"noise from below") == 3


def test_a_worker_ends_when_its_front_is_gone() -> None:
    with process() as running:
        assert isinstance(ask(running, SETUP), wire.Ready)
        _, errors = running.communicate(timeout=30)  # closes its input
        assert (running.returncode, errors) == (0, b"")


def test_a_worker_whose_front_died_without_reading_ends_quietly() -> None:
    with process() as running:
        assert isinstance(ask(running, SETUP), wire.Ready)
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        running.stdin.write(frames.encode(wire.Recognise(1, audio(SOUND), 1.0)))
        running.stdin.flush()
        assert running.wait(timeout=30) == 1
        assert b"Traceback" not in running.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups that get Ctrl-C")
def test_ctrl_c_does_not_end_a_worker_before_its_front_does() -> None:
    """It reaches the whole group, and the front still has speech to answer."""
    with process() as running:
        assert isinstance(ask(running, SETUP), wire.Ready)
        running.send_signal(signal.SIGINT)
        reply = ask(running, wire.Recognise(1, audio(SOUND), 1.0))
        assert reply == wire.Recognised(1, Hypothesis("heard 3"))


def test_bytes_that_are_no_request_end_a_worker() -> None:
    """Otherwise audio could be answered for another job. The front starts another worker."""
    with process() as running:
        assert isinstance(ask(running, SETUP), wire.Ready)
        _, errors = running.communicate(b"\x03\0\0\0abc", timeout=30)
    assert running.returncode == 1
    assert b'"WireError"' in errors


@pytest.mark.models
def test_the_real_worker_process_answers(english: wire.Setup) -> None:
    sound = clips.samples(clips.part("beckett", 6.2, 9.5))
    with process("from hwaja.workers.inference.worker import main; main()") as running:
        assert isinstance(ask(running, english), wire.Ready)
        reply = ask(running, wire.Recognise(1, audio(sound), 3.0))
        assert isinstance(reply, wire.Recognised)
        assert "better" in reply.hypothesis.text.lower()


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="the shim is for Linux")
def test_a_worker_for_cuda_runs_on_the_installed_onnxruntime(
    english: wire.Setup,
) -> None:
    """Here it is one for the CPU, to which sherpa-onnx then falls back."""
    installed = Path(onnxruntime.__file__).with_name("capi") / "libonnxruntime.so"
    sound = clips.samples(clips.part("beckett", 6.2, 9.5))
    with process("from hwaja.workers.inference.worker import main; main()") as running:
        setup = msgspec.structs.replace(english, provider="cuda")
        assert isinstance(ask(running, setup), wire.Ready)
        loaded = Path(f"/proc/{running.pid}/maps").read_text()
        assert str(installed) in loaded
        assert "sherpa_onnx/lib/libonnxruntime.so" not in loaded
        reply = ask(running, wire.Recognise(1, audio(sound), 3.0))
        assert isinstance(reply, wire.Recognised)
        assert "better" in reply.hypothesis.text.lower()


YIELD = """
import os
import numpy
from pathlib import Path
from hwaja.workers.inference.worker import set_idle_priority
set_idle_priority()
print({os.sched_getscheduler(int(t.name)) for t in Path("/proc/self/task").iterdir()})
"""


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this system has no idle priority")
def test_every_thread_of_a_yielding_process_has_idle_priority() -> None:
    """Also those that NumPy has started already."""
    done = subprocess.run([sys.executable, "-c", YIELD], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str({os.SCHED_IDLE})
