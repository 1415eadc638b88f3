"""Whisper folders of CTranslate2 of the exact form of real ones, but with few weights: they run.

They write 한 whatever is said, and take it for Korean (a model that knows English only takes it for
English). The numbers of tokens, layers and bands, the names of the files and of the weights, and
the types of the weights are those of the models that others converted (docs/models.md).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ct2_folders import ct2_file
from model_files import Tensors
from numpy.typing import NDArray

from hwaja.engines.ctranslate2.whisper_tokens import _byte_of_character

_CODES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su"
)
LANGUAGES = tuple(_CODES.split())
"""Those of the models before large-v3, in the order of their tokens."""

WIDTH, HEADS, POSITIONS, CONTEXT = 16, 2, 448, 1500
WORD = "íķľ"
"""한 in GPT-2's spelling of bytes."""


@dataclass(frozen=True)
class Form:
    """What tells one Whisper from another."""

    mels: int = 80
    languages: tuple[str, ...] = LANGUAGES
    texts: int = 50257
    """Tokens before <|endoftext|>."""
    encoder_layers: int = 6
    decoder_layers: int = 6
    stored: str = "float16"
    """Type of the weights in model.bin, as the converter calls it."""


BASE = Form()
LARGE_V3 = Form(128, (*LANGUAGES, "yue"), encoder_layers=32, decoder_layers=32)
TURBO = Form(128, (*LANGUAGES, "yue"), encoder_layers=32, decoder_layers=4)
DISTIL_LARGE_V3 = Form(128, (*LANGUAGES, "yue"), encoder_layers=32, decoder_layers=2)
SMALL_EN = Form(texts=50256, encoder_layers=12, decoder_layers=12)
DISTIL_SMALL_EN = Form(texts=50256, encoder_layers=12, decoder_layers=4)


def names_of(form: Form) -> list[str]:
    """Return the vocabulary."""
    last = [""] * (form.texts == BASE.texts)  # by which CTranslate2 knows a multilingual model
    texts = [*_byte_of_character(), WORD]
    texts += [f"x{number}" for number in range(form.texts - len(texts) - len(last))] + last
    tasks = "translate transcribe startoflm startofprev nospeech notimestamps".split()  # noqa: SIM905
    special = ["endoftext", "startoftranscript", *form.languages, *tasks]
    times = [f"{0.02 * step:.2f}" for step in range(1501)]
    return texts + [f"<|{name}|>" for name in (*special, *times)]


def write_whisper(folder: Path, form: Form = BASE, vocabulary: str = "vocabulary.json") -> Path:
    """Write model.bin, config.json and the vocabulary; return the folder."""
    folder.mkdir(exist_ok=True)
    names = names_of(form)
    (folder / "model.bin").write_bytes(ct2_file(_stored(_weights(form, names), form.stored)))
    if vocabulary.endswith(".json"):
        (folder / vocabulary).write_text(json.dumps(names), encoding="utf-8")
    else:
        (folder / vocabulary).write_text("\n".join(names) + "\n", encoding="utf-8")
    codes = [f"<|{code}|>" for code in form.languages]
    change_config(
        folder,
        suppress_ids=[1, 2],
        suppress_ids_begin=[220, names.index("<|endoftext|>")],
        alignment_heads=[[form.decoder_layers - 1, 0]],
        lang_ids=[names.index(code) for code in codes],
    )
    return folder


def change_config(folder: Path, **changes: object) -> None:
    """Change keys of config.json; a value of `...` removes the key."""
    file = folder / "config.json"
    old = json.loads(file.read_text()) if file.exists() else {}
    config = {key: value for key, value in (old | changes).items() if value is not ...}
    file.write_text(json.dumps(config))


