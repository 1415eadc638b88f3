"""What must hold of audio and options before they cross to an engine.

sherpa-onnx answers misuse by ending the process, without an exception.
"""

import numpy as np

from hwaja.engine import EngineError, Samples
from hwaja.recognition import Abilities, Options


def check_options(options: Options, abilities: Abilities) -> None:
    """Check that a session asks for no more than its recogniser can do.

    Raises:
        EngineError: otherwise.

    """
    if not abilities.knows_language(options):
        raise EngineError("the recogniser does not know the language")
    if not abilities.takes_hotwords(options):
        raise EngineError("the recogniser takes no hotwords")
    if not abilities.spells_hotwords(options):
        raise EngineError("a hotword has a character that the model does not write")


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
