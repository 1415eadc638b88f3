"""Checks the versions of the libraries that hwaja requires, and whether one is missing."""

import re
from importlib import metadata

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.engines.runtime import import_onnxruntime

_SHOWN = ("sherpa-onnx", "websockets", "numpy")  # shown to people; the JSON output has all


def libraries() -> Finding:
    """Check that all required libraries and exactly one onnxruntime are installed.

    Raises:
        EngineError: where onnxruntime is missing, or installed twice.

    """
    onnxruntime = str(import_onnxruntime().__version__)
    return judge(versions(required()), onnxruntime, _below_sherpa())


def required() -> list[str]:
    """Return the distributions that a server requires: those of hwaja and of its extra `server`."""
    requirements = metadata.requires("hwaja") or []
    return [
        re.split(r"[^\w.-]", line)[0]
        for line in requirements
        if "extra ==" not in line or re.search(r"extra == ['\"]server['\"]", line)
    ]


def versions(names: list[str]) -> dict[str, str | None]:
    """Return the installed version of each distribution; None where it is missing."""
    found: dict[str, str | None] = {}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def judge(found: dict[str, str | None], onnxruntime: str, below_sherpa: str | None) -> Finding:
    """Judge the installed versions.

    Args:
        found: version of each required distribution, None for a missing one.
        onnxruntime: version of the onnxruntime that pip installed.
        below_sherpa: version of sherpa-onnx's own onnxruntime; None: sherpa-onnx is not importable.

    """
    facts = {**found, "onnxruntime": onnxruntime, "onnxruntime below sherpa-onnx": below_sherpa}
    missing = [name for name, version in found.items() if version is None]
    if missing:
        sentence = phrase("libraries.missing", names=", ".join(missing))
        return Finding("libraries", "failure", sentence, phrase("libraries.missing.do"), facts)
    if below_sherpa is None:
        sentence = phrase("libraries.sherpa", version=found.get("sherpa-onnx"))
        return Finding("libraries", "failure", sentence, phrase("libraries.sherpa.do"), facts)
    told = ", ".join(f"{name} {found[name]}" for name in _SHOWN if name in found)
    sentence = phrase("libraries", told=told, onnxruntime=onnxruntime, below_sherpa=below_sherpa)
    return Finding("libraries", "ok", sentence, facts=facts)


def _below_sherpa() -> str | None:
    try:
        from hwaja.engines.loading import ONNXRUNTIME_VERSION
    except (ImportError, OSError):
        return None
    return ONNXRUNTIME_VERSION
