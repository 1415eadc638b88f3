"""CTranslate2: its import, the type that it computes with, its models and its faults."""

import re
from typing import Any

from hwaja.engines import runtime
from hwaja.engines.ctranslate2.model_files import WhisperFolder
from hwaja.engines.interface import EngineError

_COMPUTE_TYPES = {"cpu": ("int8",), "cuda": ("float16", "int8_float16")}
"""In the order of preference; float32 runs everywhere."""

FAULTS = (RuntimeError, ValueError, LookupError, OverflowError)
"""What CTranslate2 raises: the exceptions that pybind11 makes of those of C++. A MemoryError is not
among them. It ends the worker, and the next one does the job: this one would fail again and again.
"""


def ctranslate2() -> Any:
    """Return the module.

    Raises:
        EngineError: where it is not installed.

    """
    try:
        import ctranslate2
    except ImportError:
        raise EngineError("CTranslate2 is not installed; install hwaja[server].") from None
    return ctranslate2


def compute_type(provider: str) -> str:
    """Return the type that CTranslate2 computes with on `provider`, "cpu" or "cuda".

    Raises:
        EngineError: where CTranslate2 is not installed, or cannot run on the provider.

    """
    try:
        known = ctranslate2().get_supported_compute_types(provider)
    except FAULTS as error:
        raise EngineError(f"CTranslate2 does not run on {provider}: {_reason(error)}.") from None
    if provider == "cuda":
        runtime.load_cublas()
    return next((each for each in _COMPUTE_TYPES[provider] if each in known), "float32")


def load(checked: WhisperFolder, provider: str) -> Any:
    """Return the Whisper model of a folder on `provider`; it computes on one thread.

    Raises:
        EngineError: where CTranslate2 cannot load the model.

    """
    kind = compute_type(provider)
    try:
        with checked.completed() as folder:
            return ctranslate2().models.Whisper(
                str(folder), provider, compute_type=kind, intra_threads=1, inter_threads=1
            )
    except (*FAULTS, OSError, MemoryError) as error:
        raise EngineError(
            f"{checked.folder} cannot be loaded by CTranslate2 on {provider}: {_reason(error)}."
        ) from None


def _reason(error: Exception) -> str:
    """Return the first sentence of an error of CTranslate2, without its full stop."""
    return re.split(r"\.?(?:\s*\n|\s*$|\. )", str(error))[0]
