"""Detects the family of a streaming model folder for sherpa-onnx and checks its files."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hwaja.engines import streaming_forms as forms
from hwaja.engines.hotwords import HotwordUnits, hotword_units
from hwaja.engines.interface import EngineError
from hwaja.engines.model_files import (
    Model,
    Numbers,
    TokenTable,
    only_file,
    preferred_file,
    read_model,
    read_tokens,
)

GREEDY_SEARCH = "greedy_search"
BEAM_SEARCH = "modified_beam_search"

AUTO_LANGUAGE = "auto"
"""Prompt for a multilingual model to detect the spoken language."""

_ASSUMED_SUBSAMPLING = 4
"""Frames per output that sherpa-onnx 2.0.1 assumes for the token times of CTC models.

For models of NeMo and WeNet, it uses the number in their metadata.
"""

# Frames stacked into one input. sherpa-onnx computes positions for this number only.
_PARAFORMER_FRAMES = 7
_PARAFORMER_WINDOW = 61
_MEL_BINS = 80


@dataclass(frozen=True, slots=True)
class StreamingExport:
    """A checked streaming model."""

    family: str
    """Suffix of sherpa-onnx's constructor: OnlineRecognizer.from_..."""
    files: Mapping[str, Path]
    """Model files by the constructor's parameter names."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Further constructor parameters: the model's feature settings."""
    languages: frozenset[str] = frozenset()
    """Language codes that an utterance may choose from; empty where the model offers no choice."""
    time_scale: float = 1.0
    """Factor for sherpa-onnx's token times."""
    hotwords: HotwordUnits | None = None
    """Units of hotwords; None where the decoding method does not support hotwords."""


