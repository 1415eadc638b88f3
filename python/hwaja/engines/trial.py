"""Tries out the recogniser in a folder: `python -m hwaja.engines.trial FOLDER`.

It needs a process of its own, since an engine may end the process over a file that nobody has
checked before. The last line on stdout is a JSON object: `{"languages": ["ko"]}` with the codes of
the languages that a session may choose, or `{"reason": "..."}`. The exit code is 0 or 1.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from hwaja.engines.interface import (
    AnyStream,
    EngineError,
    Recognizer,
    Samples,
    StreamingRecognizer,
    Utterance,
)
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.engines.model_checks.exports import CTranslate2Model, open_export
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

TRIAL_SECONDS = 1800.0
"""Longest time of a trial: a model of several gigabytes on a slow disk takes some minutes."""

_USUAL = ("ko", "en")
"""The languages to try first."""


def try_out(folder: Path) -> frozenset[str]:
    """Load the recogniser in a folder in another process, and let it recognise noise.

    Returns:
        codes of the languages that it knows; empty where its files do not say which.

    Raises:
        EngineError: where that fails; the message gives the reason in one sentence.

    """
    command = [sys.executable, "-m", "hwaja.engines.trial", str(folder)]
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TRIAL_SECONDS,
            check=False,
        )
        answer = json.loads(ended.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise EngineError(f"{folder.name} did not load within {TRIAL_SECONDS:.0f} s.") from None
    except (IndexError, ValueError):
        raise EngineError(
            f"The engine ended its process over {folder.name} (exit code {ended.returncode}): its "
            "files are damaged, or the memory is too small for it."
        ) from None
    if "reason" in answer:
        raise EngineError(answer["reason"].replace(str(folder), folder.name))
    return frozenset(answer["languages"])


def run(folder: Path) -> frozenset[str]:
    """Load the recogniser in a folder, and let it recognise noise; see `try_out`."""
    # Imported here: the import is slow.
    from hwaja.engines import loading

    export = open_export(folder, None)
    # Every Whisper knows English; which others, CTranslate2 says when it has loaded it.
    known = {"en"} if isinstance(export, CTranslate2Model) else {*export.languages}
    language = next((code for code in _USUAL if code in known), min(known, default=_USUAL[0]))
    recogniser = loading.load_recogniser(folder, language)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, SAMPLE_RATE).astype(np.float32)
    if isinstance(recogniser, Recognizer):
        recogniser.recognise(Utterance(noise))
    else:
        _recognise_streaming(recogniser, noise)
    return recogniser.abilities.languages - {AUTO_LANGUAGE} if known else frozenset()


def _recognise_streaming(recogniser: StreamingRecognizer[AnyStream], samples: Samples) -> None:
    stream = recogniser.open(Options())
    stream.feed(samples)
    stream.finish()
    while stream.ready:
        recogniser.decode([stream])


def main(arguments: list[str]) -> int:
    """Try out a folder, print the result as JSON, return the exit code."""
    (folder,) = arguments
    answer: dict[str, object]
    try:
        answer = {"languages": sorted(run(Path(folder)))}
    except EngineError as error:
        answer = {"reason": str(error)}
    print(json.dumps(answer))
    return int("reason" in answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
