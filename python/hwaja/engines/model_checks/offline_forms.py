"""The offline model families of sherpa-onnx 2.0.1 and what it looks up in their files.

They were found in its source and by experiment. What it reads without a check is checked here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from hwaja.engines.model_checks.export_checks import BEAM_SEARCH, GREEDY_SEARCH, MEL_BINS
from hwaja.engines.model_checks.forms import Form, Value, fixed, graph
from hwaja.engines.model_checks.model_files import (
    BOOL,
    FLOAT,
    FLOAT16,
    INT32,
    INT64,
    Model,
    Numbers,
)
from hwaja.engines.model_checks.offline_checks import (
    SENSE_VOICE_LANGUAGES,
    Checked,
    Parts,
    check_base64_tokens,
    check_canary,
    check_cohere,
    check_ctc,
    check_fire_red,
    check_moonshine,
    check_moonshine_v2,
    check_nemo_ctc,
    check_nemo_transducer,
    check_paraformer,
    check_sense_voice,
    check_transducer,
)
from hwaja.engines.model_checks.offline_llms import check_funasr_nano, check_qwen3_asr
from hwaja.engines.model_checks.whisper_exports import check_whisper


@dataclass(frozen=True, slots=True)
class Family:
    """A family of offline models."""

    name: str
    """Suffix of sherpa-onnx's constructor: OfflineRecognizer.from_..."""
    sign: tuple[str, str]
    """A metadata key of the first file, and a pattern of its value that only this family has."""
    forms: Mapping[str, Form]
    """Forms of ONNX files, by the constructor's parameter names."""
    check: Callable[[Parts], Checked]
    """Checks the tokens, and whether the files belong together."""
    parameter: str = "model"
    """Name of the constructor's parameter for the file of a family of one graph."""
    methods: tuple[str, ...] = (GREEDY_SEARCH,)
    """Decoding methods; with beam search, hotwords."""
    language_options: tuple[str, ...] = ()
    """Options of an utterance that take the name of its language.

    Empty: it is a setting of the recogniser, if the family has languages.
    """
    prompted: bool = False
    """Whether hotwords are an option of an utterance and become a part of the prompt."""
    dated: bool = False
    """Whether its tokens have times, which are no estimates."""
    raises: bool = True
    """Whether sherpa-onnx raises an error where a graph fails; else it logs it, without text."""

    def has_sign(self, model: Model) -> bool:
        """Return whether the first file is of this family."""
        key, pattern = self.sign
        return bool(re.fullmatch(pattern, model.metadata.get(key, "")))


def _mels(_: Numbers) -> int:
    return MEL_BINS


def _joined_mels(numbers: Numbers) -> int:
    return MEL_BINS * numbers["lfr_window_size"][0]


_JOINING = ("lfr_window_size", "lfr_window_shift")
_JOINED = {"neg_mean": _joined_mels, "inv_stddev": _joined_mels}
_CMVN = {"cmvn_mean": _mels, "cmvn_inv_stddev": _mels}
_COUNTS = ("vocab_size", "subsampling_factor")
_MODEL_TYPE = "model_type"
_ANY = ("", ".*")

_LENGTHS = Value((INT64,), 1)
_INT32_LENGTHS = Value((INT32,), 1)
_ANY_LENGTHS = Value((INT32, INT64), 1)
_SCORES = _FEATURES = _HIDDEN = _STATE = Value((FLOAT,), 3)
_LLM_HIDDEN = Value((FLOAT, FLOAT16), 3)
_ROWS = Value((FLOAT,), 2)
_CROSS = Value((FLOAT,), 4)
_CACHE = Value((FLOAT,), 5)
_IDS = Value((INT64,), 2)
_INT32_IDS = Value((INT32,), 2)
_ANY_IDS = Value((INT32, INT64), 2)

_WHOLE = (_FEATURES, _LENGTHS)
_CTC = (_SCORES, _LENGTHS)
_CACHED_DECODER = graph(
    (_IDS, _CACHE, _CACHE, _CROSS, _CROSS, Value((INT64,), None)), (_SCORES, _CACHE, _CACHE)
)

