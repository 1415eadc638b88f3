"""The checks of `hwaja doctor` on Python, processor, memory and libraries."""

import os
import sys
from importlib import metadata
from pathlib import Path

import psutil
import pytest
from doctor_says import advice, sentence

from hwaja.doctor import libraries, machine
from hwaja.doctor.machine import Processor
from hwaja.engines.interface import EngineError
from hwaja.process.memory import Memory, memory_now

EPYC = """\
processor\t: 0
model name\t: AMD EPYC 7B13
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp\n"
GIGABYTE = 10**9


def test_the_python_version_is_that_of_this_process() -> None:
    found = machine.python()
    assert found.state == "ok"
    assert found.facts["version"] == ".".join(map(str, sys.version_info[:3]))


# The processor --------------------------------------------------------------------------------


def processor(**fields: object) -> Processor:
    given = {"model": "EPYC", "machine": "x86_64", "cores": 4.0, "flags": ("avx2",)}
    return Processor(**(given | fields))  # type: ignore[arg-type]


def test_the_int8_instructions_are_detected_on_both_architectures() -> None:
    assert machine.flags_of(EPYC) == ("avx2", "avx512f", "avx512_vnni")
    assert machine.flags_of(ARM) == ("asimddp",)
    assert machine.flags_of("") == ()
    assert machine.field_of(EPYC, "model name") == "AMD EPYC 7B13"


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("150000 100000\n", 1.5), ("max 100000\n", float("inf")), ("", float("inf"))],
)
def test_the_cores_of_a_container_are_those_of_its_quota(quota: str, cores: float) -> None:
    assert machine.quota_cores(quota) == cores


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux tells")
def test_only_cores_that_this_process_may_use_are_counted() -> None:
    assert 0 < machine.processor().cores <= len(os.sched_getaffinity(0))


def test_a_processor_with_a_core_for_each_worker_passes() -> None:
    found = machine.cpu(processor(), 4, "cpu")
    assert (found.state, advice(found)) == ("ok", "")
    assert found.facts["flags"] == ["avx2"]


@pytest.mark.parametrize(("cores", "better"), [(2.0, "--workers 2"), (0.5, "--workers 1")])
def test_more_workers_than_cores_is_a_warning_with_a_better_number(
    cores: float, better: str
) -> None:
    found = machine.cpu(processor(cores=cores), 4, "cpu")
    assert found.state == "warning"
    assert better in advice(found)


def test_a_processor_without_avx2_is_a_warning_unless_a_gpu_does_the_work() -> None:
    assert machine.cpu(processor(flags=()), 1, "cpu").state == "warning"
    assert machine.cpu(processor(flags=()), 1, "cuda").state == "ok"
    assert machine.cpu(processor(flags=(), machine="aarch64"), 1, "cpu").state == "ok"


# Memory ---------------------------------------------------------------------------------------


def test_enough_memory_for_the_server_and_its_workers_passes() -> None:
    found = machine.memory(Memory(8 * GIGABYTE, 4 * GIGABYTE), GIGABYTE, GIGABYTE, 3)
    assert found.state == "ok"
    assert found.facts["needed_bytes"] == 4 * GIGABYTE


def test_too_little_memory_is_a_warning_with_a_remedy() -> None:
    found = machine.memory(Memory(8 * GIGABYTE, 4 * GIGABYTE - 1), GIGABYTE, GIGABYTE, 3)
    assert found.state == "warning"
    assert "--workers" in advice(found)


def test_without_a_measured_worker_only_the_memory_is_reported() -> None:
    found = machine.memory(Memory(8 * GIGABYTE, 1), GIGABYTE, None, 3)
    assert found.state == "ok"
    assert "needed_bytes" not in found.facts


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells")
def test_the_memory_of_a_process_is_measured() -> None:
    peak, total = machine.peak_bytes(os.getpid()), memory_now()
    assert peak is not None
    assert total is not None
    assert 10**6 < peak < total.total
    assert total.available <= total.total


def test_a_figure_that_the_system_does_not_give_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "_PROCESSES", tmp_path)
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path))
    assert memory_now() is None
    assert machine.peak_bytes("self") is None
    assert machine.memory(None, None, GIGABYTE, 1).state == "ok"
    assert machine.processor().flags == ()


# Libraries ------------------------------------------------------------------------------------


def test_every_required_library_is_reported_with_its_version() -> None:
    found = libraries.libraries()
    assert found.state == "ok"
    for name in ("sherpa-onnx", "websockets", "numpy", "msgspec", "cryptography"):
        assert found.facts[name] == metadata.version(name)
    assert found.facts["onnxruntime"] == metadata.version("onnxruntime")
    assert found.facts["onnxruntime below sherpa-onnx"]
    assert "pytest" not in found.facts


def test_a_missing_library_is_a_failure_that_names_it() -> None:
    found = libraries.judge(libraries.versions(["numpy", "no-such-library"]), "1.32.0", "1.28.2")
    assert found.state == "failure"
    assert sentence(found) == "Not installed: no-such-library."


def test_a_sherpa_onnx_that_cannot_be_imported_is_a_failure() -> None:
    found = libraries.judge({"sherpa-onnx": "2.0.1"}, "1.32.0", None)
    assert found.state == "failure"
    assert "2.0.1" in sentence(found)


def test_an_onnxruntime_that_is_installed_twice_is_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "hwaja.engines.runtime._installed", lambda: ["onnxruntime", "onnxruntime-gpu"]
    )
    with pytest.raises(EngineError, match="uninstall both"):
        libraries.libraries()
