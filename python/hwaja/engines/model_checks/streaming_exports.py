"""Checks the files of a streaming model for sherpa-onnx."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks import streaming_forms as forms
from hwaja.engines.model_checks.export_checks import (
    AUTO_LANGUAGE,
    BEAM_SEARCH,
    GREEDY_SEARCH,
    MEL_BINS,
    check_ctc_vocabulary,
    check_method,
    check_nemo_vocabulary,
    check_normalisation,
    check_vocabulary,
    feature_dim,
    tokens_of,
)
from hwaja.engines.model_checks.model_files import Model, Numbers, TokenTable, axis_of, check_floats
from hwaja.engines.sherpa.hotwords import HotwordUnits, hotword_units

_ASSUMED_SUBSAMPLING = 4
"""Frames per output that sherpa-onnx 2.0.1 assumes for the token times of CTC models.

For models of NeMo and WeNet, it uses the number in their metadata.
"""

# Frames stacked into one input. sherpa-onnx computes positions for this number only.
_PARAFORMER_FRAMES = 7
_PARAFORMER_WINDOW = 61


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


_STREAMING = {"decode_chunk_len", "T", "window_size", "streaming_model_type"}
"""Metadata keys of a transducer's encoder that a streaming model has, and no other one."""

Opener = Callable[[Path, Mapping[str, Model], str], StreamingExport]


def streaming_opener(models: Mapping[str, Model]) -> Opener | None:
    """Return the function that checks a streaming model; None: the model is none.

    Args:
        models: ONNX files by the parameter names of sherpa-onnx's constructor.

    """
    first = next(iter(models.values()))
    if "joiner" in models:
        whole = len(first.inputs) == 2 and not _STREAMING & first.metadata.keys()
        return None if whole else open_transducer
    if "decoder" in models and first.metadata.get("model_type") == "paraformer":
        return open_paraformer
    return open_ctc if forms.CTC.keys() & first.metadata.keys() else None


def open_transducer(
    folder: Path, models: Mapping[str, Model], decoding_method: str
) -> StreamingExport:
    """Return the transducer in a folder: a model of icefall or NeMo, or Parakeet Unified.

    Args:
        folder: the folder, for the other files.
        models: its encoder, decoder and joiner.
        decoding_method: sherpa-onnx's name of the decoding method.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    forms.JOINER.check(models["joiner"])
    tokens = tokens_of(folder)
    # sherpa-onnx uses the same rule: only NeMo's predictor has a state.
    if len(models["decoder"].outputs) > 1:
        opened = _open_nemo(models, tokens, decoding_method)
    else:
        opened = _open_icefall(models, tokens)
    check_method(folder, decoding_method, (GREEDY_SEARCH, BEAM_SEARCH))
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
    check_vocabulary(tokens, models["joiner"], numbers["vocab_size"][0])
    settings: dict[str, object] = {"feature_dim": feature_dim(encoder, 2), "model_type": family}
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
        check_method(encoder.path.parent, decoding_method, (GREEDY_SEARCH,))
        numbers = _check_parakeet(encoder)
    elif multilingual:
        numbers = forms.NEMO_MULTILINGUAL_ENCODER.check(encoder)
        languages = _prompt_languages(encoder)
    else:
        numbers = forms.NEMO_ENCODER.check(encoder)
    check_normalisation(encoder)
    check_nemo_vocabulary(tokens, models["joiner"], numbers)
    return _Opened({"feature_dim": feature_dim(encoder, 1, fixed=not unified)}, languages)


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
    if mel_bins < 1 and axis_of(next(iter(encoder.inputs.values())), 1) is None:
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
    folder: Path, models: Mapping[str, Model], decoding_method: str
) -> StreamingExport:
    """Return the streaming Paraformer in a folder; for the arguments see `open_transducer`.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    check_method(folder, decoding_method, (GREEDY_SEARCH,))
    encoder, decoder = models["encoder"], models["decoder"]
    numbers = forms.PARAFORMER_ENCODER.check(encoder)
    encoder.require(("neg_mean", "inv_stddev"))
    joined, shift = numbers["lfr_window_size"][0], numbers["lfr_window_shift"][0]
    if joined != _PARAFORMER_FRAMES or shift > _PARAFORMER_WINDOW:
        raise EngineError(f"{encoder.path} joins frames in a way that sherpa-onnx does not.")
    for key in ("neg_mean", "inv_stddev"):
        check_floats(encoder, key, joined * MEL_BINS)
    forms.paraformer_decoder(numbers["decoder_num_blocks"][0]).check(decoder)
    tokens = tokens_of(folder)
    tokens.require(numbers["vocab_size"][0])
    return StreamingExport(
        "paraformer", {"encoder": encoder.path, "decoder": decoder.path, "tokens": tokens.path}
    )


def open_ctc(folder: Path, models: Mapping[str, Model], decoding_method: str) -> StreamingExport:
    """Return the streaming CTC model in a folder: a model of icefall, NeMo or WeNet, or T-one.

    For the arguments see `open_transducer`.

    Raises:
        EngineError: where the folder or the decoding method is invalid; the message is one
            sentence.

    """
    model = models["model"]
    tokens = tokens_of(folder)
    check_method(folder, decoding_method, (GREEDY_SEARCH,))
    signature = next(key for key in forms.CTC if key in model.metadata)
    family, form, mel_axis = forms.CTC[signature]
    numbers = form.check(model)
    if family == "nemo_ctc":
        check_nemo_vocabulary(tokens, model, numbers)
    else:
        check_ctc_vocabulary(tokens, model, numbers)
    settings: dict[str, object] = {}
    if mel_axis is None:
        settings["sample_rate"] = numbers["sample_rate"][0]
    else:
        settings["feature_dim"] = feature_dim(model, mel_axis)
    subsampling = numbers.get("subsampling_factor", [_ASSUMED_SUBSAMPLING])[0]
    return StreamingExport(
        family,
        {"model": model.path, "tokens": tokens.path},
        settings,
        time_scale=subsampling / _ASSUMED_SUBSAMPLING,
    )
