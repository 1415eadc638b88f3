"""Decodes an utterance again, in other ways, where its text repeats itself as a stuck decoder does.

Each attempt differs in what a loop depends on: the beam, the length and position of the context,
and at last chance. No text that repeats itself for longer than its speech leaves this module.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwaja.engines.hallucination_filter import fits_speech, may_loop
from hwaja.engines.interface import EngineError, Recognizer, Samples
from hwaja.engines.recognition import Candidate, Choose, Effort, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options

MOVED_SECONDS = 0.3
"""Silence put before an utterance for another attempt. A decoder may give another text at another
position in the window: on the test dialogue this ended every loop of a greedy decoder."""

OTHER_CONTEXT_SECONDS = 15.0
TEMPERATURE = 0.4
"""Low enough that most tokens stay the likeliest ones, and high enough to leave a loop."""

_SILENCE = np.zeros(round(MOVED_SECONDS * SAMPLE_RATE), np.float32)


@dataclass(frozen=True, slots=True)
class _Attempt:
    effort: Effort
    moved: bool = False
    """Whether silence is put before the utterance."""


def recognise(
    recogniser: Recognizer,
    samples: Samples,
    options: Options,
    effort: Effort,
    speech_seconds: float,
    choose: Choose,
) -> Hypothesis:
    """Return the text of an utterance, from the first attempt whose text does not repeat itself.

    Where every text repeats itself, the speaker may have done so: the first text is returned if the
    speech is long enough for it.

    Args:
        recogniser: see `interface.Recognizer`.
        samples: the utterance.
        options: what the session asks for.
        effort: of the first attempt.
        speech_seconds: how much of the utterance is speech according to VAD.
        choose: takes candidates of which none repeats itself.

    Raises:
        EngineError: the recogniser failed, or every text repeats itself for longer than the speech.

    """
    first: Hypothesis | None = None
    for number, attempt in enumerate(_attempts(effort, follows=recogniser.abilities.has_efforts)):
        found = _attempted(recogniser, samples, options, attempt, _without_loops(choose))
        if not may_loop(found.text):
            return replace(found, attempts=1 + number)
        first = first or found
    if first is None or not fits_speech(first.text, speech_seconds):
        raise EngineError("the text repeats itself without end")
    return first


def _attempts(effort: Effort, *, follows: bool) -> Iterator[_Attempt]:
    """Yield the attempts. A recogniser that follows no effort gives another text only if moved."""
    yield _Attempt(effort)
    if follows and effort.beam_size > 1:
        yield _Attempt(replace(effort, beam_size=1))
    yield _Attempt(replace(effort, context_seconds=OTHER_CONTEXT_SECONDS), moved=True)
    if follows:
        yield _Attempt(replace(effort, temperature=TEMPERATURE))


def _attempted(
    recogniser: Recognizer, samples: Samples, options: Options, attempt: _Attempt, choose: Choose
) -> Hypothesis:
    if not attempt.moved:
        return recogniser.recognise(samples, options, attempt.effort, choose)
    moved = np.concatenate([_SILENCE, samples])
    try:
        found = recogniser.recognise(moved, options, attempt.effort, choose)
    finally:
        moved.fill(0)
    return found.earlier(MOVED_SECONDS)


def _without_loops(choose: Choose) -> Choose:
    """Return a `Choose` that offers only the candidates that do not repeat themselves."""

    def chosen(candidates: Sequence[Candidate], language: str) -> int:
        kept = [k for k, each in enumerate(candidates) if not may_loop(each.text)]
        if len(kept) < 2:
            return kept[0] if kept else 0
        return kept[choose([candidates[k] for k in kept], language)]

    return chosen
