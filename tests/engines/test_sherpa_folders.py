"""Model folders and model files that an engine would end the process over."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from whisper_exports import DECODER, ENCODER, TOKENS, write_whisper

from hwaja.engines.interface import EngineError
from hwaja.engines.loading import SpeakerEmbedder, load_recogniser
from hwaja.engines.model_checks.exports import open_export
from hwaja.engines.model_checks.offline_exports import OfflineExport
from hwaja.models import locate

pytestmark = pytest.mark.models


def assert_one_sentence(error: EngineError) -> None:
    assert re.fullmatch(r"[^\n]+\.", str(error))
    assert len(str(error)) > 15


Change = Callable[[Path], object]


def altered(model: str, folder: Path, change: Change) -> Path:
    """A copy of a model's folder with one fault."""
    copy = folder / ("whisper" if model == WHISPER else model)
    if model == WHISPER:
        write_whisper(copy)
    else:
        shutil.copytree(locate(model), copy, copy_function=os.symlink)
    change(copy)
    return copy


def replaced(name: str, content: Callable[[bytes], bytes]) -> Change:
    def change(folder: Path) -> None:
        before = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(content(before))

    return change


def with_graph(name: str, alter: Callable[[onnx.GraphProto], object]) -> Change:
    """Change the graph of an ONNX file."""

    def change(folder: Path) -> None:
        model = onnx.load(folder / name)
        alter(model.graph)
        onnx.save(model, folder / name)

    return change


