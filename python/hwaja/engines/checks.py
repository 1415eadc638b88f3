"""Checks audio and options before an engine receives them.

sherpa-onnx ends the process on invalid arguments, without an exception.
"""

import numpy as np

from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.recognition import Abilities
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Options

MAX_UTTERANCE_SECONDS = 29.0
"""Whisper processes 30 s at most, and needs silence at the end of them."""

MIN_UTTERANCE_SECONDS = 0.025
"""One window of Whisper's spectrogram. On a fifth of a window, sherpa-onnx ends the process."""

_SENTENCES = {
    Reason.LANGUAGE_UNSUPPORTED: "the recogniser does not know the language",
    Reason.HOTWORDS_UNSUPPORTED: "the recogniser takes no hotwords",
    Reason.HOTWORD_UNKNOWN: "a hotword has a character that the model does not write",
}


def check_options(options: Options, abilities: Abilities) -> None:
    """Check that the recogniser supports a session's options.

    Raises:
        EngineError: where it does not.

    """
    refusal = abilities.refusal(options)
    if refusal is not None:
        raise EngineError(_SENTENCES[refusal])


def check_samples(samples: Samples) -> None:
    """Check that audio has the form of `interface.Samples` and is not empty.

    Raises:
        EngineError: where it has another form or is empty.

    """
    # sherpa-onnx would read int16 unscaled, and would end the process on a second dimension.
    whole = samples.flags.c_contiguous and samples.flags.aligned
    if samples.dtype != np.float32 or samples.ndim != 1 or not whole:
        raise EngineError("audio must be a contiguous, aligned float32 array of one dimension")
    if len(samples) == 0:
        raise EngineError("there is no audio")
    if not np.isfinite(samples).all():
        raise EngineError("audio must be finite")


def check_utterance(samples: Samples) -> None:
    """Check the form of an utterance (see `check_samples`) and its length.

    Raises:
        EngineError: where the form is wrong, or the audio is too short or too long.

    """
    check_samples(samples)
    if len(samples) < MIN_UTTERANCE_SECONDS * SAMPLE_RATE:
        raise EngineError(f"an utterance has at least {MIN_UTTERANCE_SECONDS:g} s")
    if len(samples) > MAX_UTTERANCE_SECONDS * SAMPLE_RATE:
        raise EngineError(f"an utterance has at most {MAX_UTTERANCE_SECONDS:g} s")