CTC_FAMILIES = (
    Family(
        "zipformer_ctc",
        (_MODEL_TYPE, "zipformer2_ctc"),
        {"model": graph(_WHOLE, _CTC)},
        partial(check_ctc, mel_axis=2),
        dated=True,
    ),
    Family(
        "nemo_ctc",
        (_MODEL_TYPE, "EncDec(CTC|HybridRNNTCTCBPE)Model(BPE)?"),
        {"model": graph(_WHOLE, [_SCORES], positive=_COUNTS, optional=("is_giga_am",))},
        check_nemo_ctc,
        dated=True,
    ),
    Family(
        "wenet_ctc",
        (_MODEL_TYPE, "wenet_ctc"),
        {"model": graph(_WHOLE, _CTC, positive=_COUNTS)},
        partial(check_ctc, mel_axis=2),
        dated=True,
    ),
    Family(
        "telespeech_ctc",
        (_MODEL_TYPE, "telespeech_ctc"),
        {"model": graph([_FEATURES], [_SCORES])},
        check_ctc,
        dated=True,
    ),
    Family(
        "dolphin_ctc",
        ("invstd", ".+"),
        {
            "model": graph(
                _WHOLE, _CTC, positive=("vocab_size",), floats={"mean": _mels, "invstd": _mels}
            )
        },
        check_ctc,
        dated=True,
    ),
    Family(
        "omnilingual_asr_ctc",
        (_MODEL_TYPE, "omnilingual.*"),
        {"model": graph([_ROWS], [_SCORES])},
        partial(check_ctc, named_blank=False),  # it is token 0
        dated=True,
    ),
    Family(
        "medasr_ctc",
        (_MODEL_TYPE, "medasr_ctc"),
        {
            "model": graph(
                (_FEATURES, _IDS), _CTC, positive=("vocab_size",), optional=("subsampling_factor",)
            )
        },
        check_ctc,
        dated=True,
    ),
    Family(
        "fire_red_asr_ctc",
        (_MODEL_TYPE, "fire-red-asr-2-ctc"),
        {"model": graph(_WHOLE, _CTC, optional=("subsampling_factor",), floats=_CMVN)},
        check_ctc,
        dated=True,
    ),
    Family(
        "sense_voice",
        ("comment", ".*Nano.*"),
        {
            "model": graph(
                [_FEATURES],
                [_SCORES],
                positive=("vocab_size", *_JOINING),
                natural=("normalize_samples", "blank_id"),
            )
        },
        check_base64_tokens,
        dated=True,
        raises=False,
    ),
    Family(
        "sense_voice",
        (_MODEL_TYPE, "sense_voice_ctc"),
        {
            "model": graph(
                (_FEATURES, _INT32_LENGTHS, _INT32_LENGTHS, _INT32_LENGTHS),
                [_SCORES],
                positive=("vocab_size", *_JOINING),
                natural=(
                    "normalize_samples",
                    "with_itn",
                    "without_itn",
                    *(f"lang_{code}" for code in SENSE_VOICE_LANGUAGES),
                ),
                floats=_JOINED,
            )
        },
        check_sense_voice,
        dated=True,
        raises=False,
    ),
    Family(
        "paraformer",
        (_MODEL_TYPE, "paraformer"),
        {
            "model": graph(
                (_FEATURES, _INT32_LENGTHS),
                (_SCORES, _ANY_LENGTHS),
                positive=("vocab_size", *_JOINING),
                floats=_JOINED,
            )
        },
        check_paraformer,
        parameter="paraformer",
        dated=True,
        raises=False,
    ),
)
"""Families of one graph, which has the metadata."""