def _weights(form: Form, names: list[str]) -> Tensors:
    random = np.random.default_rng(0)

    def some(*shape: int) -> NDArray[np.float32]:
        return random.normal(0, 0.02, shape).astype(np.float32)

    weights: Tensors = {
        "encoder/num_heads": np.int16(HEADS).reshape(()),
        "encoder/conv1/weight": some(WIDTH, form.mels, 3),
        "encoder/conv1/bias": some(WIDTH),
        "encoder/conv2/weight": some(WIDTH, WIDTH, 3),
        "encoder/conv2/bias": some(WIDTH),
        "encoder/position_encodings/encodings": some(CONTEXT, WIDTH),
        **_norm("encoder/layer_norm"),
        "decoder/num_heads": np.int16(HEADS).reshape(()),
        "decoder/pre_norm": np.int8(1).reshape(()),
        "decoder/activation": np.int8(3).reshape(()),
        "decoder/alignment_layer": np.int16(-1).reshape(()),
        "decoder/alignment_heads": np.int16(1).reshape(()),
        "decoder/scale_embeddings": np.int8(0).reshape(()),
        "decoder/start_from_zero_embedding": np.int8(0).reshape(()),
        "decoder/position_encodings/encodings": some(POSITIONS, WIDTH),
        **_norm("decoder/layer_norm"),
    }
    for part, layers in (("encoder", form.encoder_layers), ("decoder", form.decoder_layers)):
        for layer in (f"{part}/layer_{number}" for number in range(layers)):
            attentions = {"self_attention": (3, 1)}
            if part == "decoder":
                attentions["attention"] = (1, 2, 1)
            for attention, widths in attentions.items():
                weights |= _norm(f"{layer}/{attention}/layer_norm")
                for number, width in enumerate(widths):
                    linear = f"{layer}/{attention}/linear_{number}"
                    weights[f"{linear}/weight"] = some(width * WIDTH, WIDTH)
                    weights[f"{linear}/bias"] = some(width * WIDTH)
            weights |= _norm(f"{layer}/ffn/layer_norm")
            for number, (to, of) in enumerate(((4 * WIDTH, WIDTH), (WIDTH, 4 * WIDTH))):
                weights[f"{layer}/ffn/linear_{number}/weight"] = some(to, of)
                weights[f"{layer}/ffn/linear_{number}/bias"] = some(to)
    return weights | _tokens(names)


def _norm(name: str) -> Tensors:
    return {f"{name}/gamma": np.ones(WIDTH, "<f4"), f"{name}/beta": np.zeros(WIDTH, "<f4")}


def _tokens(names: list[str]) -> Tensors:
    """After the start comes <|ko|>, after the prompt the word, and after the word the end."""
    after = {
        "<|startoftranscript|>": "<|ko|>",
        "<|notimestamps|>": WORD,
        WORD: "<|endoftext|>",
    }
    embeddings = np.zeros((len(names), WIDTH), np.float32)
    projection = np.zeros((len(names), WIDTH), np.float32)
    for axis, (before, following) in enumerate(after.items()):
        embeddings[names.index(before), axis] = 8
        projection[names.index(following), axis] = 8
    return {"decoder/embeddings/weight": embeddings, "decoder/projection/weight": projection}


def _stored(weights: Tensors, stored: str) -> Tensors:
    """Return weights as the converter stores them: "int8_float16" has float16 beside int8."""
    kept: Tensors = {}
    for name, weight in weights.items():
        if weight.dtype != np.float32:
            kept[name] = weight
        elif "int8" in stored and name.endswith("/weight"):
            rows = weight.reshape(len(weight), -1)
            largest = np.abs(rows).max(1)
            scale = (127 / np.where(largest == 0, 127, largest)).astype(np.float32)
            kept[name] = np.rint(rows * scale[:, np.newaxis]).astype("i1").reshape(weight.shape)
            kept[f"{name}_scale"] = scale
        elif stored.endswith("bfloat16"):  # the upper half of a float32
            kept[name] = (weight.view("<u4") >> 16).astype("<u2")
        else:
            kept[name] = weight.astype("<f2" if stored.endswith("float16") else "<f4")
    return kept
