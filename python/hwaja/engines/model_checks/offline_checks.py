"""Checks an offline model as a whole: its tokens, and whether its files belong together."""

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.export_checks import (
    AUTO_LANGUAGE,
    check_ctc_vocabulary,
    check_nemo_vocabulary,
    check_normalisation,
    check_vocabulary,
    feature_dim,
    require_tokens,
    tokens_of,
)
from hwaja.engines.model_checks.model_files import (
    Model,
    Numbers,
    Shape,
    TokenTable,
    check_pieces,
    only_file,
)
from hwaja.engines.runtime import open_session

MAX_CACHE = 200_000_000
"""Limit for the numbers in the caches of a decoder; those of Qwen3-ASR have 60 million."""

SENSE_VOICE_LANGUAGES = ("zh", "en", "ja", "ko", "yue", AUTO_LANGUAGE)


@dataclass(frozen=True, slots=True)
class Parts:
    """The files of a model that have the form of its family."""

    folder: Path
    models: Mapping[str, Model]
    """ONNX files by the constructor's parameter names."""
    numbers: Mapping[str, Numbers]
    """Numbers in the metadata of each of them."""

    def number(self, part: str, key: str) -> int:
        """Return a number in the metadata of a file."""
        return self.numbers[part][key][0]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    files: Mapping[str, Path]
    """Files besides the ONNX files, by the constructor's parameter names."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Further constructor parameters."""
    languages: Mapping[str, str] = field(default_factory=dict)
    """sherpa-onnx's name of each language, by its code; empty where the model offers no choice."""
    tokens: TokenTable | None = None


def shapes_agree(found: Shape, expected: Shape) -> bool:
    """Return whether a value can have a shape; None is any length."""
    return len(found) == len(expected) and all(
        None in pair or pair[0] == pair[1] for pair in zip(found, expected, strict=True)
    )


def check_ctc(parts: Parts, mel_axis: int | None = None, *, named_blank: bool = True) -> Checked:
    """Check a CTC model; with `mel_axis`, its constructor takes the number of mel bins."""
    model, tokens = parts.models["model"], tokens_of(parts.folder)
    check_ctc_vocabulary(tokens, model, parts.numbers["model"], named_blank=named_blank)
    settings = {} if mel_axis is None else {"feature_dim": feature_dim(model, mel_axis)}
    return Checked({"tokens": tokens.path}, settings)


def check_nemo_ctc(parts: Parts) -> Checked:
    """Check a NeMo CTC model. Some exports count the blank among the tokens, others do not."""
    model, tokens = parts.models["model"], tokens_of(parts.folder)
    check_normalisation(model)
    stated = parts.number("model", "vocab_size")
    scored = model.scored_tokens or stated + 1
    if scored not in (stated, stated + 1):
        raise EngineError(f"{model.path} scores {scored} tokens, not {stated + 1}.")
    check_ctc_vocabulary(tokens, model, {"vocab_size": [scored]})
    mel_bins = feature_dim(model, 1, fixed=True)
    _check_subsampling(model, mel_bins, parts.number("model", "subsampling_factor"))
    return Checked({"tokens": tokens.path}, {"feature_dim": mel_bins})


def _check_subsampling(model: Model, mel_bins: int, factor: int) -> None:
    """Check that the scores of a NeMo CTC model are as many as sherpa-onnx reads: by the metadata.

    Raises:
        EngineError: where there are fewer.

    """
    frames = 200
    values = (np.zeros((1, mel_bins, frames), np.float32), np.array([frames]))
    session = open_session(model.path)
    try:
        scores = session.run(None, dict(zip(model.inputs, values, strict=True)))[0]
    except Exception as error:
        raise EngineError(f"{model.path} cannot be run ({type(error).__name__}).") from error
    if scores.shape[1] < frames // factor:
        raise EngineError(f"{model.path} has metadata subsampling_factor that is too small.")


def check_base64_tokens(parts: Parts) -> Checked:
    """Check a model whose token table is in base64, and whose metadata has their number."""
    model, count = parts.models["model"], parts.number("model", "vocab_size")
    scored = model.scored_tokens
    if scored not in (None, count):
        raise EngineError(f"{model.path} scores {scored} tokens, not {count}.")
    return Checked({"tokens": _base64_table(parts.folder, count)})


