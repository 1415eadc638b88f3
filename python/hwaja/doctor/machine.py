"""Python, processor and memory of this machine. What only Linux tells is left out elsewhere."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from hwaja.doctor.findings import Finding
from hwaja.doctor.language import said

_FAST_INT8 = ("avx512_vnni", "avx_vnni", "asimddp")
"""Instructions that multiply and add bytes in one step."""

_TOLD_FLAGS = ("avx2", "avx512f", *_FAST_INT8)

_CGROUP = Path("/sys/fs/cgroup")
_PROCESSES = Path("/proc")


def python() -> Finding:
    """Say which Python runs; only CPython is tested."""
    version, implementation = platform.python_version(), platform.python_implementation()
    facts = {"version": version, "implementation": implementation}
    sentence = said("python", **facts)
    if implementation == "CPython":
        return Finding("python", "ok", sentence, facts=facts)
    return Finding("python", "warning", sentence, said("python.untested"), facts)


@dataclass(frozen=True, slots=True)
class Processor:
    """What recognition runs on without a GPU."""

    model: str
    machine: str
    """The architecture, as `platform.machine` names it."""
    cores: float
    """That this process may use; less than one whole where a container is limited so."""
    flags: tuple[str, ...]
    """Those of `_TOLD_FLAGS` that it has; empty where that is not known."""


def processor() -> Processor:
    """Look at the processor."""
    cpuinfo = _read(_PROCESSES / "cpuinfo")
    cores = min(float(_usable_cores()), quota_cores(_read(_CGROUP / "cpu.max")))
    return Processor(
        field_of(cpuinfo, "model name") or platform.processor() or "unknown processor",
        platform.machine(),
        cores,
        flags_of(cpuinfo),
    )


def cpu(found: Processor, workers: int, provider: str) -> Finding:
    """Judge a processor: int8 models depend on its vector instructions."""
    facts = {
        "model": found.model,
        "machine": found.machine,
        "cores": found.cores,
        "flags": list(found.flags),
    }
    told = ", ".join(found.flags).upper().replace("_", " ") or found.machine
    sentence = said("cpu", model=found.model, cores=found.cores, flags=told)
    if provider == "cpu" and found.machine == "x86_64" and "avx2" not in found.flags:
        return Finding("cpu", "warning", sentence, said("cpu.slow.do"), facts)
    if provider == "cpu" and workers > found.cores:
        advice = said("cpu.workers.do", workers=workers, fitting=max(1, int(found.cores)))
        return Finding("cpu", "warning", sentence, advice, facts)
    return Finding("cpu", "ok", sentence, facts=facts)


@dataclass(frozen=True, slots=True)
class Memory:
    """How much there is, in bytes."""

    total: int
    available: int


def memory_now() -> Memory | None:
    """Look at the memory; None where the system does not tell."""
    meminfo = _read(_PROCESSES / "meminfo")
    total, available = (kilobytes_of(meminfo, name) for name in ("MemTotal", "MemAvailable"))
    if total is None or available is None:
        return None
    limit = _read(_CGROUP / "memory.max").strip()  # of a container; "max" where it has none
    most = int(limit) if limit.isdecimal() else total
    return Memory(min(total, most), min(available, most))


def peak_bytes(pid: int | str) -> int | None:
    """Return the most memory that a process has taken; None where the system does not tell."""
    return kilobytes_of(_read(_PROCESSES / str(pid) / "status"), "VmHWM")


def memory(
    found: Memory | None, front_bytes: int | None, worker_bytes: int | None, processes: int
) -> Finding:
    """Judge the memory.

    Args:
        found: what there was before workers were started.
        front_bytes: what the server itself takes.
        worker_bytes: what a worker takes at most; None where that could not be measured.
        processes: how many there will be.

    """
    if found is None:
        return Finding("memory", "ok", said("memory.untold"))
    facts = {"total_bytes": found.total, "available_bytes": found.available}
    there = {"available": found.available / 1e9, "total": found.total / 1e9}
    if worker_bytes is None:
        return Finding("memory", "ok", said("memory", **there), facts=facts)
    needed = (front_bytes or 0) + processes * worker_bytes
    facts |= {"worker_bytes": worker_bytes, "processes": processes, "needed_bytes": needed}
    sentence = said("memory.needed", **there, needed=needed / 1e9, processes=processes)
    if needed <= found.available:
        return Finding("memory", "ok", sentence, facts=facts)
    return Finding("memory", "warning", sentence, said("memory.needed.do"), facts)


# reading what Linux tells


def field_of(text: str, name: str) -> str:
    """Return the first value of a field in lines "name : value"; empty where there is none."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def flags_of(cpuinfo: str) -> tuple[str, ...]:
    """Return what /proc/cpuinfo says of the instructions that int8 models are fast with."""
    # x86 has "flags", ARM "Features".
    flags = (field_of(cpuinfo, "flags") or field_of(cpuinfo, "Features")).split()
    return tuple(flag for flag in _TOLD_FLAGS if flag in flags)


def kilobytes_of(text: str, name: str) -> int | None:
    """Return the bytes in a line "name: 123 kB"; None where there is none."""
    number, _, unit = field_of(text, name).partition(" ")
    return int(number) * 1024 if number.isdecimal() and unit.strip() == "kB" else None


def quota_cores(cpu_max: str) -> float:
    """Return how many cores a container may use, from "quota period"; infinite without a quota."""
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
