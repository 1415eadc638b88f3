"""An utterance whose text repeats itself is decoded again in other ways."""

import numpy as np
import pytest

from hwaja.engines.fallback import MOVED_SECONDS, OTHER_CONTEXT_SECONDS, recognise
from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.recognition import (
    NORMAL,
    Abilities,
    Candidate,
    Choose,
    Effort,
    Hypothesis,
    first,
)
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options, Token

LOOP = "그래서 그래서 그래서 그래서 그래서 그래서 그래서 그래서 그래서 그래서"
SOUND = np.full(SAMPLE_RATE, 0.1, np.float32)


class Scripted:
    """Gives the candidates of its script, one list for each call."""

    def __init__(self, *script: list[str], follows: bool = True) -> None:
        self.abilities = Abilities(has_efforts=follows)
        self.script = list(script)
        self.calls: list[tuple[int, Effort]] = []

    def recognise(
        self, samples: Samples, _options: Options, effort: Effort = NORMAL, choose: Choose = first
    ) -> Hypothesis:
        self.calls.append((len(samples), effort))
        texts = self.script[min(len(self.calls), len(self.script)) - 1]
        candidates = [Candidate(text, -float(k), 1) for k, text in enumerate(texts)]
        chosen = choose(candidates, "ko") if len(texts) > 1 else 0
        return Hypothesis(texts[chosen], (Token("그", 1.0),))


def text_of(recogniser: Scripted, speech_seconds: float = 1.0, choose: Choose = first) -> str:
    return recognise(recogniser, SOUND, Options(), NORMAL, speech_seconds, choose).text


def test_a_text_without_repeats_is_taken_at_the_first_attempt() -> None:
    recogniser = Scripted(["안녕하세요"])
    assert recognise(recogniser, SOUND, Options(), NORMAL, 1.0, first).attempts == 1
    assert recogniser.calls == [(len(SOUND), NORMAL)]


def test_candidates_that_repeat_themselves_are_not_offered() -> None:
    offered: list[str] = []

    def last(candidates: list[Candidate], _language: str) -> int:
        offered.extend(each.text for each in candidates)
        return len(candidates) - 1

    assert text_of(Scripted([LOOP, "가면", LOOP, "하면"]), choose=last) == "하면"
    assert offered == ["가면", "하면"]


def test_where_every_candidate_repeats_itself_the_beam_narrows_then_the_context_then_chance() -> (
    None
):
    recogniser = Scripted([LOOP, LOOP], [LOOP], [LOOP], ["안녕하세요"])
    found = recognise(recogniser, SOUND, Options(), NORMAL, 1.0, first)
    assert (found.text, found.attempts) == ("안녕하세요", 4)
    lengths, efforts = zip(*recogniser.calls, strict=True)
    moved = len(SOUND) + round(MOVED_SECONDS * SAMPLE_RATE)
    assert lengths == (len(SOUND), len(SOUND), moved, len(SOUND))
    assert [effort.beam_size for effort in efforts[:2]] == [NORMAL.beam_size, 1]
    assert efforts[2].context_seconds == OTHER_CONTEXT_SECONDS
    assert [effort.temperature > 0 for effort in efforts] == [False, False, False, True]


def test_a_recogniser_that_follows_no_effort_is_asked_twice_only() -> None:
    recogniser = Scripted([LOOP], [LOOP], follows=False)
    with pytest.raises(EngineError):
        text_of(recogniser)
    assert len(recogniser.calls) == 2


def test_the_times_of_an_attempt_behind_silence_count_from_the_utterance() -> None:
    recogniser = Scripted([LOOP, LOOP], [LOOP], ["안녕하세요"])
    found = recognise(recogniser, SOUND, Options(), NORMAL, 1.0, first)
    assert [token.start_seconds for token in found.tokens] == [pytest.approx(1 - MOVED_SECONDS)]


def test_a_text_that_always_repeats_itself_fails_where_nobody_can_have_said_it() -> None:
    with pytest.raises(EngineError, match="repeats itself"):
        text_of(Scripted([LOOP]), speech_seconds=1.0)


def test_a_text_that_always_repeats_itself_is_taken_where_the_speech_has_room_for_it() -> None:
    """People do say the same word ten times."""
    assert text_of(Scripted([LOOP]), speech_seconds=8.0) == LOOP