def check_sense_voice(parts: Parts) -> Checked:
    """Check SenseVoice, which is asked for a language by a number."""
    tokens = tokens_of(parts.folder)
    check_vocabulary(tokens, parts.models["model"], parts.number("model", "vocab_size"))
    languages = {code: code for code in SENSE_VOICE_LANGUAGES}
    return Checked({"tokens": tokens.path}, {"use_itn": True}, languages)


def check_paraformer(parts: Parts) -> Checked:
    """Check a Paraformer, which ends its text with a token."""
    tokens = tokens_of(parts.folder)
    check_vocabulary(tokens, parts.models["model"], parts.number("model", "vocab_size"))
    require_tokens(tokens, ["</s>"])
    return Checked({"tokens": tokens.path})


def check_transducer(parts: Parts) -> Checked:
    """Check a transducer of icefall."""
    tokens = tokens_of(parts.folder)
    check_vocabulary(tokens, parts.models["joiner"], parts.number("decoder", "vocab_size"))
    settings = {
        "feature_dim": feature_dim(parts.models["encoder"], 2),
        "model_type": "transducer",
    }
    return Checked({"tokens": tokens.path}, settings, tokens=tokens)


def check_nemo_transducer(parts: Parts) -> Checked:
    """Check a transducer of NeMo. A TDT also scores how many frames to skip."""
    encoder, joiner = parts.models["encoder"], parts.models["joiner"]
    tokens = tokens_of(parts.folder)
    check_normalisation(encoder)
    # sherpa-onnx uses the same rule, and ends the process on another number of scores.
    durations = "tdt" in encoder.metadata.get("url", "")
    check_nemo_vocabulary(tokens, joiner, parts.numbers["encoder"], durations=durations)
    settings = {"feature_dim": feature_dim(encoder, 1), "model_type": "nemo_transducer"}
    return Checked({"tokens": tokens.path}, settings, tokens=tokens)


_PROMPT = ("startofcontext", "startoftranscript", "emo:undefined", "notimestamp", "nodiarize")


def check_canary(parts: Parts) -> Checked:
    """Check Canary, whose languages are those that its token table has marks for."""
    encoder, decoder = parts.models["encoder"], parts.models["decoder"]
    tokens = tokens_of(parts.folder)
    check_normalisation(encoder, ("", "per_feature"))
    count = parts.number("encoder", "vocab_size")
    check_vocabulary(tokens, decoder, count)  # sherpa-onnx reads as many scores as that
    if len(tokens.tokens) != count:
        raise EngineError(f"{tokens.path} has {len(tokens.tokens)} tokens, not {count}.")
    layers = parts.numbers["encoder"].get("num_decoder_layers", [6])[0]
    decoder.expect(3 + layers, 1 + layers)
    require_tokens(tokens, [f"<|{mark}|>" for mark in (*_PROMPT, "pnc", "noitn", "endoftext")])
    marks = (token for token in tokens.tokens.values() if len(token) == 6)
    codes = [mark[2:4] for mark in marks if mark[:2] == "<|" and mark[4:] == "|>"]
    languages = {code: code for code in codes if code.isascii() and code.islower()}
    if not languages:
        raise EngineError(f"{tokens.path} has no token of a language, such as <|en|>.")
    # An utterance names its language; that of the recogniser need not be in the table.
    return Checked({"tokens": tokens.path}, {"src_lang": "", "tgt_lang": ""}, languages)


_COHERE_LANGUAGES = "ar de el en es fr it ja ko nl pl pt vi zh".split()  # noqa: SIM905


