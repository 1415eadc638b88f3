"""Checks the offline models that write text with a language model: Qwen3-ASR and FunASR Nano."""

import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.engines.model_checks.model_files import FLOAT, FLOAT16, MAX_NUMBER, Model, Shape, axis_of
from hwaja.engines.model_checks.offline_checks import MAX_CACHE, Checked, Parts, shapes_agree

QWEN_LANGUAGES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fi": "Finnish",
    "fil": "Filipino",
    "fr": "French",
    "hi": "Hindi",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "mk": "Macedonian",
    "ms": "Malay",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "vi": "Vietnamese",
    "yue": "Cantonese",
    "zh": "Chinese",
}
"""The languages of Qwen3-ASR, as its prompt names them (its model card)."""

FUNASR_LANGUAGES = {"en": "英文", "ja": "日文", "ko": "韩文", "yue": "粤语", "zh": "中文"}
"""Languages of FunASR Nano, as its prompt names them (its model card).

Korean and Cantonese are languages of the multilingual model only; the files do not tell it apart.
"""

_DETECTED = {AUTO_LANGUAGE: ""}

MAX_CONTEXT_TOKENS = 1024
"""Length of the cache where the model does not fix it: 30 s of audio are 390 tokens."""

_MAX_NEW_TOKENS = 256  # in 30 s of speech, somebody says some 200

_MAX_TOKENIZER_BYTES = 64 * 1024 * 1024  # those of Qwen3 have 11 MB


def check_qwen3_asr(parts: Parts) -> Checked:
    """Check Qwen3-ASR.

    Raises:
        EngineError: where sherpa-onnx could not run it.

    """
    decoder = parts.models["decoder"]
    longest = _check_cache(decoder, first=4)
    folder = _tokenizer_folder(parts.folder)
    tokens = _words(folder) | _added(
        folder / "tokenizer_config.json", "added_tokens_decoder", mapping=True
    )
    _check_tokens(folder, tokens, decoder, ("<|im_end|>", "<|audio_pad|>", "<asr_text>"))
    _check_widths(
        parts.folder,
        (next(iter(parts.models["encoder"].outputs.values())), [*decoder.inputs.values()][1]),
    )
    settings = {"max_total_len": longest, "max_new_tokens": _MAX_NEW_TOKENS}
    return Checked({"tokenizer": folder}, settings, QWEN_LANGUAGES | _DETECTED)


def check_funasr_nano(parts: Parts) -> Checked:
    """Check FunASR Nano.

    Raises:
        EngineError: where sherpa-onnx could not run it.

    """
    llm = parts.models["llm"]
    if "kv_delta" not in llm.metadata.get("model_type", ""):
        raise EngineError(f"{llm.path} is no model that adds to its cache (kv_delta).")
    longest = parts.number("llm", "max_total_len")
    if _check_cache(llm, first=3, longest=longest) != longest:
        raise EngineError(f"{llm.path} has metadata max_total_len that does not fit the graph.")
    layers = parts.numbers["llm"].get("num_layers")
    if layers and 2 * layers[0] != len(llm.outputs) - 1:
        raise EngineError(f"{llm.path} has metadata num_layers that does not fit the graph.")
    folder = _tokenizer_folder(parts.folder)
    tokens = _words(folder) | _added(folder / "tokenizer.json", "added_tokens", mapping=False)
    _check_tokens(folder, tokens, llm, ("<|im_start|>", "<|im_end|>"))
    _check_widths(
        parts.folder,
        (
            (parts.number("encoder_adaptor", "llm_dim"),),
            next(iter(parts.models["encoder_adaptor"].outputs.values())),
            next(iter(parts.models["embedding"].outputs.values())),
            next(iter(llm.inputs.values())),
        ),
    )
    return Checked({"tokenizer": folder}, {}, FUNASR_LANGUAGES | _DETECTED)


