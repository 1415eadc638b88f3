"""Imports that fail midway, at once with others, or in the trial: nothing of them is left."""

import os
import pickle
import re
import threading
from collections.abc import Callable
from pathlib import Path

import offline_models
import pytest
from ct2_folders import write_ct2_folder
from model_files import tar_bz2
from model_fixtures import folders
from whisper_folders import write_whisper

from hwaja.engines import trial
from hwaja.engines.interface import EngineError
from hwaja.models import ModelError
from hwaja.models.importing import import_model


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def accepts(_folder: Path) -> list[str]:
    return []


class Changing:
    """Changes a folder when the first of its files was copied."""

    def __init__(self, change: Callable[[], object]) -> None:
        self.change = change
        self.calls = 0

    def __call__(self, _file: str, _have: int, _total: int) -> None:
        self.calls += 1
        if self.calls == 1:
            self.change()


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file grows": (lambda folder: _append(folder / "b.txt"), "has changed while it was read"),
    "a file that was read is replaced": (
        lambda folder: (folder / "a.onnx").write_bytes(b"2"),
        "has changed while it was read",
    ),
    "a file comes": (
        lambda folder: (folder / "c.txt").write_bytes(b"3"),
        "has changed while it was read",
    ),
    "a file goes": (lambda folder: (folder / "b.txt").unlink(), "cannot be read"),
    "a file becomes a link": (lambda folder: _linked(folder / "b.txt"), "cannot be read"),
    "a file becomes a pipe": (lambda folder: _piped(folder / "b.txt"), "no plain file"),
}


def _append(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"more")


def _linked(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/passwd")


def _piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("case", CHANGES)
def test_a_folder_that_changes_while_it_is_copied_is_refused(
    case: str, tmp_path: Path, root: Path
) -> None:
    change, sentence = CHANGES[case]
    source = tmp_path / "m"
    source.mkdir()
    for name in ("a.onnx", "b.txt"):
        (source / name).write_bytes(b"1")
        os.utime(source / name, (1, 1))
    changing = Changing(lambda: change(source))
    with pytest.raises(ModelError, match=sentence):
        import_model(source, accepts, progress=changing)
    assert changing.calls > 0
    assert folders(root) == set()


def test_a_folder_that_changes_during_the_trial_is_imported_as_it_was_copied(
    tmp_path: Path, root: Path
) -> None:
    source = tmp_path / "m"
    source.mkdir()
    (source / "model.onnx").write_bytes(b"1")

    def changed(_folder: Path) -> list[str]:
        (source / "model.onnx").write_bytes(b"other")
        return []

    assert (import_model(source, changed) / "model.onnx").read_bytes() == b"1"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_is_no_damaged_archive(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "m.tar.bz2"
    archive.write_bytes(tar_bz2(("m/model.onnx", b"1")))
    real = Path.open

    def full(path: Path, *arguments: object) -> object:
        return (
            real(Path("/dev/full"), "wb", 0)
            if path.name == "model.onnx"
            else real(path, *arguments)
        )  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ModelError, match=r"There is no space left in .* for m"):
        import_model(archive, accepts)
    assert folders(root) == set()


def test_two_imports_at_once_give_two_models(tmp_path: Path, root: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_bytes(name.encode())
    together = threading.Barrier(2)

    def run(name: str) -> None:
        together.wait(timeout=10)
        import_model(tmp_path / name, accepts)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert folders(root) == {"one", "two"}


def test_what_a_killed_import_left_is_removed_by_the_next(tmp_path: Path, root: Path) -> None:
    (root / ".import.killed").mkdir(parents=True)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.onnx").write_bytes(b"1")
    import_model(tmp_path / "m", accepts)
    assert folders(root) == {"m"}


def whisper_without(name: str) -> Callable[[Path], object]:
    return lambda folder: (write_whisper(folder) / name).unlink()


def truncated(folder: Path) -> None:
    file = write_whisper(folder) / "model.bin"
    file.write_bytes(file.read_bytes()[:1_000_000])


def pickled(folder: Path) -> None:
    write_ct2_folder(folder)
    (folder / "model.bin").write_bytes(pickle.dumps({"weights": [0.0] * 100}))


def graph_alone(folder: Path) -> None:
    whole = offline_models.write("sense-voice", folder)
    (whole / "tokens.txt").unlink()


def of_another_family(folder: Path) -> None:
    whole = offline_models.write("sense-voice", folder)
    (*_, graph) = whole.glob("*.onnx")
    graph.rename(folder / "encoder.onnx")


NO_RECOGNISERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "without weights": (whisper_without("model.bin"), r"has no file named"),
    "without a configuration": (whisper_without("config.json"), r"config\.json is missing"),
    "without a vocabulary": (whisper_without("vocabulary.json"), r"has no vocabulary\.json"),
    "with truncated weights": (truncated, r"truncated|cannot be loaded"),
    "with a pickle for weights": (pickled, r"not a Whisper model"),
    "without a token table": (graph_alone, r"tokens\.txt"),
    "of another family": (of_another_family, r"has no file named"),
}


@pytest.mark.parametrize("case", NO_RECOGNISERS)
def test_a_folder_that_is_no_whole_recogniser_is_refused_by_the_trial(
    case: str, tmp_path: Path, root: Path
) -> None:
    make, sentence = NO_RECOGNISERS[case]
    source = tmp_path / "my-model"
    source.mkdir()
    make(source)
    with pytest.raises(EngineError, match=sentence) as caught:
        import_model(source, trial.try_out)
    assert re.fullmatch(r"[^\n]+\.", str(caught.value))
    assert str(root) not in str(caught.value)
    assert folders(root) == set()
