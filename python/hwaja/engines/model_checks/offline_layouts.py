"""The files of an offline model in a folder, and the families that have such files."""

from collections.abc import Mapping
from dataclasses import dataclass

from hwaja.engines.model_checks.offline_forms import (
    CTC_FAMILIES,
    FUNASR_NANO,
    MOONSHINE,
    MOONSHINE_V2,
    NEMO_TRANSDUCER,
    PAIR_FAMILIES,
    QWEN3_ASR,
    TRANSDUCER,
    Family,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The files by which a folder is recognised, and the families with such files."""

    mark: str
    """Pattern of a file's name that no earlier layout has."""
    files: Mapping[str, str]
    """Patterns of the ONNX files' names, by the constructor's parameter names."""
    families: tuple[Family, ...]


_ENCODER, _DECODER = "*encoder*.onnx", "*decoder*.onnx"
_PAIR = {"encoder": _ENCODER, "decoder": _DECODER}

LAYOUTS = (
    Layout(
        "*joiner*.onnx",
        _PAIR | {"joiner": "*joiner*.onnx"},
        (NEMO_TRANSDUCER, TRANSDUCER),
    ),
    Layout(
        "*conv_frontend*.onnx", {"conv_frontend": "*conv_frontend*.onnx", **_PAIR}, (QWEN3_ASR,)
    ),
    Layout(
        "*encoder_adaptor*.onnx",
        {
            "encoder_adaptor": "*encoder_adaptor*.onnx",
            "llm": "*llm*.onnx",
            "embedding": "*embedding*.onnx",
        },
        (FUNASR_NANO,),
    ),
    Layout(
        "*preprocess*.onnx",
        {
            "preprocessor": "*preprocess*.onnx",
            "encoder": "encode*.onnx",
            "uncached_decoder": "*uncached_decode*.onnx",
            "cached_decoder": "cached_decode*.onnx",
        },
        (MOONSHINE,),
    ),
    Layout("*.ort", {"encoder": "*encoder*.ort", "decoder": "*decoder*.ort"}, (MOONSHINE_V2,)),
    Layout("*encoder*.onnx", _PAIR, PAIR_FAMILIES),
    Layout("*decoder*.onnx", _PAIR, PAIR_FAMILIES),
    Layout("*", {"model": "*.onnx"}, CTC_FAMILIES),
)
"""In the order in which a folder is compared with them."""
