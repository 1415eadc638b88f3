"""Decodes an utterance again, in other ways, if the decoder was stuck in a loop.

A loop depends on the beam and on the length and position of the context. So each attempt changes
one of them, and the last one draws tokens at random. No text that is longer than its speech leaves
this module.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hwaja.engines.hallucination_filter import is_stuck, may_loop, spoken
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
    """Return the text of an utterance; empty where nobody spoke.

    The result is the first text that a decoder in a loop would not write. People repeat themselves
    too. A beam weighs a text with repeats against others, so its choice is taken. Without a beam, a
    text with repeats is taken only if every attempt gives one.

    Args:
        recogniser: see `interface.Recognizer`.
        samples: the utterance.
        options: what the session asks for.
        effort: of the first attempt.
        speech_seconds: how much of the utterance is speech according to VAD.
        choose: takes candidates of which none is longer than the speech.

    Raises:
        EngineError: the recogniser failed, or nobody can have said any of the texts.

    """
    seconds = len(samples) / SAMPLE_RATE
    follows = recogniser.abilities.has_efforts
    may_repeat = follows and effort.beam_size > 1
    repeated: Hypothesis | None = None
    for number, attempt in enumerate(_attempts(effort, follows=follows), start=1):
        found = _attempted(recogniser, samples, options, attempt, _that_fit(choose, speech_seconds))
        found = replace(spoken(found, speech_seconds, seconds), attempts=number)
        if is_stuck(found.text, speech_seconds):
            continue
        if may_repeat or not may_loop(found.text):
            return found
        repeated = repeated or found
    if repeated is None:
        raise EngineError("the text is longer than the speech")
    return repeated


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


def _that_fit(choose: Choose, speech_seconds: float) -> Choose:
    """Return a `Choose` that offers only the candidates that somebody can have said.

    If the likeliest of them repeats itself, it is taken: to a language model each repeat is another
    unlikely word, so it would take a text without them.
    """

    def chosen(candidates: Sequence[Candidate], language: str) -> int:
        kept = [k for k, each in enumerate(candidates) if not is_stuck(each.text, speech_seconds)]
        if len(kept) < 2 or may_loop(candidates[kept[0]].text):
            return kept[0] if kept else 0
        return kept[choose([candidates[k] for k in kept], language)]

    return chosen