def open_transducer(folder: Path, decoding_method: str, prefer_int8: bool) -> StreamingExport:
    """Return the transducer in a folder: a model of icefall or NeMo, or Parakeet Unified.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    parts = ("encoder", "decoder", "joiner")
    models = {
        part: read_model(preferred_file(folder, f"*{part}*.onnx", prefer_int8)) for part in parts
    }
    forms.JOINER.check(models["joiner"])
    tokens = _tokens(folder)
    # sherpa-onnx uses the same rule: only NeMo's predictor has a state.
    if len(models["decoder"].outputs) > 1:
        opened = _open_nemo(models, tokens, decoding_method)
    else:
        opened = _open_icefall(models, tokens)
    _check_method(folder, decoding_method, (GREEDY_SEARCH, BEAM_SEARCH))
    units = None
    if decoding_method == BEAM_SEARCH:
        units = hotword_units(tokens.tokens.values(), folder)
    return StreamingExport(
        "transducer",
        {part: model.path for part, model in models.items()} | {"tokens": tokens.path},
        opened.settings,
        opened.languages,
        hotwords=units,
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    settings: Mapping[str, object]
    languages: frozenset[str] = frozenset()


def _open_icefall(models: Mapping[str, Model], tokens: TokenTable) -> _Opened:
    encoder = models["encoder"]
    family = encoder.metadata.get("model_type", "")
    if family not in forms.TRANSDUCER_ENCODERS:
        raise EngineError(f"{encoder.path} is no streaming encoder that sherpa-onnx knows.")
    forms.TRANSDUCER_ENCODERS[family].check(encoder)
    numbers = forms.TRANSDUCER_DECODER.check(models["decoder"])
    _check_vocabulary(tokens, models["joiner"], numbers["vocab_size"][0])
    settings: dict[str, object] = {"feature_dim": _feature_dim(encoder, 2), "model_type": family}
    if family == "ebranchformer":
        settings["normalize_samples"] = False  # its features need samples in the 16-bit range
    return _Opened(settings)


def _open_nemo(models: Mapping[str, Model], tokens: TokenTable, decoding_method: str) -> _Opened:
    encoder, decoder = models["encoder"], models["decoder"]
    forms.NEMO_DECODER.check(decoder)
    unified = decoder.metadata.get("streaming_model_type") == "nemo_parakeet_unified_streaming"
    multilingual = "prompt_index" in encoder.inputs
    languages: frozenset[str] = frozenset()
    if unified:
        _check_method(encoder.path.parent, decoding_method, (GREEDY_SEARCH,))
        numbers = _check_parakeet(encoder)
    elif multilingual:
        numbers = forms.NEMO_MULTILINGUAL_ENCODER.check(encoder)
        languages = _prompt_languages(encoder)
    else:
        numbers = forms.NEMO_ENCODER.check(encoder)
    normalisation = encoder.metadata.get("normalize_type", "")
    if normalisation not in ("", "NA", "per_feature"):
        raise EngineError(f"{encoder.path} has features normalised in a way sherpa-onnx lacks.")
    _check_nemo_vocabulary(tokens, models["joiner"], numbers)
    return _Opened({"feature_dim": _feature_dim(encoder, 1, fixed=not unified)}, languages)


def _check_parakeet(encoder: Model) -> Numbers:
    numbers = forms.PARAKEET_ENCODER.check(encoder)
    if encoder.metadata.get("streaming_model_type") != "nemo_parakeet_unified_streaming":
        raise EngineError(f"{encoder.path} is of another family than the decoder beside it.")
    subsampling = numbers["subsampling_factor"][0]
    for part in ("left", "chunk", "right"):
        frames = numbers[f"{part}_encoder_frames"][0] * subsampling
        if numbers[f"{part}_feature_frames"][0] != frames:
            raise EngineError(f"{encoder.path} has metadata {part}_feature_frames, not {frames}.")
    mel_bins = encoder.numbers("feat_dim")[0] if "feat_dim" in encoder.metadata else 0
    if mel_bins < 1 and _axis(encoder, 1) is None:
        raise EngineError(f"{encoder.path} does not say how many mel bins it hears (feat_dim).")
    return numbers


def _prompt_languages(encoder: Model) -> frozenset[str]:
    """Return a multilingual NeMo model's language codes: ko-KR, and ko for the first such code."""
    if list(encoder.inputs)[-1] != "prompt_index":
        raise EngineError(f"{encoder.path} does not have prompt_index as its last input.")
    try:
        prompts = json.loads(encoder.metadata.get("prompt_dictionary", "{}"))
        numbers = [int(number) for number in prompts.values()]
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        raise EngineError(f"{encoder.path} has no dictionary as prompt_dictionary.") from None
    if "auto_prompt_id" in encoder.metadata:
        numbers += encoder.numbers("auto_prompt_id")
    if min(numbers, default=0) < 0:
        raise EngineError(f"{encoder.path} has a negative number as a prompt.")
    return frozenset({*prompts, *(code.split("-")[0] for code in prompts), AUTO_LANGUAGE})


def open_paraformer(
    folder: Path, encoder: Model, decoding_method: str, prefer_int8: bool
) -> StreamingExport:
    """Return the streaming Paraformer in a folder; its encoder is already parsed.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    _check_method(folder, decoding_method, (GREEDY_SEARCH,))
    numbers = forms.PARAFORMER_ENCODER.check(encoder)
    encoder.require(("neg_mean", "inv_stddev"))
    joined, shift = numbers["lfr_window_size"][0], numbers["lfr_window_shift"][0]
    if joined != _PARAFORMER_FRAMES or shift > _PARAFORMER_WINDOW:
        raise EngineError(f"{encoder.path} joins frames in a way that sherpa-onnx does not.")
    for key in ("neg_mean", "inv_stddev"):
        _check_floats(encoder, key, joined * _MEL_BINS)
    decoder = read_model(preferred_file(folder, "*decoder*.onnx", prefer_int8))
    forms.paraformer_decoder(numbers["decoder_num_blocks"][0]).check(decoder)
    tokens = _tokens(folder)
    tokens.require(numbers["vocab_size"][0])
    return StreamingExport(
        "paraformer", {"encoder": encoder.path, "decoder": decoder.path, "tokens": tokens.path}
    )


def open_ctc(folder: Path, decoding_method: str, prefer_int8: bool) -> StreamingExport:
    """Return the streaming CTC model in a folder: a model of icefall, NeMo or WeNet, or T-one.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    model = read_model(preferred_file(folder, "*.onnx", prefer_int8))
    tokens = _tokens(folder)
    _check_method(folder, decoding_method, (GREEDY_SEARCH,))
    signature = next((key for key in forms.CTC if key in model.metadata), None)
    if signature is None:
        raise EngineError(f"{model.path} is of no family of models that hwaja knows.")
    family, form, mel_axis = forms.CTC[signature]
    numbers = form.check(model)
    if family == "nemo_ctc":
        _check_nemo_vocabulary(tokens, model, numbers)
    else:
        _check_ctc_vocabulary(tokens, model, numbers)
    settings: dict[str, object] = {}
    if mel_axis is None:
        settings["sample_rate"] = numbers["sample_rate"][0]
    else:
        settings["feature_dim"] = _feature_dim(model, mel_axis)
    subsampling = numbers.get("subsampling_factor", [_ASSUMED_SUBSAMPLING])[0]
    return StreamingExport(
        family,
        {"model": model.path, "tokens": tokens.path},
        settings,
        time_scale=subsampling / _ASSUMED_SUBSAMPLING,
    )


