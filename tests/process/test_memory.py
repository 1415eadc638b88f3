"""The memory that is available, with and without a limit of a control group."""

import os
from pathlib import Path

import psutil
import pytest

from hwaja.process import memory
from hwaja.process.memory import Memory, memory_now, resident_bytes

HUGE = 1 << 50


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The control group of this process, without a limit."""
    group = tmp_path / "system.slice" / "hwaja.service"
    group.mkdir(parents=True)
    (tmp_path / "cgroup").write_text("1:name=systemd:/elsewhere\n0::/system.slice/hwaja.service\n")
    monkeypatch.setattr(memory, "_CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "_OWN_CGROUP", tmp_path / "cgroup")
    return group


def limit(group: Path, most: str, used: int, cached: int) -> None:
    (group / "memory.max").write_text(f"{most}\n")
    (group / "memory.current").write_text(f"{used}\n")
    (group / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def test_the_rest_of_a_limit_is_available_with_the_page_cache(group: Path) -> None:
    limit(group, "10000", used=7000, cached=500)
    assert memory_now() == Memory(10_000, 3500)


def test_an_exceeded_limit_leaves_nothing(group: Path) -> None:
    limit(group, "10000", used=12_000, cached=0)
    assert memory_now() == Memory(10_000, 0)


@pytest.mark.parametrize("most", ["max", str(HUGE)])
def test_the_machine_is_the_limit_where_the_group_has_no_lower_one(group: Path, most: str) -> None:
    limit(group, most, used=7000, cached=0)
    found = memory_now()
    assert found is not None
    assert 0 < found.available <= found.total == psutil.virtual_memory().total


def test_without_control_groups_the_machine_is_the_limit(group: Path) -> None:
    assert memory_now()


def test_a_process_has_resident_memory_until_it_ends() -> None:
    assert resident_bytes(os.getpid()) > 1_000_000
    assert resident_bytes(2**22 + 1) == 0
