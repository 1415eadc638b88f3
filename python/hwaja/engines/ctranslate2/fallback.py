"""Decodes an utterance again, in other ways, if the decoder was stuck in a loop.

A loop depends on the beam and on the length and position of the context. So each attempt changes
one of them, and the last one draws tokens at random. No text that is longer than its speech leaves
this module.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from hwaja.engines.interface import BatchRecognizer, EngineError, Recognizer, Utterance
from hwaja.engines.recognition import Candidate, Effort, Hypothesis
from hwaja.engines.texts.hallucination_filter import is_stuck, spoken
from hwaja.engines.texts.repeats import may_loop, without_unsaid_repeats
from hwaja.protocol.audio import SAMPLE_RATE

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


def recognise_batch(
    recogniser: Recognizer, utterances: Sequence[tuple[Utterance, float]]
) -> Iterator[Hypothesis | None]:
    """Yield the text of each utterance, see `recognise`; None where that raises an EngineError.

    Their first attempts are one call of the recogniser, if it takes several utterances. Each
    further attempt is a call for one utterance, as are the first ones if their call fails.

    Args:
        recogniser: see `interface.Recognizer`.
        utterances: each with its `speech_seconds`.

    """
    for (utterance, speech_seconds), found in zip(
        utterances, _first_attempts(recogniser, utterances), strict=True
    ):
        try:
            yield recognise(recogniser, utterance, speech_seconds, found)
        except EngineError:
            yield None


def _first_attempts(
    recogniser: Recognizer, utterances: Sequence[tuple[Utterance, float]]
) -> Sequence[Hypothesis | None]:
    """Return what one call finds; None for utterances that have to be decoded alone."""
    if len(utterances) > 1 and isinstance(recogniser, BatchRecognizer):
        with suppress(EngineError):
            return recogniser.recognise_batch(
                [_offering_what_fits(*utterance) for utterance in utterances]
            )
    return [None] * len(utterances)


def recognise(
    recogniser: Recognizer,
    utterance: Utterance,
    speech_seconds: float,
    found: Hypothesis | None = None,
) -> Hypothesis:
    """Return the text of an utterance; empty where nobody spoke.

    The result is the first text that a decoder in a loop would not write. People repeat themselves
    too. A beam weighs a text with repeats against others, so its choice is taken. Without a beam, a
    text with repeats is taken only if every attempt gives one.

    Args:
        recogniser: see `interface.Recognizer`.
        utterance: the utterance, with the effort of the first attempt. Its `choose` takes
            candidates of which none is longer than the speech.
        speech_seconds: how much of the utterance is speech according to VAD.
        found: what the first attempt found, if it was made already.

    Raises:
        EngineError: the recogniser failed, or nobody can have said any of the texts.

    """
    seconds = len(utterance.samples) / SAMPLE_RATE
    effort, follows = utterance.effort, recogniser.abilities.has_efforts
    may_repeat = follows and effort.beam_size > 1
    offering = _offering_what_fits(utterance, speech_seconds)
    repeated: Hypothesis | None = None
    for number, attempt in enumerate(_attempts(effort, follows=follows), start=1):
        if found is None or number > 1:
            found = _attempted(recogniser, offering, attempt)
        text = replace(_said(found, speech_seconds, seconds), attempts=number)
        if is_stuck(text.text, speech_seconds):
            continue
        if may_repeat or not may_loop(text.text):
            return text
        repeated = repeated or text
    if repeated is None:
        raise EngineError("the text is longer than the speech")
    return repeated


def _said(found: Hypothesis, speech_seconds: float, seconds: float) -> Hypothesis:
    """Return a hypothesis without text that nobody spoke, and without repeats that nobody said."""
    text = spoken(found, speech_seconds, seconds)
    once = without_unsaid_repeats(found)
    if not text.text or once is found:
        return text
    return spoken(once, speech_seconds, seconds)


def _attempts(effort: Effort, *, follows: bool) -> Iterator[_Attempt]:
    """Yield the attempts. A recogniser that follows no effort gives another text only if moved."""
    yield _Attempt(effort)
    effort = replace(effort, looks_twice=False)  # a loop is no text to compare another with
    if follows and effort.beam_size > 1:
        yield _Attempt(replace(effort, beam_size=1))
    yield _Attempt(replace(effort, context_seconds=OTHER_CONTEXT_SECONDS), moved=True)
    if follows:
        yield _Attempt(replace(effort, temperature=TEMPERATURE))


def _attempted(recogniser: Recognizer, utterance: Utterance, attempt: _Attempt) -> Hypothesis:
    utterance = replace(utterance, effort=attempt.effort)
    if not attempt.moved:
        return recogniser.recognise(utterance)
    moved = np.concatenate([_SILENCE, utterance.samples])
    try:
        found = recogniser.recognise(replace(utterance, samples=moved))
    finally:
        moved.fill(0)
    return found.earlier(MOVED_SECONDS)


def _offering_what_fits(utterance: Utterance, speech_seconds: float) -> Utterance:
    """Return an utterance whose `choose` is offered only what somebody can have said.

    If the likeliest of them repeats itself, it is taken: to a language model each repeat is another
    unlikely word, so it would take a text without them.
    """

    def chosen(candidates: Sequence[Candidate], language: str) -> int:
        kept = [k for k, each in enumerate(candidates) if not is_stuck(each.text, speech_seconds)]
        if len(kept) < 2 or may_loop(candidates[kept[0]].text):
            return kept[0] if kept else 0
        return kept[utterance.choose([candidates[k] for k in kept], language)]

    return replace(utterance, choose=chosen)
