"""A streaming test model: it detects tones and emits one syllable for each tone.

It recognises no speech and was not trained. It is a hand-written function in the form that
sherpa-onnx expects of a streaming NeMo CTC model. Its output follows from its input. So tests know
the correct text, times and end of an utterance, and can detect mixed-up sessions.

The model detects a tone where its three mel bins hold more than twice the power of all others above
780 Hz, in 12 of 20 frames. Silence and noise give blanks. In 36 minutes of English and Korean
speech it emitted 2 syllables. Of 1170 tones mixed with such speech it missed 1 where they were 10
dB louder than the speech, 16 where they were 6 dB louder, and 104 where they were equally loud.

The 1st, 3rd and 5th tone of an utterance are written with the vowel ㅏ, the others with ㅗ. The
state holds the count and the last frames. So a state that outlives its utterance, or that another
session receives, changes the text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from hwaja.models.conversion.graph import FLOAT, INT64, Graph, Shape

SAMPLE_RATE = 16000

ODD_SYLLABLES = "가나다라마바사아"
"""Syllable of each tone where it is the 1st, 3rd, 5th of its utterance."""

EVEN_SYLLABLES = "고노도로모보소오"
"""Syllable of each tone where it is the 2nd, 4th, 6th of its utterance."""

TONES = len(ODD_SYLLABLES)
"""Number of tones. A tone is a number from 0 to `TONES` - 1."""

TONE_SECONDS = 0.3
"""Duration of a tone of `spoken`. The model detects tones from 0.12 s on."""

PAUSE_SECONDS = 0.3
"""Pause before each tone of `spoken`. A pause of 0.15 s separates two equal tones."""

AMPLITUDE = 0.25
"""Amplitude of a tone of `spoken`: -15 dBFS, some 6 to 10 dB above close speech."""

FRAME_SECONDS = 0.01
FRAMES_PER_OUTPUT = 4
OUTPUT_SECONDS = FRAMES_PER_OUTPUT * FRAME_SECONDS
CHUNK_FRAMES = 32
"""Shift of a decoding step, as in many models with a chunk of 320 ms."""

LOOK_AHEAD_FRAMES = 8
WINDOW_FRAMES = CHUNK_FRAMES + LOOK_AHEAD_FRAMES
"""Window of a decoding step."""

_OUTPUTS = CHUNK_FRAMES // FRAMES_PER_OUTPUT
_VOTES = 20  # frames considered for one output
_VOTES_NEEDED = 12
_PAST_FRAMES = _VOTES - FRAMES_PER_OUTPUT - LOOK_AHEAD_FRAMES  # of these, frames of the step before
_REST_OUTPUTS = 4  # a tone begins if none of so many earlier outputs had it

# The features that sherpa-onnx 2.0.1 computes for NeMo models, as measured through it: log power
# in 80 bins of Slaney's mel scale from 0 Hz to 8 kHz, area-normalised, Hann window of 25 ms.
_MEL_BINS = 80
_LINEAR_MELS, _LINEAR_HZ, _LOG_STEP = 15.0, 1000.0, math.log(6.4) / 27.0
_FIRST_TONE_BIN, _BINS_BETWEEN_TONES = 27, 5
_LOWEST_RIVAL_BIN = 20  # 780 Hz: most of the power of speech is below it
_RIVAL_WEIGHT = 2.0
_FLOOR_POWER = 0.03  # feature power for samples in [-1, 1): a single tone of -37 dBFS

_BALLAST_WIDTH = 1024


def _centre_hz(mel_bin: int) -> float:
    """Return the centre frequency of a mel bin above 1000 Hz, where the scale is logarithmic."""
    highest = _LINEAR_MELS + math.log(SAMPLE_RATE / 2 / _LINEAR_HZ) / _LOG_STEP
    mels = highest * (mel_bin + 1) / (_MEL_BINS + 1)
    return _LINEAR_HZ * math.exp((mels - _LINEAR_MELS) * _LOG_STEP)


_BINS = tuple(_FIRST_TONE_BIN + _BINS_BETWEEN_TONES * tone for tone in range(TONES))

FREQUENCIES_HZ = tuple(_centre_hz(mel_bin) for mel_bin in _BINS)
"""Frequencies of the tones: 1045 Hz to 4008 Hz, each at the centre of a mel bin."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Audio, and the model's text for it."""

    samples: NDArray[np.float32]
    """Shape (n,), 16 kHz; it begins with a pause and ends with the last sample of the last tone."""
    text: str
    start_seconds: tuple[float, ...]
    """Start time of each tone."""


def text_of(tones: Sequence[int]) -> str:
    """Return the model's text for an utterance of `tones`."""
    return "".join(
        (EVEN_SYLLABLES if index % 2 else ODD_SYLLABLES)[tone] for index, tone in enumerate(tones)
    )