def _check_cache(model: Model, first: int, longest: int = MAX_CONTEXT_TOKENS) -> int:
    """Check the caches of a language model; return their length in tokens.

    Args:
        model: its outputs are scores, and what is added to each cache.
        first: how many inputs there are besides the caches, which come last.
        longest: length of the caches where the graph does not fix it.

    """
    layers, odd = divmod(len(model.outputs) - 1, 2)
    if layers < 1 or odd:
        raise EngineError(f"{model.path} has {len(model.outputs)} outputs, not two for a layer.")
    model.expect(first + 2 * layers, 1 + 2 * layers)
    names = [*model.inputs][first:]
    shape = model.inputs[names[0]]
    if len(shape) != 4 or not (shape[2] and shape[3]):
        raise EngineError(f"{model.path} does not state the shape of its caches.")
    for name, added in zip(names, [*model.outputs][1:], strict=True):
        alike = model.inputs[name] == shape and model.kinds[added] == model.kinds[name]
        if not alike or not shapes_agree(model.outputs[added], (None, None, *shape[2:])):
            raise EngineError(f"{model.path} adds to its caches what does not fit them.")
        if model.kinds[name] not in (FLOAT, FLOAT16):
            raise EngineError(f"{model.path} has caches that are neither float32 nor float16.")
    longest = shape[1] or longest
    if math.prod((2 * layers, longest, shape[2], shape[3])) > MAX_CACHE:
        raise EngineError(f"{model.path} would need a cache that is too large.")
    return longest


def _check_widths(folder: Path, shapes: Collection[Shape]) -> None:
    """Check that values have the same length of the last axis, as far as it is known."""
    if len({axis_of(shape, -1) for shape in shapes} - {None}) > 1:
        raise EngineError(f"{folder} has files of different models: their widths differ.")


# Tokenizer --------------------------------------------------------------------------------------


def _tokenizer_folder(folder: Path) -> Path:
    found = sorted(file.parent for file in folder.glob("*/vocab.json"))
    if len(found) != 1:
        raise EngineError(f"{folder} has {len(found)} folders with a vocab.json; one is needed.")
    if not (found[0] / "merges.txt").is_file() or not (found[0] / "merges.txt").stat().st_size:
        raise EngineError(f"{found[0]} has no file named merges.txt; one is needed.")
    return found[0]


def _read_json(file: Path) -> Any:
    try:
        if file.stat().st_size > _MAX_TOKENIZER_BYTES:
            raise EngineError(f"{file} is too large for a tokenizer.")
        return json.loads(file.read_bytes())
    except FileNotFoundError:
        raise EngineError(f"{file.parent} has no file named {file.name}; one is needed.") from None
    except (ValueError, RecursionError):
        raise EngineError(f"{file} is not a JSON file.") from None


def _words(folder: Path) -> dict[str, int]:
    words = _read_json(folder / "vocab.json")
    if not isinstance(words, dict) or not words:
        raise EngineError(f"{folder / 'vocab.json'} is no dictionary of tokens.")
    return _checked(folder / "vocab.json", words.items())


def _added(file: Path, key: str, *, mapping: bool) -> dict[str, int]:
    """Return the tokens that a tokenizer adds to the words: an object by number, or a list."""
    content = _read_json(file)
    try:
        entries = content[key]
        if mapping:
            pairs = [(entry["content"], int(number)) for number, entry in entries.items()]
        else:
            pairs = [(entry["content"], entry["id"]) for entry in entries]
    except (AttributeError, LookupError, TypeError, ValueError):
        raise EngineError(f"{file} has no tokens as {key}.") from None
    return _checked(file, pairs)


def _checked(file: Path, pairs: Collection[tuple[Any, Any]]) -> dict[str, int]:
    for token, number in pairs:
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not isinstance(token, str) or not whole or not 0 <= number <= MAX_NUMBER:
            raise EngineError(f"{file} has a token without a number.")
    return dict(pairs)


def _check_tokens(
    folder: Path, tokens: Mapping[str, int], scores: Model, needed: Collection[str]
) -> None:
    missing = sorted(set(needed) - tokens.keys())
    if missing:
        raise EngineError(f"{folder} lacks the tokens {', '.join(missing)}.")
    scored = scores.scored_tokens
    if scored is not None and max(tokens.values()) >= scored:
        raise EngineError(f"{folder} has tokens of another model: {scores.path.name} has {scored}.")
