"""What must hold of audio and options before they cross to an engine.

sherpa-onnx answers misuse by ending the process, without an exception.
"""

import numpy as np

from hwaja.codes import Reason
from hwaja.engine import EngineError, Samples
from hwaja.recognition import Abilities, Options

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
