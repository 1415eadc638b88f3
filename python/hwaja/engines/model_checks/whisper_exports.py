"""Checks the Whisper exports of sherpa-onnx: an encoder, a decoder and a token table."""

import math

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.engines.model_checks.model_files import FLOAT, Model, check_pieces, only_file
from hwaja.engines.model_checks.offline_checks import Checked, Parts, shapes_agree

_TOKENS = (
    "sot",
    "eot",
    "blank_id",
    "translate",
    "transcribe",
    "no_timestamps",
    "no_speech",
    "sot_sequence",
)
_CACHE = ("n_text_layer", "n_text_ctx", "n_text_state")
_METADATA = (*_TOKENS, *_CACHE, "n_mels", "n_vocab", "is_multilingual")

_CROSS = ["n_layer_cross_k", "n_layer_cross_v"]
_CACHES = ["n_layer_self_k_cache", "n_layer_self_v_cache"]
_ENCODER = ["mel"], _CROSS
_DECODER = (
    ["tokens", *(f"in_{name}" for name in _CACHES), *_CROSS, "offset"],
    ["logits", *(f"out_{name}" for name in _CACHES)],
)
"""Inputs and outputs in their order: sherpa-onnx knows them by their places."""

_MAX_CACHE = 100_000_000
"""Limit for the numbers in a cache; the largest Whisper has 18 million."""

_ADDS_SILENCE = "adds_silence"  # metadata of the exports that hwaja made before CTranslate2


def check_whisper(parts: Parts) -> Checked:
    """Check a Whisper export; sherpa-onnx detects the language "".

    Raises:
        EngineError: where its parts do not belong together.

    """
    folder, encoder, decoder = parts.folder, parts.models["encoder"], parts.models["decoder"]
    if _ADDS_SILENCE in encoder.metadata:
        raise EngineError(
            f"{folder} is a model of an older hwaja; run `hwaja models pull whisper-base`."
        )
    encoder.require(_METADATA)
    numbers = {key: encoder.numbers(key) for key in _METADATA}
    for model, part, (inputs, outputs) in (
        (encoder, "encoder", _ENCODER),
        (decoder, "decoder", _DECODER),
    ):
        floats = all(model.kinds.get(name) == FLOAT for name in outputs)
        if [*model.inputs] != inputs or [*model.outputs][: len(outputs)] != outputs or not floats:
            raise EngineError(f"{model.path} is not a Whisper {part} for sherpa-onnx.")
    languages = _languages(encoder)
    vocabulary = numbers["n_vocab"][0]
    tokens = [token for key in _TOKENS for token in numbers[key]]
    if not all(0 <= token < vocabulary for token in (*tokens, *languages.values())):
        raise EngineError(f"{encoder.path} names tokens that the model does not have.")
    if languages and len(numbers["sot_sequence"]) < 3:  # start, language, task
        raise EngineError(f"{encoder.path} has metadata sot_sequence that is too short.")
    layers, positions, width = cache = [numbers[key][0] for key in _CACHE]
    if min(cache) < 1 or math.prod(cache) > _MAX_CACHE:
        raise EngineError(f"{encoder.path} has metadata {', '.join(_CACHE)} that cannot be.")
    expected = [
        (encoder.inputs["mel"], (None, numbers["n_mels"][0], None)),
        (decoder.outputs["logits"], (None, None, vocabulary)),
        *((decoder.inputs[f"in_{name}"], (layers, None, positions, width)) for name in _CACHES),
    ]
    if numbers["n_mels"][0] < 1 or not all(shapes_agree(*shapes) for shapes in expected):
        raise EngineError(f"{encoder.path} has metadata that does not agree with the graphs.")
    table = only_file(folder, "*tokens.txt")
    check_pieces(table, numbers["eot"][0])
    codes = {code: code for code in languages} | {AUTO_LANGUAGE: ""} if languages else {"en": "en"}
    return Checked({"tokens": table}, {}, codes)


def _languages(encoder: Model) -> dict[str, int]:
    """Return the token of each language; none where the model knows English only."""
    if encoder.numbers("is_multilingual") == [0]:
        return {}
    encoder.require(("all_language_codes", "all_language_tokens"))
    codes = encoder.metadata["all_language_codes"].split(",")
    tokens = encoder.numbers("all_language_tokens")
    if len(codes) != len(tokens):
        raise EngineError(f"{encoder.path} does not have one token for each language.")
    return dict(zip(codes, tokens, strict=True))