def check_cohere(parts: Parts) -> Checked:
    """Check Cohere Transcribe, whose caches have the lengths that its graphs state."""
    encoder, decoder = parts.models["encoder"], parts.models["decoder"]
    tokens = tokens_of(parts.folder)
    layers, *_, width = next(iter(encoder.outputs.values()))
    cache = [*decoder.outputs.values()][1]
    heads, longest = cache[2], cache[3]
    if not (layers and width and heads and longest) or cache[0] != layers or width % heads:
        raise EngineError(f"{decoder.path} does not belong to {encoder.path.name}.")
    check_cache(decoder, [*decoder.inputs][1:3], (layers, None, heads, longest, width // heads))
    scored = decoder.scored_tokens
    tokens.require(scored or len(tokens.tokens))
    require_tokens(tokens, [f"<|{mark}|>" for mark in (*_PROMPT, "pnc", "itn", "endoftext")])
    known = set(tokens.tokens.values())
    languages = {code: code for code in _COHERE_LANGUAGES if f"<|{code}|>" in known}
    if not languages:
        raise EngineError(f"{tokens.path} has no token of a language, such as <|en|>.")
    return Checked({"tokens": tokens.path}, {}, languages)


def check_fire_red(parts: Parts) -> Checked:
    """Check FireRed's model with a decoder."""
    decoder, tokens = parts.models["decoder"], tokens_of(parts.folder)
    keys = ("num_decoder_layers", "max_len", "num_head", "head_dim")
    layers, longest, heads, width = (parts.number("encoder", key) for key in keys)
    check_cache(decoder, [*decoder.inputs][1:3], (layers, None, longest, heads, width))
    scored = decoder.scored_tokens or len(tokens.tokens)
    tokens.require(scored)
    for key in ("sos", "eos"):
        if parts.number("encoder", key) >= scored:
            raise EngineError(f"{parts.folder.name} has no token {key} of that number.")
    return Checked({"tokens": tokens.path})


def check_cache(decoder: Model, names: Collection[str], shape: Shape) -> None:
    """Check that a decoder takes caches of a shape that the metadata states.

    Raises:
        EngineError: where it takes others, or they would take all memory.

    """
    if math.prod(length or 1 for length in shape) > MAX_CACHE:
        raise EngineError(f"{decoder.path} would need a cache that is too large.")
    if not all(shapes_agree(decoder.inputs[name], shape) for name in names):
        raise EngineError(f"{decoder.path} does not belong to the encoder beside it.")


_MOONSHINE_LANGUAGES = {"ar", "en", "es", "ja", "ko", "uk", "vi", "zh"}


def _language_of_name(folder: Path) -> dict[str, str]:
    """Return the language of a Moonshine, which knows one. Only the folder's name says which."""
    named = _MOONSHINE_LANGUAGES & set(re.split("[-_.]", folder.name.lower()))
    return {code: code for code in named} if len(named) == 1 else {}


def check_moonshine(parts: Parts) -> Checked:
    """Check Moonshine v1, whose two decoders hand on the same states."""
    uncached, cached = parts.models["uncached_decoder"], parts.models["cached_decoder"]
    states = len(uncached.outputs) - 1
    cached.expect(3 + states, 1 + states)
    tokens = tokens_of(parts.folder)
    tokens.require(uncached.scored_tokens or len(tokens.tokens))
    return Checked({"tokens": tokens.path}, languages=_language_of_name(parts.folder))


def check_moonshine_v2(parts: Parts) -> Checked:
    """Check Moonshine v2, which has four states for each layer."""
    encoder, decoder = parts.models["encoder"], parts.models["decoder"]
    masked = any("encoder_attention_mask" in name for name in decoder.inputs)
    states = [shape for name, shape in decoder.inputs.items() if "key_values" in name]
    if len(encoder.inputs) not in (1, 2) or not states or len(states) % 4:
        raise EngineError(f"{parts.folder} has no Moonshine of a form that sherpa-onnx knows.")
    decoder.expect(len(states) + (4 if masked else 3), 1 + len(states))
    if any(len(shape) != 4 or not (shape[1] and shape[3]) for shape in states):
        raise EngineError(f"{decoder.path} does not state the shape of its caches.")
    table = _base64_table(parts.folder, decoder.scored_tokens or 1)
    return Checked({"tokens": table}, languages=_language_of_name(parts.folder))


def _base64_table(folder: Path, count: int) -> Path:
    table = only_file(folder, "*tokens.txt")
    check_pieces(table, count)
    return table