PAIR_FAMILIES = (
    Family("whisper", (_MODEL_TYPE, "whisper.*"), {}, check_whisper, raises=False),
    Family(
        "nemo_canary",
        (_MODEL_TYPE, "EncDecMultiTaskModel"),
        {
            "encoder": graph(
                _WHOLE,
                (_HIDDEN, _LENGTHS, Value((BOOL,), 2)),
                positive=(*_COUNTS, "feat_dim"),
                optional=("num_decoder_layers", "decoder_hidden_size"),
            ),
            "decoder": Form(inputs=(_INT32_IDS,), outputs=(_SCORES,)),
        },
        check_canary,
        language_options=("src_lang", "tgt_lang"),
    ),
    Family(
        "cohere_transcribe",
        (_MODEL_TYPE, ".*cohere-transcribe.*"),
        {"encoder": graph([_FEATURES], (_CROSS, _CROSS)), "decoder": _CACHED_DECODER},
        check_cohere,
        language_options=("language",),
        raises=False,
    ),
    Family(
        "fire_red_asr",
        ("cmvn_mean", ".+"),
        {
            "encoder": graph(
                _WHOLE,
                (_CROSS, _CROSS),
                positive=("num_decoder_layers", "num_head", "head_dim", "max_len"),
                natural=("sos", "eos"),
                floats=_CMVN,
            ),
            "decoder": _CACHED_DECODER,
        },
        check_fire_red,
    ),
)
"""Families of an encoder, which has the metadata, and a decoder."""

MOONSHINE = Family(
    "moonshine",
    _ANY,
    {
        "preprocessor": graph([_ROWS], [_FEATURES]),
        "encoder": graph((_FEATURES, _INT32_LENGTHS), [_HIDDEN]),
        "uncached_decoder": graph((_INT32_IDS, _HIDDEN, _INT32_LENGTHS), [_SCORES]),
        "cached_decoder": Form(inputs=(_INT32_IDS, _HIDDEN, _INT32_LENGTHS), outputs=(_SCORES,)),
    },
    check_moonshine,
    raises=False,
)
MOONSHINE_V2 = Family(
    "moonshine_v2",
    _ANY,
    {"encoder": Form(inputs=(_ROWS,), outputs=(_HIDDEN,)), "decoder": Form(outputs=(_SCORES,))},
    check_moonshine_v2,
    raises=False,
)
NEMO_TRANSDUCER = Family(
    "transducer",
    ("pred_hidden", ".+"),
    {
        "encoder": graph(
            _WHOLE,
            (_HIDDEN, _ANY_LENGTHS),
            positive=(*_COUNTS, "pred_rnn_layers", "pred_hidden"),
            optional=("feat_dim", "is_giga_am"),
        ),
        "decoder": Form(
            fixed(4, 4), inputs=(_INT32_IDS, _INT32_LENGTHS, _STATE, _STATE), outputs=(_HIDDEN,)
        ),
        "joiner": graph((_HIDDEN, _HIDDEN), [Value((FLOAT,), 4)]),
    },
    check_nemo_transducer,
    methods=(GREEDY_SEARCH, BEAM_SEARCH),
    dated=True,
)
TRANSDUCER = Family(
    "transducer",
    _ANY,
    {
        "encoder": graph((_FEATURES, _ANY_LENGTHS), (_HIDDEN, _LENGTHS)),
        "decoder": graph([_ANY_IDS], [_ROWS], positive=("vocab_size", "context_size")),
        "joiner": graph((_ROWS, _ROWS), [_ROWS]),
    },
    check_transducer,
    methods=(GREEDY_SEARCH, BEAM_SEARCH),
    dated=True,
)
QWEN3_ASR = Family(
    "qwen3_asr",
    _ANY,
    {
        "conv_frontend": Form(fixed(1, 1), inputs=(_FEATURES,), outputs=(_HIDDEN,)),
        "encoder": Form(fixed(2, 1), inputs=(_HIDDEN, Value((BOOL,), 2)), outputs=(_LLM_HIDDEN,)),
        "decoder": Form(inputs=(_IDS, _LLM_HIDDEN, _IDS, _LENGTHS), outputs=(_LLM_HIDDEN,)),
    },
    check_qwen3_asr,
    language_options=("language",),
    prompted=True,
)
FUNASR_NANO = Family(
    "funasr_nano",
    _ANY,
    {
        "encoder_adaptor": graph([_LLM_HIDDEN], [_LLM_HIDDEN], positive=(*_JOINING, "llm_dim")),
        "llm": Form(
            positive=("vocab_size", "max_total_len"),
            optional=("num_layers",),
            inputs=(_HIDDEN, _IDS, _LENGTHS),
            outputs=(_SCORES,),
        ),
        "embedding": graph([_IDS], [_LLM_HIDDEN]),
    },
    check_funasr_nano,
    language_options=("language",),
    prompted=True,
)
