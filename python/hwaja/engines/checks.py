"""What must hold of audio and options before they cross to an engine.

sherpa-onnx answers misuse by ending the process, without an exception.
"""

import numpy as np

from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.recognition import Abilities
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Options

MAX_UTTERANCE_SECONDS = 29.0
"""Whisper hears 30 s at most, and wants silence at the end of them."""

MIN_UTTERANCE_SECONDS = 0.025
"""One window of Whisper's spectrogram; of a fifth of it, sherpa-onnx ends the process."""

_SENTENCES = {
    Reason.LANGUAGE_UNSUPPORTED: "the recogniser does not know the language",
    Reason.HOTWORDS_UNSUPPORTED: "the recogniser takes no hotwords",
    Reason.HOTWORD_UNKNOWN: "a hotword has a character that the model does not write",
}


def check_options(options: Options, abilities: Abilities) -> None:
    """Check that a session asks for no more than its recogniser can do.

    Raises:
        EngineError: otherwise.

    """
    refusal = abilities.refusal(options)
    if refusal is not None:
        raise EngineError(_SENTENCES[refusal])


def check_samples(samples: Samples) -> None:
    """Check that audio is what `engine.Samples` says, and that there is some.

    Raises:
        EngineError: otherwise.

    """
    # An int16 array would be taken unscaled, a second dimension would end the process.
    whole = samples.flags.c_contiguous and samples.flags.aligned
    if samples.dtype != np.float32 or samples.ndim != 1 or not whole:
        raise EngineError("audio must be a contiguous, aligned float32 array of one dimension")
    if len(samples) == 0:
        raise EngineError("there is no audio")
    if not np.isfinite(samples).all():
        raise EngineError("audio must be finite")


def check_utterance(samples: Samples) -> None:
    """Check that audio is what `check_samples` says, and neither too short nor too long.

    Raises:
        EngineError: otherwise.

    """
    check_samples(samples)
    if len(samples) < MIN_UTTERANCE_SECONDS * SAMPLE_RATE:
        raise EngineError(f"an utterance has at least {MIN_UTTERANCE_SECONDS:g} s")
    if len(samples) > MAX_UTTERANCE_SECONDS * SAMPLE_RATE:
        raise EngineError(f"an utterance has at most {MAX_UTTERANCE_SECONDS:g} s")
