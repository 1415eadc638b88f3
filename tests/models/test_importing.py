"""Importing: a recogniser that was fetched elsewhere becomes a model of the cache, or nothing."""

import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
import offline_models
import pytest
from model_files import tar_bz2, zipped
from model_fixtures import LICENCE, NEVER, entry, folders, offer, sha256
from whisper_folders import LANGUAGES, write_whisper

from hwaja.cli.main import main
from hwaja.engines import trial
from hwaja.engines.interface import EngineError, Utterance
from hwaja.engines.loading import load_recogniser
from hwaja.models import ModelError, damaged_files, find, locate
from hwaja.models.cache import PROVENANCE
from hwaja.models.catalogue import Archive, CatalogueEntry, File, Member, Source
from hwaja.models.digests import FILE as DIGESTS
from hwaja.models.importing import import_model, remove

GRAPH, TOKENS = b"a graph" * 1000, b"a 0\n"
FILES = {"model.onnx": GRAPH, "tokens.txt": TOKENS}


def accepts(_folder: Path) -> Collection[str]:
    return ["ko"]


def refuses(_folder: Path) -> Collection[str]:
    raise EngineError("It is none.")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as somebody may have it."""
    return write(tmp_path / "my-model", FILES | {"test_wavs/0.wav": b"RIFF", "export.py": b"1"})


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def packed(mode: str, files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def test_an_imported_folder_is_a_model_with_the_name_of_the_folder(
    source: Path, root: Path
) -> None:
    folder = import_model(source, accepts)
    assert folder == root / "my-model" == locate("my-model")
    assert {file.name for file in folder.iterdir()} == {*FILES, PROVENANCE}
    assert (folder / "model.onnx").read_bytes() == GRAPH
    assert folders(root) == {"my-model"}


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".tar", lambda files: packed("w", files)),
        (".tar.bz2", lambda files: packed("w:bz2", files)),
        (".tar.gz", lambda files: packed("w:gz", files)),
        (".tgz", lambda files: packed("w:gz", files)),
        (".tar.xz", lambda files: packed("w:xz", files)),
        (".zip", zipped),
    ],
)
@pytest.mark.parametrize("top", ["", "my-model/", "./my-model/"])
def test_an_archive_is_imported_whether_or_not_it_has_one_folder_for_all(
    suffix: str,
    pack: Callable[[dict[str, bytes]], bytes],
    top: str,
    tmp_path: Path,
    root: Path,
) -> None:
    archive = tmp_path / f"packed-1.0{suffix}"
    files = {"README.md": b"#", "__MACOSX/my-model/._model.onnx": b"\0"} if top else {}
    archive.write_bytes(pack({f"{top}{name}": content for name, content in FILES.items()} | files))
    folder = import_model(archive, accepts)
    assert folder == root / "packed-1.0"
    assert {file.name for file in folder.iterdir()} == {*FILES, PROVENANCE}
    assert archive.exists()


def test_xz_of_several_streams_is_read_to_its_end(tmp_path: Path, root: Path) -> None:
    """As parallel programs write it."""
    import lzma

    whole = packed("w", FILES)
    archive = tmp_path / "model.tar.xz"
    archive.write_bytes(lzma.compress(whole[:3000]) + bytes(4) + lzma.compress(whole[3000:]))
    assert (import_model(archive, accepts) / "model.onnx").read_bytes() == GRAPH


def test_the_files_of_a_tokenizer_stay_in_their_folder(tmp_path: Path, root: Path) -> None:
    files = FILES | {"tokenizer/vocab.json": b"{}", "onnx/other.onnx": b"1", "a/b/tokens.txt": b"1"}
    folder = import_model(write(tmp_path / "llm", files), accepts)
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == {
        *(*FILES, PROVENANCE),
        *("tokenizer", "tokenizer/vocab.json"),
    }


def test_an_imported_model_is_known_by_its_provenance(source: Path, root: Path) -> None:
    folder = import_model(source, lambda _: ["ko", "en"], name="called")
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    assert provenance["files"] == {name: sha256(content) for name, content in FILES.items()}
    assert provenance["imported_from"] == "my-model"
    model = find("called", root)
    assert (model.languages, model.is_imported) == ({"ko", "en"}, True)


def test_an_imported_model_that_changed_is_not_used(source: Path, root: Path) -> None:
    (import_model(source, accepts) / "model.onnx").write_bytes(b"others")
    with pytest.raises(
        ModelError, match=r"since it was imported \(model\.onnx\).* import it again"
    ):
        locate("my-model")
    assert damaged_files(find("my-model", root), root) == ("model.onnx",)


def test_a_folder_that_is_no_recogniser_leaves_nothing(source: Path, root: Path) -> None:
    with pytest.raises(EngineError, match=r"^It is none\.$"):
        import_model(source, refuses)
    assert folders(root) == set()


def test_the_copy_is_checked_and_not_the_source(source: Path, root: Path) -> None:
    """Under the name of the model, which says the language of some families."""
    checked = []

    def noted(folder: Path) -> Collection[str]:
        checked.append(folder)
        assert {file.name for file in folder.iterdir()} == {*FILES}
        return []

    import_model(source, noted)
    assert [folder.name for folder in checked] == ["my-model"]
    assert checked[0].is_relative_to(root)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "a/b", ".hidden", "downloads", "digests.json", "한국어", "x" * 101],
)
def test_a_name_is_one_folder_of_the_cache(name: str, source: Path, root: Path) -> None:
    if name == "":
        source = source.rename(source.with_name("한국어"))
    with pytest.raises(ModelError, match=r"cannot be the name of a model; .* with --name\.$"):
        import_model(source, accepts, name=name or None)
    assert not root.exists() or folders(root) == set()


@pytest.mark.parametrize("name", ["files", "import", "A_1.0+b-c"])
def test_any_other_name_is_taken(name: str, source: Path, root: Path) -> None:
    assert import_model(source, accepts, name=name) == root / name == locate(name)


def test_a_name_that_is_taken_is_refused(source: Path, root: Path) -> None:
    folder = import_model(source, accepts)
    (source / "tokens.txt").write_bytes(b"b 0\n")
    with pytest.raises(ModelError, match=r"There is a model my-model .* models remove my-model$"):
        import_model(source, accepts)
    assert (folder / "tokens.txt").read_bytes() == TOKENS


def test_a_name_of_the_catalogue_is_refused_for_other_files(
    source: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, entry(NEVER))
    with pytest.raises(ModelError, match="tiny is the name of a model of the catalogue"):
        import_model(source, accepts, name="tiny")
    assert folders(root) == set()


def test_an_imported_model_can_be_removed(source: Path, root: Path) -> None:
    import_model(source, accepts, name="my-other")
    import_model(source, accepts)
    remove("my-model")
    assert folders(root) == {"my-other"}
    with pytest.raises(ModelError, match="There is no model 'my-model'"):
        remove("my-model")


def test_a_model_that_was_not_pulled_cannot_be_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(monkeypatch, entry(NEVER))
    with pytest.raises(ModelError, match="The model tiny is not in"):
        remove("tiny")


CONTENT = tar_bz2(
    ("tiny/LICENSE", LICENCE.encode()),
    ("tiny/encoder-epoch-99.onnx", GRAPH),
    ("tiny/unwanted.onnx", b"other weights"),
    ("tiny/tokens.txt", TOKENS),
)


def catalogued() -> CatalogueEntry:
    members = (
        Member("encoder.onnx", "tiny/encoder-epoch-99.onnx", sha256(GRAPH)),
        Member("tokens.txt", "tiny/tokens.txt"),
    )
    archive = Archive("https://a/sherpa-tiny.tar.bz2", sha256(CONTENT), len(CONTENT))
    return entry(Source((), members, (archive,)))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> CatalogueEntry:
    offer(monkeypatch, catalogued())
    return catalogued()


def is_like_a_pulled_one(folder: Path, root: Path) -> bool:
    text = (folder / "LICENSE").read_text(encoding="utf-8")
    return (
        folder == root / "tiny" == locate("tiny")
        and {file.name for file in folder.iterdir()}
        == {"encoder.onnx", "tokens.txt", "LICENSE", PROVENANCE}
        and "SPDX-License-Identifier: MIT" in text
    )


def test_an_archive_of_the_catalogue_becomes_its_model(
    tmp_path: Path, root: Path, known: CatalogueEntry
) -> None:
    archive = tmp_path / "sherpa-tiny.tar.bz2"
    archive.write_bytes(CONTENT)
    folder = import_model(archive, refuses)
    assert is_like_a_pulled_one(folder, root)
    assert LICENCE in (folder / "LICENSE").read_text(encoding="utf-8")
    assert not find("tiny", root).is_imported


def test_the_files_of_an_archive_of_the_catalogue_become_its_model(
    tmp_path: Path, root: Path, known: CatalogueEntry
) -> None:
    source = write(
        tmp_path / "whatever",
        {"encoder-epoch-99.onnx": GRAPH, "tokens.txt": TOKENS, "x.onnx": b"1"},
    )
    assert is_like_a_pulled_one(import_model(source, refuses), root)


def test_a_model_that_was_pulled_on_another_machine_becomes_the_same_model(
    tmp_path: Path, root: Path, known: CatalogueEntry
) -> None:
    source = write(
        tmp_path / "tiny",
        {"encoder.onnx": GRAPH, "tokens.txt": TOKENS, PROVENANCE: b"{}", "LICENSE": b"MIT"},
    )
    assert is_like_a_pulled_one(import_model(source, refuses), root)


def test_an_archive_with_a_name_of_the_catalogue_and_other_bytes_is_refused(
    tmp_path: Path, root: Path, known: CatalogueEntry
) -> None:
    archive = tmp_path / "sherpa-tiny.tar.bz2"
    archive.write_bytes(CONTENT + b"\0")
    with pytest.raises(ModelError, match=r"^sherpa-tiny\.tar\.bz2 has the wrong size: .*--name\.$"):
        import_model(archive, accepts)
    assert not root.exists()
    assert import_model(archive, accepts, name="mine") == root / "mine"


def test_files_of_the_catalogue_can_have_a_name_of_their_own(
    tmp_path: Path, root: Path, known: CatalogueEntry
) -> None:
    source = write(tmp_path / "m", {"encoder-epoch-99.onnx": GRAPH, "tokens.txt": TOKENS})
    assert import_model(source, accepts, name="mine") == root / "mine"
    assert is_like_a_pulled_one(import_model(source, refuses, name="tiny"), root)


def test_other_weights_under_the_same_names_are_another_model(
    tmp_path: Path, root: Path, known: CatalogueEntry
) -> None:
    source = write(tmp_path / "m", {"encoder-epoch-99.onnx": b"others", "tokens.txt": TOKENS})
    assert import_model(source, accepts) == root / "m"


def test_files_with_addresses_become_the_model_of_the_catalogue_and_are_recorded(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "https://a/b/tiny/resolve/1"
    files = File(f"{address}/model.bin", sha256(GRAPH)), File(f"{address}/config.json")
    offer(monkeypatch, entry(Source(files=files)))
    source = write(tmp_path / "m", {"model.bin": GRAPH, "config.json": b"{}"})
    folder = import_model(source, refuses)
    recorded = json.loads((root / DIGESTS).read_text(encoding="utf-8"))
    assert recorded[f"{address}/config.json"]["sha256"] == sha256(b"{}")
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    assert provenance["archives"][f"{address}/config.json"] == sha256(b"{}")
    shutil.rmtree(folder)
    (source / "config.json").write_bytes(b"{ }")
    with pytest.raises(ModelError, match=r"^config\.json has changed since it was first pulled"):
        import_model(source, refuses)
    assert (source / "config.json").exists()


def test_a_pull_without_a_network_says_what_to_fetch_and_how_to_import_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base = "http://127.0.0.1:1/b/tiny/resolve/1"
    files = tuple(File(f"{base}/{name}") for name in ("model.bin", "config.json"))
    offer(monkeypatch, entry(Source(files=files)))
    assert main(["models", "pull", "tiny"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"fetch {base}/model.bin {base}/config.json on another machine" in line
    assert line.endswith("give a folder with these files to: hwaja models import")


def test_an_imported_recogniser_recognises(tmp_path: Path, root: Path) -> None:
    """Through the real trial, from a folder of CTranslate2."""
    source = write_whisper(tmp_path / "my-whisper")
    folder = import_model(source, trial.try_out)
    assert find("my-whisper", root).languages == {*LANGUAGES}
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 16_000).astype(np.float32)
    assert load_recogniser(folder, "ko").recognise(Utterance(noise)).text == "한"


def test_an_imported_recogniser_can_have_a_tokenizer_in_a_folder(
    tmp_path: Path, root: Path
) -> None:
    (tmp_path / "my-qwen").mkdir()
    source = offline_models.write("qwen3-asr", tmp_path / "my-qwen")
    import_model(source, trial.try_out)
    assert "ko" in find("my-qwen", root).languages
    folder = locate("my-qwen")
    (vocabulary,) = folder.glob("*/vocab.json")
    vocabulary.write_text("{}")
    with pytest.raises(ModelError, match=rf"{vocabulary.parent.name}/vocab\.json"):
        locate("my-qwen")


def test_the_command_imports_lists_and_removes(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A model of sherpa-onnx in a zip file, through the real trial."""
    (tmp_path / "sense").mkdir()
    folder = offline_models.write("sense-voice", tmp_path / "sense")
    archive = tmp_path / "sense.zip"
    with zipfile.ZipFile(archive, "w") as written:
        for file in folder.iterdir():
            written.write(file, file.name)
    assert main(["models", "import", str(archive), "--name", "mine"]) == 0
    assert capsys.readouterr().err == f"mine: {root / 'mine'}\n"
    assert main(["models", "list"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "imported" in rows["mine"]
    assert "en ja ko yue zh" in rows["mine"]
    assert main(["models", "path", "mine"]) == 0
    assert main(["models", "remove", "mine"]) == 0
    assert folders(root) == set()


def test_the_command_says_in_one_line_why_a_folder_is_none(
    source: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", "import", str(source)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "hwaja: my-model/model.onnx is not an ONNX file (DecodeError)."
    assert folders(root) == set()