def removed(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def with_metadata(name: str, key: str, value: str | None) -> Change:
    """Set a key of an ONNX file's metadata, or remove it."""

    def change(folder: Path) -> None:
        model = onnx.load(folder / name)
        kept = {e.key: e.value for e in model.metadata_props if e.key != key}
        onnx.helper.set_model_props(model, kept | ({} if value is None else {key: value}))
        (folder / name).unlink()
        onnx.save(model, folder / name)

    return change


MOONSHINE, WHISPER = "moonshine-tiny-en", "an export of Whisper"

BAD_FOLDERS: dict[str, tuple[str, Change, str]] = {
    "is missing": (WHISPER, shutil.rmtree, "does not exist"),
    "has no tokens": (WHISPER, removed(TOKENS), r"no file named \*tokens\.txt"),
    "has no encoder": (WHISPER, removed(ENCODER), r"no file named \*encoder\*\.onnx"),
    "has no decoder": (WHISPER, removed(DECODER), r"no file named \*decoder\*\.onnx"),
    "has two token tables": (
        WHISPER,
        lambda folder: (folder / "old-tokens.txt").write_bytes(b""),
        r"2 files named \*tokens\.txt",
    ),
    "has two encoders": (
        WHISPER,
        lambda folder: (
            (folder / ENCODER).rename(folder / "base-encoder.onnx"),
            shutil.copy(folder / "base-encoder.onnx", folder / "tiny-encoder.onnx"),
        ),
        r"2 files named \*encoder\*\.onnx",
    ),
    "has two Moonshine decoders": (
        MOONSHINE,
        lambda folder: (folder / "old_decoder.ort").write_bytes(b""),
        r"2 files named \*decoder\*\.ort",
    ),
    "has an encoder of another family": (
        WHISPER,
        with_metadata(ENCODER, "model_type", "zipformer2"),
        "is of no family of models",
    ),
    "has an encoder without a family": (
        WHISPER,
        with_metadata(ENCODER, "model_type", None),
        "is of no family of models",
    ),
    "has an encoder that lacks metadata": (
        WHISPER,
        with_metadata(ENCODER, "n_text_layer", None),
        "lacks the metadata n_text_layer",
    ),
    "has an encoder without a number of tokens": (
        WHISPER,
        with_metadata(ENCODER, "n_vocab", None),
        "lacks the metadata n_vocab",
    ),
    "has an encoder that names a token beyond the last": (
        WHISPER,
        with_metadata(ENCODER, "all_language_tokens", "5,1000000"),
        "names tokens that the model does not have",
    ),
    "has an encoder that names no task": (
        WHISPER,
        with_metadata(ENCODER, "sot_sequence", "4,5"),
        "sot_sequence that is too short",
    ),
    "has an encoder for no bands": (
        WHISPER,
        with_metadata(ENCODER, "n_mels", "0"),
        "does not agree with the graphs",
    ),
    "has an encoder for more bands": (
        WHISPER,
        with_metadata(ENCODER, "n_mels", "128"),
        "does not agree with the graphs",
    ),
    "has an encoder for a longer cache": (
        WHISPER,
        with_metadata(ENCODER, "n_text_ctx", "448"),
        "does not agree with the graphs",
    ),
    "has an encoder for a cache larger than memory": (
        WHISPER,
        lambda folder: [
            with_metadata(ENCODER, key, "1000000")(folder) for key in ("n_text_ctx", "n_text_state")
        ],
        "n_text_layer, n_text_ctx, n_text_state that cannot be",
    ),
    "was made by an hwaja before CTranslate2": (
        WHISPER,
        with_metadata(ENCODER, "adds_silence", "1"),
        "run `hwaja models pull whisper-base`",
    ),
    "has a decoder whose inputs have another order": (
        WHISPER,
        with_graph(DECODER, lambda graph: graph.input.append(graph.input.pop(0))),
        "is not a Whisper decoder",
    ),
    "has a decoder without a cache": (
        WHISPER,
        with_graph(DECODER, lambda graph: graph.output.pop(2)),
        "is not a Whisper decoder",
    ),
    "has an encoder that is not ONNX": (
        WHISPER,
        replaced(ENCODER, lambda _: b"<html>Not found</html>"),
        "is not an ONNX file",
    ),
    "has an encoder that was cut off": (
        WHISPER,
        replaced(ENCODER, lambda content: content[: len(content) // 2]),
        "is not an ONNX file",
    ),
    "has an empty encoder": (WHISPER, replaced(ENCODER, lambda _: b""), "of no family"),
    "has an encoder for a decoder": (
        WHISPER,
        lambda folder: (
            (folder / ENCODER).replace(folder / DECODER)
            and shutil.copy(folder / DECODER, folder / ENCODER)
        ),
        "is not a Whisper decoder",
    ),
    "has words for tokens": (
        WHISPER,
        replaced(TOKENS, lambda _: "hello 1\n세계 2\n".encode()),
        "is not a token table",
    ),
    "has tokens without numbers": (
        WHISPER,
        replaced(TOKENS, lambda _: b"IQ== one\n"),
        "is not a token table",
    ),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_an_unusable_folder_is_explained(case: str, tmp_path: Path) -> None:
    model, change, sentence = BAD_FOLDERS[case]
    with pytest.raises(EngineError, match=sentence) as caught:
        load_recogniser(altered(model, tmp_path, change), "en")
    assert_one_sentence(caught.value)


def add_fp32(folder: Path) -> None:
    for part in (ENCODER, DECODER):
        shutil.copy(folder / part, folder / part.replace(".int8", ""))


def test_of_two_precisions_the_one_that_is_faster_there_is_taken(tmp_path: Path) -> None:
    """And the only one where there is but one."""
    only, both = write_whisper(tmp_path / "only"), altered(WHISPER, tmp_path, add_fp32)
    for folder, prefer_int8, suffix in (
        (both, True, ".int8.onnx"),
        (both, False, ".onnx"),
        (only, False, ".int8.onnx"),
    ):
        export = open_export(folder, "ko", prefer_int8=prefer_int8)
        assert isinstance(export, OfflineExport)
        assert export.files["encoder"] == folder / f"tiny-encoder{suffix}"
        assert export.files["decoder"] == folder / f"tiny-decoder{suffix}"


def test_on_cuda_the_int8_files_are_not_even_looked_at(tmp_path: Path) -> None:
    folder = altered(WHISPER, tmp_path, add_fp32)
    (folder / ENCODER).write_bytes(b"junk")
    with pytest.raises(EngineError, match="is not an ONNX file"):
        load_recogniser(folder, "en", provider="cpu")
    load_recogniser(folder, "en", provider="cuda")


@pytest.mark.parametrize(
    ("name", "language"),
    [(MOONSHINE, "ko"), (WHISPER, "xx"), (WHISPER, ""), (WHISPER, "en,ko"), (WHISPER, "한국어")],
)
def test_a_language_that_the_model_does_not_know_is_named(
    name: str, language: str, tmp_path: Path
) -> None:
    with pytest.raises(EngineError, match=re.escape(repr(language))) as caught:
        load_recogniser(altered(name, tmp_path, lambda _: None), language)
    assert_one_sentence(caught.value)


def not_for_voices() -> Path:
    return locate("silero-vad") / "silero_vad.onnx"


BAD_EMBEDDERS: dict[str, tuple[Change, str]] = {
    "is missing": (removed("campplus.onnx"), "does not exist"),
    "is not ONNX": (replaced("campplus.onnx", lambda _: b"junk"), "is not an ONNX file"),
    "is for telephones": (
        with_metadata("campplus.onnx", "sample_rate", "8000"),
        "is not for 16000 Hz",
    ),
    "lacks metadata": (
        with_metadata("campplus.onnx", "normalize_samples", None),
        "lacks the metadata normalize_samples",
    ),
    "is another model": (
        replaced("campplus.onnx", lambda _: not_for_voices().read_bytes()),
        "lacks the metadata",
    ),
}


@pytest.mark.parametrize("case", BAD_EMBEDDERS)
def test_an_unusable_speaker_model_is_explained(case: str, tmp_path: Path) -> None:
    change, sentence = BAD_EMBEDDERS[case]
    with pytest.raises(EngineError, match=sentence) as caught:
        SpeakerEmbedder(altered("campplus", tmp_path, change) / "campplus.onnx")
    assert_one_sentence(caught.value)


LOAD = """
import pathlib, sys
from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.offline_exports import OfflineExport
from hwaja.engines.loading import load_recogniser
try:
    load_recogniser(pathlib.Path(sys.argv[1]), "en")
except EngineError as error:
    print(error)
"""

DAMAGED: dict[str, tuple[str, Change]] = {
    "Moonshine encoder is junk": (MOONSHINE, replaced("encoder_model.ort", lambda _: b"junk" * 9)),
    "Moonshine tokens are words": (MOONSHINE, replaced("tokens.txt", lambda _: b"\xff hello\n")),
    "Moonshine tokens are missing": (MOONSHINE, replaced("tokens.txt", lambda _: b"")),
    "Whisper tokens were cut off": (
        WHISPER,
        replaced(TOKENS, lambda content: b"\n".join(content.split(b"\n")[:2])),
    ),
    "Whisper metadata has no languages' tokens": (
        WHISPER,
        with_metadata(ENCODER, "all_language_tokens", None),
    ),
    "Whisper metadata asks for more tokens than memory holds": (
        WHISPER,
        with_metadata(ENCODER, "eot", str(10**15)),
    ),
    "Whisper metadata is no number": (WHISPER, with_metadata(ENCODER, "sot_sequence", "x")),
    "tokens are a folder": (
        WHISPER,
        lambda folder: ((folder / TOKENS).unlink(), (folder / TOKENS).mkdir()),
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_model_is_explained_and_does_not_end_the_process(
    case: str, tmp_path: Path
) -> None:
    model, change = DAMAGED[case]
    folder = altered(model, tmp_path, change)
    command = [sys.executable, "-c", LOAD, str(folder)]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert re.fullmatch(rb"[^\n]+\n", ended.stdout)
