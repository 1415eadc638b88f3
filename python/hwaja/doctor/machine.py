"""Checks Python, processor and memory. Facts that only Linux reports are absent elsewhere."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.process.memory import Memory

_FAST_INT8 = ("avx512_vnni", "avx_vnni", "asimddp")
"""CPU flags of instructions that multiply and add bytes in one step."""

_SHOWN_FLAGS = ("avx2", "avx512f", *_FAST_INT8)

_CGROUP = Path("/sys/fs/cgroup")
_PROCESSES = Path("/proc")


def python() -> Finding:
    """Report the Python implementation and version; only CPython is tested."""
    version, implementation = platform.python_version(), platform.python_implementation()
    facts = {"version": version, "implementation": implementation}
    sentence = phrase("python", **facts)
    if implementation == "CPython":
        return Finding("python", "ok", sentence, facts=facts)
    return Finding("python", "warning", sentence, phrase("python.untested"), facts)


@dataclass(frozen=True, slots=True)
class Processor:
    """The processor, on which recognition runs without a GPU."""

    model: str
    machine: str
    """The architecture, as `platform.machine` names it."""
    cores: float
    """Cores that this process may use; a container's limit can be less than 1."""
    flags: tuple[str, ...]
    """The processor's flags among `_SHOWN_FLAGS`; empty where they are unknown."""


def processor() -> Processor:
    """Return the processor's properties."""
    cpuinfo = _read(_PROCESSES / "cpuinfo")
    cores = min(float(_usable_cores()), quota_cores(_read(_CGROUP / "cpu.max")))
    return Processor(
        field_of(cpuinfo, "model name") or platform.processor() or "unknown processor",
        platform.machine(),
        cores,
        flags_of(cpuinfo),
    )


def cpu(found: Processor, workers: int, provider: str) -> Finding:
    """Judge a processor: the speed of int8 models depends on its vector instructions."""
    facts = {
        "model": found.model,
        "machine": found.machine,
        "cores": found.cores,
        "flags": list(found.flags),
    }
    told = ", ".join(found.flags).upper().replace("_", " ") or found.machine
    sentence = phrase("cpu", model=found.model, cores=found.cores, flags=told)
    if provider == "cpu" and found.machine == "x86_64" and "avx2" not in found.flags:
        return Finding("cpu", "warning", sentence, phrase("cpu.slow.do"), facts)
    if provider == "cpu" and workers > found.cores:
        advice = phrase("cpu.workers.do", workers=workers, fitting=max(1, int(found.cores)))
        return Finding("cpu", "warning", sentence, advice, facts)
    return Finding("cpu", "ok", sentence, facts=facts)


def peak_bytes(pid: int | str) -> int | None:
    """Return a process's peak memory in bytes; None where the system does not report it.

    psutil reports the peak on Windows only.
    """
    return kilobytes_of(_read(_PROCESSES / str(pid) / "status"), "VmHWM")


def memory(
    found: Memory | None, front_bytes: int | None, worker_bytes: int | None, processes: int
) -> Finding:
    """Judge the memory.

    Args:
        found: the memory before the workers were started.
        front_bytes: memory of the server's front process, and of the language worker and the
            process with the model for interim texts, if there are any.
        worker_bytes: peak memory of a worker; None where it could not be measured.
        processes: number of worker processes.

    """
    if found is None:
        return Finding("memory", "ok", phrase("memory.untold"))
    facts = {"total_bytes": found.total, "available_bytes": found.available}
    there = {"available": found.available / 1e9, "total": found.total / 1e9}
    if worker_bytes is None:
        return Finding("memory", "ok", phrase("memory", **there), facts=facts)
    needed = (front_bytes or 0) + processes * worker_bytes
    facts |= {"worker_bytes": worker_bytes, "processes": processes, "needed_bytes": needed}
    sentence = phrase("memory.needed", **there, needed=needed / 1e9, processes=processes)
    if needed <= found.available:
        return Finding("memory", "ok", sentence, facts=facts)
    return Finding("memory", "warning", sentence, phrase("memory.needed.do"), facts)


# parsing of Linux's /proc and cgroup files


def field_of(text: str, name: str) -> str:
    """Return the first value of a field in lines "name : value"; empty where no line has it."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def flags_of(cpuinfo: str) -> tuple[str, ...]:
    """Return the flags in /proc/cpuinfo that make int8 models fast."""
    # On x86 the field is "flags", on ARM "Features".
    flags = (field_of(cpuinfo, "flags") or field_of(cpuinfo, "Features")).split()
    return tuple(flag for flag in _SHOWN_FLAGS if flag in flags)


def kilobytes_of(text: str, name: str) -> int | None:
    """Return the bytes in a line "name: 123 kB"; None where no line has the name."""
    number, _, unit = field_of(text, name).partition(" ")
    return int(number) * 1024 if number.isdecimal() and unit.strip() == "kB" else None


def quota_cores(cpu_max: str) -> float:
    """Return a container's limit in cores, from "quota period"; infinite without a quota."""
    numbers = cpu_max.split()
    if len(numbers) == 2 and all(number.isdecimal() for number in numbers):
        return int(numbers[0]) / int(numbers[1])
    return float("inf")


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