def spoken(
    tones: Sequence[int],
    tone_seconds: float = TONE_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
    amplitude: float = AMPLITUDE,
) -> Spoken:
    """Return an utterance with a pause before each of `tones`, and the model's text for it."""
    pause = np.zeros(round(pause_seconds * SAMPLE_RATE))
    seconds = np.arange(round(tone_seconds * SAMPLE_RATE)) / SAMPLE_RATE
    # The model would take a click at either end for noise: rise and fall take 5 ms.
    envelope = np.clip(np.minimum(seconds, seconds[::-1]) / 0.005, 0, 1)
    waves = [envelope * np.sin(2 * np.pi * hertz * seconds) for hertz in FREQUENCIES_HZ]
    parts = [part for tone in tones for part in (pause, amplitude * waves[tone])]
    samples = np.concatenate([*parts, np.zeros(0)]).astype(np.float32)
    each = len(pause) + len(seconds)
    starts = tuple((index * each + len(pause)) / SAMPLE_RATE for index in range(len(tones)))
    return Spoken(samples, text_of(tones), starts)


def write_tone_model(folder: Path, ballast: int = 0) -> None:
    """Write model.onnx and tokens.txt into a folder; the bytes are the same each time.

    Args:
        folder: an existing folder.
        ballast: number of extra weights, in millions. Each is used once per output and does not
            change the text. The model then costs as much as a trained model of that size (80: a
            Zipformer).

    """
    (folder / "tokens.txt").write_text(
        "".join(
            f"{token} {number}\n"
            for number, token in enumerate([*ODD_SYLLABLES, *EVEN_SYLLABLES, "<blk>"])
        ),
        encoding="utf-8",
    )
    onnx.save(tone_model(ballast), folder / "model.onnx")


def tone_model(ballast: int = 0) -> Any:
    """Return the model; see `write_tone_model`."""
    graph = Graph()
    heard = _concatenated(
        graph, _flat(graph, "cache_last_time", _PAST_FRAMES), _frames(graph, "audio_signal")
    )
    sums = graph.weight(_windows(_PAST_FRAMES + WINDOW_FRAMES, _VOTES, FRAMES_PER_OUTPUT))
    votes = graph.apply("MatMul", heard, sums)
    active = _above(graph, votes, _VOTES_NEEDED - 0.5)
    history = _concatenated(graph, _flat(graph, "cache_last_channel", _REST_OUTPUTS), active)
    sums = graph.weight(_windows(_REST_OUTPUTS + _OUTPUTS, _REST_OUTPUTS, 1))
    recent = graph.apply("MatMul", history, sums)
    begins = graph.apply("Mul", active, _complement(graph, _above(graph, recent, 0.5)))
    _write_logits(graph, begins, ballast)
    # The next step needs the last frames of this one; the look-ahead frames come with its input.
    _keep(graph, heard, CHUNK_FRAMES, _PAST_FRAMES, "cache_last_time_next")
    _keep(graph, history, _OUTPUTS, _REST_OUTPUTS, "cache_last_channel_next")
    ahead = graph.apply("Sub", "length", graph.constant([LOOK_AHEAD_FRAMES]))
    graph.apply("Div", ahead, graph.constant([FRAMES_PER_OUTPUT]), output="logits_length")
    return _finished(graph)


def _frames(graph: Graph, features: str) -> str:
    """Return 1 for each tone and frame where the tone is detected, else 0; (N, tones, frames)."""
    weights = np.zeros((TONES, _MEL_BINS), np.float32)
    for row, mel_bin in zip(weights, _BINS, strict=True):
        row[_LOWEST_RIVAL_BIN:] = -_RIVAL_WEIGHT
        row[mel_bin - 2 : mel_bin + 3] = 0  # the tone's own bins and their neighbours
        row[mel_bin - 1 : mel_bin + 2] = 1
    power = graph.apply("Exp", features)  # the features are logarithms of the power
    return _above(graph, graph.apply("MatMul", graph.weight(weights), power), _FLOOR_POWER)


