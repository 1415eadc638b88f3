"""The choice of a provider: only one that was seen to run."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hwaja.engines import providers, runtime
from hwaja.engines.interface import EngineError
from hwaja.engines.providers import Provider, resolve, try_out

MODEL = Path("/models/voice.onnx")

NO_CUDA = (
    "The installed onnxruntime knows no CUDA; "
    "for a GPU, uninstall it and install hwaja[gpu] in place of hwaja[cpu]."
)


@pytest.fixture
def cuda_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if onnxruntime-gpu were installed."""
    monkeypatch.setattr(runtime, "check_cuda", lambda: None)


Trial = Callable[[str], None]


@pytest.fixture
def trial(cuda_wheel: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """Replace the test of the provider by a shell script."""

    def become(script: str) -> None:
        file = tmp_path / "python"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(file))

    return become


async def refusal(asked: str = "cuda") -> str:
    with pytest.raises(EngineError) as caught:
        await resolve(asked, MODEL)
    return str(caught.value)


async def test_the_cpu_is_not_tested_because_nothing_can_be_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert await resolve("cpu", MODEL) == Provider("cpu", "cpu", None, "")


async def test_without_the_extra_cuda_is_refused_and_auto_chooses_the_cpu_with_the_reason() -> None:
    assert await refusal() == NO_CUDA
    assert await resolve("auto", MODEL) == Provider("auto", "cpu", None, NO_CUDA)


@pytest.mark.parametrize("asked", ["cuda", "auto"])
async def test_cuda_is_chosen_if_it_runs(asked: str, trial: Trial) -> None:
    trial("""echo "Failed to load something optional"; echo '{"onnxruntime": "1.31.1"}'""")
    assert await resolve(asked, MODEL) == Provider(asked, "cuda", "1.31.1", "")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("""echo '{"reason": "No driver."}'; exit 1""", "No driver."),
        ('echo \'{"onnxruntime": "1.31.1"}\'; kill -6 $$', r"trial of cuda \(exit code -6\)"),
        ("exit 0", r"trial of cuda \(exit code 0\)"),
        ("echo '[]'", r"trial of cuda \(exit code 0\)"),
        ("echo 'null'; exit 1", r"trial of cuda \(exit code 1\)"),
    ],
    ids=["refuses", "dies", "says nothing", "says something else", "says null"],
)
async def test_cuda_is_not_chosen_if_its_test_fails_in_any_way(
    script: str, sentence: str, trial: Trial
) -> None:
    trial(script)
    with pytest.raises(EngineError, match=sentence) as caught:
        await resolve("cuda", MODEL)
    assert await resolve("auto", MODEL) == Provider("auto", "cpu", None, str(caught.value))


async def test_cuda_is_not_chosen_if_its_test_hangs(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial("exec tail -f /dev/null")
    monkeypatch.setattr(providers, "TRIAL_SECONDS", 0.1)
    assert await refusal() == "A trial of cuda did not end within 0.1 s."


async def test_a_cancelled_provider_test_leaves_no_process(trial: Trial, tmp_path: Path) -> None:
    """A server that is stopped during the provider test leaves no process behind."""
    os.mkfifo(tmp_path / "began")
    trial(f"echo $$ > {tmp_path / 'began'}; exec tail -f /dev/null")
    trying = asyncio.create_task(resolve("cuda", MODEL))
    pid = int(await asyncio.to_thread((tmp_path / "began").read_text))
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_cuda_is_not_chosen_if_its_test_cannot_be_started(
    cuda_wheel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert await refusal() == "A trial of cuda cannot be started: No such file or directory."


async def test_cuda_is_not_chosen_if_the_system_gives_no_thread_for_its_test(
    cuda_wheel: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", fail)
    assert await refusal() == "A trial of cuda cannot be started: can't start new thread."


@pytest.mark.models
@pytest.mark.skipif(sys.platform != "linux", reason="the shim is for Linux")
async def test_a_real_provider_test_passes_on_the_cpu() -> None:
    """Every machine has a CPU. The rest is as on a GPU."""
    import onnxruntime

    from hwaja.models import locate

    assert await try_out("cpu", locate("campplus") / "campplus.onnx") == onnxruntime.__version__
