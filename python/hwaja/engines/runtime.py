"""Uses the installed onnxruntime package: finds it, opens sessions, and makes sherpa-onnx use it.

sherpa-onnx ships an onnxruntime of its own, which has no GPU support. The shim (`shim/src/lib.rs`)
replaces it and forwards to the one in the wheel `onnxruntime` or `onnxruntime-gpu`.
"""

import ctypes
import os
from importlib import metadata
from pathlib import Path
from typing import Any

from hwaja.engines.interface import EngineError

_WHEELS = ("onnxruntime", "onnxruntime-gpu")

_SHIM = Path(__file__).parent.with_name("libhwaja_shim.so")

_CUDA = "CUDAExecutionProvider"

_CUBLAS = ("libcublasLt.so.12", "libcublas.so.12")
"""In the order in which they are loaded: the second uses the first."""

_MIN_VERSION = (1, 28)
"""sherpa-onnx 2.0.1 requires the API of this version, and ends the process without it."""


def import_onnxruntime() -> Any:
    """Return the module onnxruntime.

    Raises:
        EngineError: where it is not installed, or installed twice.

    """
    # The library reads this once, when it is loaded. Without it, 1.29 and later send telemetry.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    if len(_installed()) > 1:
        raise EngineError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; "
            "uninstall both, then install hwaja[cpu] or hwaja[gpu]."
        )
    try:
        import onnxruntime
        from onnxruntime import InferenceSession  # noqa: F401  # of a half removed one, not there
    except ImportError:
        raise EngineError(
            "onnxruntime is not installed; install hwaja[cpu] (or hwaja[gpu] for CUDA)."
        ) from None
    return onnxruntime


def open_session(model: Path, *, keeps_memory: bool = True) -> Any:
    """Return an onnxruntime session for an ONNX file. It computes on one thread of the CPU.

    A second thread would lose more time in waiting than it saves, and each core already has a
    worker. The models are small: the transfer to a GPU would take longer than the graph.

    Args:
        model: the file.
        keeps_memory: whether the memory of a call is kept for the next one. Otherwise it is freed,
            and thus overwritten (`privacy/hardening.py`).

    Raises:
        EngineError: where onnxruntime is not installed, is installed twice, or cannot load the
            file.

    """
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = options.enable_mem_pattern = keeps_memory
    try:
        return onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:
        raise EngineError(f"{model} cannot be loaded: {type(error).__name__}.") from error


def check_cuda() -> None:
    """Check that the installed onnxruntime supports CUDA. This does not run anything on CUDA.

    Raises:
        EngineError: where it does not support CUDA.

    """
    if _CUDA not in import_onnxruntime().get_available_providers():
        raise EngineError(
            "The installed onnxruntime knows no CUDA; "
            "for a GPU, uninstall it and install hwaja[gpu] in place of hwaja[cpu]."
        )


def put_below_sherpa() -> str:
    """Make sherpa-onnx use the installed onnxruntime. Call this before sherpa-onnx is imported.

    Returns:
        The version of that onnxruntime.

    Raises:
        EngineError: where that is impossible; sherpa-onnx can still use its own onnxruntime.

    """
    onnxruntime = import_onnxruntime()
    version = str(onnxruntime.__version__)
    if tuple(int(number) for number in version.split(".")[:2]) < _MIN_VERSION:
        least = ".".join(map(str, _MIN_VERSION))
        raise EngineError(f"onnxruntime {version} is too old for sherpa-onnx: it needs {least}.")
    # The linker does not search the folders of pip's nvidia packages (CUDA and cuDNN).
    onnxruntime.preload_dlls()
    library = Path(onnxruntime.__file__).with_name("capi") / f"libonnxruntime.so.{version}"
    try:
        get_api_base = ctypes.CDLL(str(library)).OrtGetApiBase
        ctypes.CDLL(str(_SHIM)).hwaja_forward_to(get_api_base)
    except (OSError, AttributeError) as error:
        raise EngineError(f"sherpa-onnx cannot be put on onnxruntime: {error}.") from None
    return version


def load_cublas() -> None:
    """Load the cuBLAS that CTranslate2 looks for: that of pip's package, else the system's.

    Raises:
        EngineError: where there is none.

    """
    try:
        package = metadata.distribution("nvidia-cublas-cu12")
        folder = Path(str(package.locate_file("nvidia/cublas/lib")))
    except metadata.PackageNotFoundError:
        folder = Path()  # the linker searches for a name without a folder
    try:
        for name in _CUBLAS:
            ctypes.CDLL(str(folder / name), ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise EngineError(
            f"CTranslate2 needs the cuBLAS of CUDA 12, but {error}; install hwaja[gpu]."
        ) from None


def _installed() -> list[str]:
    return [name for name in _WHEELS if any(metadata.distributions(name=name))]
