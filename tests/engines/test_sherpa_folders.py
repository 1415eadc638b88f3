"""Model folders and model files that sherpa-onnx would end the process over."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

from hwaja.engines.exports import WhisperExport, open_export
from hwaja.engines.interface import EngineError
from hwaja.engines.sherpa import SpeakerEmbedder, load_recogniser
from hwaja.models import locate

pytestmark = pytest.mark.models


def assert_one_sentence(error: EngineError) -> None:
    assert re.fullmatch(r"[^\n]+\.", str(error))
    assert len(str(error)) > 15


Change = Callable[[Path], object]


def altered(model: str, folder: Path, change: Change) -> Path:
    """A copy of a model's folder with one fault."""
    copy = folder / "model"
    shutil.copytree(locate(model), copy, copy_function=os.symlink)
    change(copy)
    return copy


def replaced(name: str, content: Callable[[bytes], bytes]) -> Change:
    def change(folder: Path) -> None:
        before = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(content(before))

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


ENCODER, DECODER = "encoder.int8.onnx", "decoder.int8.onnx"
MOONSHINE, WHISPER = "moonshine-tiny-en", "whisper-base"

BAD_FOLDERS: dict[str, tuple[str, Change, str]] = {
    "is missing": (WHISPER, shutil.rmtree, "does not exist"),
    "has no tokens": (WHISPER, removed("tokens.txt"), r"no file named \*tokens\.txt"),
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
        "is not a Whisper encoder",
    ),
    "has an encoder without a family": (
        WHISPER,
        with_metadata(ENCODER, "model_type", None),
        "is not a Whisper encoder",
    ),
    "has an encoder that lacks metadata": (
        WHISPER,
        with_metadata(ENCODER, "n_text_layer", None),
        "lacks the metadata n_text_layer",
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
    "has an empty encoder": (WHISPER, replaced(ENCODER, lambda _: b""), "not a Whisper encoder"),
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
        replaced("tokens.txt", lambda _: "hello 1\n세계 2\n".encode()),
        "is not a token table",
    ),
    "has tokens without numbers": (
        WHISPER,
        replaced("tokens.txt", lambda _: b"IQ== one\n"),
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
    for part in ("encoder.onnx", "decoder.onnx"):
        (folder / part).symlink_to(locate("whisper-base-fp32") / part)


def test_the_faster_of_two_precisions_is_loaded(tmp_path: Path) -> None:
    """If there is only one precision, it is loaded."""
    both = altered(WHISPER, tmp_path, add_fp32)
    for folder, prefer_int8, suffix in (
        (both, True, ".int8.onnx"),
        (both, False, ".onnx"),
        (locate(WHISPER), False, ".int8.onnx"),
        (locate("whisper-base-fp32"), True, ".onnx"),
    ):
        export = open_export(folder, "ko", prefer_int8=prefer_int8)
        assert isinstance(export, WhisperExport)
        assert export.encoder == folder / f"encoder{suffix}"
        assert export.decoder == folder / f"decoder{suffix}"


def test_int8_files_are_not_read_on_cuda(tmp_path: Path) -> None:
    folder = altered(WHISPER, tmp_path, replaced(ENCODER, lambda _: b"junk"))
    add_fp32(folder)
    with pytest.raises(EngineError, match="is not an ONNX file"):
        load_recogniser(folder, "en", provider="cpu")
    with pytest.raises(EngineError, match="knows no CUDA"):
        load_recogniser(folder, "en", provider="cuda")


@pytest.mark.parametrize(
    ("name", "language"),
    [(MOONSHINE, "ko"), (WHISPER, "xx"), (WHISPER, ""), (WHISPER, "en,ko"), (WHISPER, "한국어")],
)
def test_a_language_that_the_model_lacks_is_named_in_the_error(name: str, language: str) -> None:
    with pytest.raises(EngineError, match=re.escape(repr(language))) as caught:
        load_recogniser(locate(name), language)
    assert_one_sentence(caught.value)


def fourth_output(change: Callable[[onnx.GraphProto], object]) -> Change:
    """Change the graph of the decoder, whose fourth output is the cross-attention."""

    def changed(folder: Path) -> None:
        model = onnx.load(folder / DECODER)
        change(model.graph)
        (folder / DECODER).unlink()
        onnx.save(model, folder / DECODER)

    return changed


def without_it(graph: onnx.GraphProto) -> None:
    del graph.output[3]


def with_another(graph: onnx.GraphProto) -> None:
    """Replace it by an output with one axis, which sherpa-onnx would use instead."""
    graph.node.append(onnx.helper.make_node("Identity", ["offset"], ["offset_again"]))
    del graph.output[3]
    value = onnx.helper.make_tensor_value_info("offset_again", onnx.TensorProto.INT64, (1,))
    graph.output.append(value)


def with_fewer_axes(graph: onnx.GraphProto) -> None:
    graph.node.append(
        onnx.helper.make_node("Flatten", [graph.output[3].name], ["flat"], name="flatten")
    )
    for node in graph.node:
        node.output[:] = [{ALIGNMENT: "apart", "flat": ALIGNMENT}.get(n, n) for n in node.output]
        node.input[:] = ["apart" if name == ALIGNMENT else name for name in node.input]
    value = onnx.helper.make_tensor_value_info(ALIGNMENT, onnx.TensorProto.FLOAT, ("a", "b"))
    graph.output[3].CopyFrom(value)


ALIGNMENT = "cross_attention_weights"
UNDATED: dict[str, Change] = {
    "has no cross-attention": fourth_output(without_it),
    "has something else in its place": fourth_output(with_another),
    "has it with fewer axes": fourth_output(with_fewer_axes),
}

HEAR = """
import pathlib, sys
from hwaja.client.sound_files import load_pcm16
from hwaja.engines.interface import EngineError
from hwaja.engines.sherpa import load_recogniser
from hwaja.models import locate
from hwaja.protocol.values import Options
import numpy as np
pcm = load_pcm16(locate("english-clips") / "beckett.wav")
samples = np.frombuffer(pcm, "<i2")[:64000].astype(np.float32) / 32768
heard = load_recogniser(pathlib.Path(sys.argv[1]), "en").recognise(samples, Options())
print(heard.text, "|", len(heard.tokens))
"""


@pytest.mark.parametrize("case", UNDATED)
def test_a_whisper_without_token_times_gives_text_without_tokens(case: str, tmp_path: Path) -> None:
    """No warning is printed. It runs in a separate process, since sherpa-onnx may end it."""
    folder = altered(WHISPER, tmp_path, UNDATED[case])
    command = [sys.executable, "-c", HEAR, str(folder)]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(r".*failed.* \| 0\n", ended.stdout)


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
from hwaja.engines.sherpa import load_recogniser
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
        replaced("tokens.txt", lambda content: b"\n".join(content.split(b"\n")[:100])),
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
        lambda folder: ((folder / "tokens.txt").unlink(), (folder / "tokens.txt").mkdir()),
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