def _write_logits(graph: Graph, begins: str, ballast: int) -> None:
    """Write logits of a syllable for each tone that begins at an output, and count the tones."""
    any_begins = graph.apply("ReduceMax", begins, axes=[1], keepdims=0)
    number = graph.apply("CumSum", any_begins, graph.constant(1))
    count = graph.apply("Cast", "cache_last_channel_len", to=FLOAT)
    number = graph.apply("Add", number, graph.apply("Unsqueeze", count, graph.constant([1])))
    odd = graph.apply("Mod", number, graph.constant(2.0), fmod=1)
    odd = graph.apply("Unsqueeze", odd, graph.constant([1]))
    scores = graph.apply(
        "Concat",
        graph.apply("Mul", begins, odd),
        graph.apply("Mul", begins, _complement(graph, odd)),
        _complement(graph, graph.apply("Unsqueeze", any_begins, graph.constant([1]))),
        axis=1,
    )
    logits = graph.apply("Mul", scores, graph.constant(10.0))
    logits = graph.apply("Transpose", logits, perm=[0, 2, 1])
    if ballast:
        logits = graph.apply("Add", logits, _ballast(graph, ballast))
    graph.apply("LogSoftmax", logits, axis=2, output="logits")
    last = graph.apply("Gather", number, graph.constant(_OUTPUTS - 1), axis=1)
    graph.apply("Cast", last, to=INT64, output="cache_last_channel_len_next")


def _ballast(graph: Graph, layers: int) -> str:
    """Return zeros, (N, outputs, 1), at the cost of `layers` large matrix products."""
    random = np.random.default_rng(0)
    frames = graph.apply("Transpose", "audio_signal", perm=[0, 2, 1])
    hidden = graph.apply(
        "Slice",
        frames,
        graph.constant([0]),
        graph.constant([CHUNK_FRAMES]),
        graph.constant([1]),
        graph.constant([FRAMES_PER_OUTPUT]),
    )
    for width in [_MEL_BINS, *[_BALLAST_WIDTH] * layers]:
        # With 0.08, the values of these layers neither vanish nor saturate.
        weights = (random.random((width, _BALLAST_WIDTH), np.float32) * 2 - 1) * np.float32(0.08)
        hidden = graph.apply("Tanh", graph.apply("MatMul", hidden, graph.weight(weights)))
    mean = graph.apply("ReduceMean", hidden, axes=[2], keepdims=1)
    return graph.apply("Mul", mean, graph.constant(0.0))


def _finished(graph: Graph) -> Any:
    inputs: dict[str, tuple[int, Shape]] = {
        "audio_signal": (FLOAT, ["N", _MEL_BINS, WINDOW_FRAMES]),
        "length": (INT64, ["N"]),
        "cache_last_channel": (FLOAT, ["N", 1, TONES, _REST_OUTPUTS]),
        "cache_last_time": (FLOAT, ["N", 1, TONES, _PAST_FRAMES]),
        "cache_last_channel_len": (INT64, ["N"]),
    }
    outputs: dict[str, tuple[int, Shape]] = {
        "logits": (FLOAT, ["N", _OUTPUTS, 2 * TONES + 1]),
        "logits_length": (INT64, ["N"]),
        "cache_last_channel_next": (FLOAT, ["N", 1, TONES, _REST_OUTPUTS]),
        "cache_last_time_next": (FLOAT, ["N", 1, TONES, _PAST_FRAMES]),
        "cache_last_channel_len_next": (INT64, ["N"]),
    }
    metadata = {
        "model_type": "EncDecCTCModelBPE",
        "comment": "hwaja's own: hears tones, knows no speech",
        "window_size": WINDOW_FRAMES,
        "chunk_shift": CHUNK_FRAMES,
        "subsampling_factor": FRAMES_PER_OUTPUT,
        "vocab_size": 2 * TONES,  # NeMo's count does not include the blank
        "cache_last_channel_dim1": 1,
        "cache_last_channel_dim2": TONES,
        "cache_last_channel_dim3": _REST_OUTPUTS,
        "cache_last_time_dim1": 1,
        "cache_last_time_dim2": TONES,
        "cache_last_time_dim3": _PAST_FRAMES,
    }
    return graph.model("tones", inputs, outputs, metadata)


def _windows(values: int, length: int, shift: int) -> NDArray[np.float32]:
    """Return the matrix that sums windows of `length` values, `shift` apart, one per output."""
    matrix = np.zeros((values, _OUTPUTS), np.float32)
    for output in range(_OUTPUTS):
        matrix[output * shift : output * shift + length, output] = 1
    return matrix


def _flat(graph: Graph, cache: str, length: int) -> str:
    return graph.apply("Reshape", cache, graph.constant([0, TONES, length]))


def _keep(graph: Graph, values: str, start: int, length: int, output: str) -> None:
    end = graph.constant([start + length])
    kept = graph.apply("Slice", values, graph.constant([start]), end, graph.constant([2]))
    graph.apply("Unsqueeze", kept, graph.constant([1]), output=output)


def _concatenated(graph: Graph, *values: str) -> str:
    return graph.apply("Concat", *values, axis=2)


def _above(graph: Graph, value: str, bound: float) -> str:
    return graph.apply("Cast", graph.apply("Greater", value, graph.constant(bound)), to=FLOAT)


def _complement(graph: Graph, value: str) -> str:
    return graph.apply("Sub", graph.constant(1.0), value)
