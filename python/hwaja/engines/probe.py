"""Tests a provider: `python -m hwaja.engines.probe PROVIDER MODEL`, with a speaker embedding model.

sherpa-onnx falls back to the CPU with only a line on stderr. So the test runs the workers' code and
then asks the GPU driver whether the process used the GPU. It needs a process of its own for two
reasons: the engine may end the process, and other code that used the GPU would make the driver's
answer worthless.

The last line on stdout is a JSON object: `{"onnxruntime": "1.32.0"}` with the version of the
library that ran, or `{"reason": "..."}`. The exit code is 0 or 1.
"""

import argparse
import ctypes
import json
import sys
from pathlib import Path

import numpy as np

from hwaja.engines import runtime
from hwaja.engines.ctranslate2 import library
from hwaja.engines.interface import EngineError
from hwaja.protocol.audio import SAMPLE_RATE

_DRIVER = "libcuda.so.1"

_DEVICE = 0  # sherpa-onnx's default; CUDA_VISIBLE_DEVICES selects the GPU


def run(provider: str, model: Path) -> str:
    """Embed a second of noise; return the version of the onnxruntime that computed it.

    CTranslate2 is asked whether it can use the provider. It computes nothing, as it has no model.

    Args:
        provider: "cuda", or "cpu" to test the same code without a GPU.
        model: a speaker embedding model.

    Raises:
        EngineError: where sherpa-onnx or CTranslate2 does not run on that provider; the message
            gives the reason in one sentence.

    """
    driver = _open_driver() if provider == "cuda" else None
    version = runtime.put_below_sherpa()
    from hwaja.engines import loading

    if version != loading.ONNXRUNTIME_VERSION:
        raise EngineError(
            f"sherpa-onnx runs on its own onnxruntime {loading.ONNXRUNTIME_VERSION}, "
            f"not on {version}, which is installed."
        )
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, SAMPLE_RATE).astype(np.float32)
    try:
        loading.SpeakerEmbedder(model, provider).embed(noise)
    except RuntimeError as error:  # raised by onnxruntime
        (reason, *_) = str(error).splitlines() or ["it does not say why."]
        raise EngineError(f"sherpa-onnx fails on {provider}: {reason}") from None
    if driver is not None and not _used(driver):
        raise EngineError(
            "sherpa-onnx fell back to the CPU, as a library of CUDA or cuDNN is missing or too "
            "old; install hwaja[gpu], and see stderr for its name."
        )
    library.compute_type(provider)
    return version


def _open_driver() -> ctypes.CDLL:
    runtime.check_cuda()
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        raise EngineError(f"This machine has no NVIDIA driver ({_DRIVER} is not found).") from None
    if (code := driver.cuInit(0)) != 0:
        raise EngineError(f"The NVIDIA driver finds no GPU that it can use (CUDA error {code}).")
    return driver


def _used(driver: ctypes.CDLL) -> bool:
    """Return whether this process has computed on the GPU."""
    flags, active = ctypes.c_uint(), ctypes.c_int()
    code = driver.cuDevicePrimaryCtxGetState(_DEVICE, ctypes.byref(flags), ctypes.byref(active))
    return bool(code == 0 and active.value)


def main(arguments: list[str] | None = None) -> int:
    """Test a provider, print the result as JSON, return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m hwaja.engines.probe")
    parser.add_argument("provider", choices=["cpu", "cuda"])
    parser.add_argument("model", type=Path, help="a speaker embedding model")
    args = parser.parse_args(arguments)
    try:
        answer = {"onnxruntime": run(args.provider, args.model)}
    except EngineError as error:
        answer = {"reason": str(error)}
    print(json.dumps(answer))
    return int("reason" in answer)


if __name__ == "__main__":
    sys.exit(main())