def _tokens(folder: Path) -> TokenTable:
    return read_tokens(only_file(folder, "*tokens.txt"))


def _check_method(folder: Path, decoding_method: str, known: Collection[str]) -> None:
    if decoding_method not in known:
        raise EngineError(
            f"{folder.name} is decoded by {' or '.join(known)}, not by {decoding_method!r}."
        )


def _check_vocabulary(tokens: TokenTable, scores: Model, vocabulary: int) -> None:
    """Check that the token table has every token that the model can emit."""
    written = _axis_of(next(iter(scores.outputs.values())), -1)
    if written not in (None, vocabulary):
        raise EngineError(f"{scores.path} scores {written} tokens, not {vocabulary}.")
    tokens.require(vocabulary)


def _check_nemo_vocabulary(tokens: TokenTable, scores: Model, numbers: Numbers) -> None:
    vocabulary = numbers["vocab_size"][0] + 1  # NeMo does not count the blank
    _check_vocabulary(tokens, scores, vocabulary)
    if len(tokens.tokens) != vocabulary or tokens.tokens[vocabulary - 1] != "<blk>":
        raise EngineError(
            f"{tokens.path} must have {vocabulary} tokens, of which <blk> is the last."
        )


def _check_ctc_vocabulary(tokens: TokenTable, model: Model, numbers: Numbers) -> None:
    scores = next(iter(model.outputs.values()))
    if len(scores) != 3:
        raise EngineError(f"{model.path} has scores of {len(scores)} axes, not 3.")
    # The number of tokens is in the metadata of some models, in the shape of others, or absent.
    known = numbers["vocab_size"][0] if "vocab_size" in numbers else scores[-1]
    _check_vocabulary(tokens, model, known or len(tokens.tokens))
    if not {"<blk>", "<eps>", "<blank>"} & set(tokens.tokens.values()):
        raise EngineError(f"{tokens.path} has no token <blk>, <eps> or <blank>.")


def _feature_dim(model: Model, axis: int, *, fixed: bool = False) -> int:
    """Return the number of mel bins in a model's input."""
    bins = _axis(model, axis)
    if bins is None and fixed:
        raise EngineError(f"{model.path} does not say how many mel bins it hears.")
    return bins or _MEL_BINS


def _axis(model: Model, axis: int) -> int | None:
    return _axis_of(next(iter(model.inputs.values())), axis)


def _axis_of(shape: tuple[int | None, ...], axis: int) -> int | None:
    try:
        return shape[axis]
    except IndexError:
        return None


def _check_floats(model: Model, key: str, count: int) -> None:
    try:
        numbers = [float(number) for number in model.metadata[key].split(",")]
    except ValueError:
        raise EngineError(f"{model.path} has metadata {key} that is no number.") from None
    if len(numbers) != count:
        raise EngineError(f"{model.path} has {len(numbers)} numbers as {key}, not {count}.")
