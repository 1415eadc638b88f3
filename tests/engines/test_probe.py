"""The test of a provider: whole on the CPU, and on a GPU as far as it can be faked."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from hwaja.engines import probe, runtime
from hwaja.engines.interface import EngineError
from hwaja.models import locate

pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(sys.platform != "linux", reason="the shim is for Linux"),
]

# A driver that is there, while the engine cannot use it: the answer is the driver's.
WITH_DRIVER = """
import sys
from hwaja.engines import probe

class Driver:
    def cuDevicePrimaryCtxGetState(self, device, flags, active):
        active._obj.value = int(sys.argv[2])
        return 0

probe._open_driver = Driver
if sys.argv[3:]:
    probe.library.compute_type = lambda provider: "float16"
sys.exit(probe.main(["cuda", sys.argv[1]]))
"""
TOO_LATE = """
import sys
from hwaja.engines import probe
from hwaja.engines import loading
sys.exit(probe.main(["cpu", sys.argv[1]]))
"""


@pytest.fixture(scope="module")
def model() -> Path:
    return locate("campplus") / "campplus.onnx"


def answer(*arguments: str | Path) -> tuple[int, Any]:
    """Exit code and last line of a process of Python."""
    ended = subprocess.run(
        [sys.executable, *arguments], timeout=60, check=False, capture_output=True, text=True
    )
    return ended.returncode, json.loads(ended.stdout.splitlines()[-1])


def test_a_provider_that_runs_is_reported_with_its_library_version(model: Path) -> None:
    expected = (0, {"onnxruntime": onnxruntime.__version__})
    assert answer("-m", "hwaja.engines.probe", "cpu", model) == expected


def test_cuda_with_an_onnxruntime_for_the_cpu_is_reported_with_what_to_install(model: Path) -> None:
    code, said = answer("-m", "hwaja.engines.probe", "cuda", model)
    assert code == 1
    assert "hwaja[gpu]" in said["reason"]


def test_a_silent_fallback_to_the_cpu_is_detected(model: Path) -> None:
    """sherpa-onnx reports it only on stderr and continues."""
    code, said = answer("-c", WITH_DRIVER, model, "0")
    assert code == 1
    assert said["reason"].startswith("sherpa-onnx fell back to the CPU")
    expected = (0, {"onnxruntime": onnxruntime.__version__})
    assert answer("-c", WITH_DRIVER, model, "1", "CTranslate2") == expected


def test_a_gpu_that_ctranslate2_cannot_use_is_told(model: Path) -> None:
    code, said = answer("-c", WITH_DRIVER, model, "1")
    assert code == 1
    assert said["reason"].startswith("CTranslate2 does not run on cuda: ")


def test_an_engine_that_loaded_its_own_library_is_detected(model: Path) -> None:
    code, said = answer("-c", TOO_LATE, model)
    assert code == 1
    assert said["reason"].startswith("sherpa-onnx runs on its own onnxruntime")
    assert onnxruntime.__version__ in said["reason"]


def test_an_unusable_model_is_named_in_the_error(tmp_path: Path) -> None:
    code, said = answer("-m", "hwaja.engines.probe", "cpu", tmp_path / "absent")
    assert (code, said["reason"]) == (1, f"The model file {tmp_path}/absent does not exist.")


def test_a_machine_without_a_driver_is_reported(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "check_cuda", lambda: None)  # as with onnxruntime-gpu
    monkeypatch.setattr(probe, "_DRIVER", "libabsent.so.1")
    with pytest.raises(EngineError, match=r"^This machine has no NVIDIA driver \(libabsent"):
        probe.run("cuda", model)


def test_a_driver_that_finds_no_gpu_is_reported_with_its_error(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Driver:
        def cuInit(self, _flags: int) -> int:  # noqa: N802  # the driver's name
            return 100

    monkeypatch.setattr(runtime, "check_cuda", lambda: None)
    monkeypatch.setattr(probe.ctypes, "CDLL", lambda _: Driver())
    with pytest.raises(EngineError) as caught:
        probe.run("cuda", model)
    assert str(caught.value) == ("The NVIDIA driver finds no GPU that it can use (CUDA error 100).")


def test_an_unknown_provider_is_not_reported_as_running(model: Path) -> None:
    """sherpa-onnx uses the CPU for any unknown provider."""
    with pytest.raises(SystemExit) as ended:
        probe.main(["gpu", str(model)])
    assert ended.value.code == 2
