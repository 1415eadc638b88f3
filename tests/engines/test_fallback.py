"""An utterance whose text nobody can have said is decoded again in other ways."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from hwaja.engines.ctranslate2.fallback import (
    MOVED_SECONDS,
    OTHER_CONTEXT_SECONDS,
    recognise,
    recognise_batch,
)
from hwaja.engines.interface import EngineError, Utterance
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
SPOKEN = Utterance(SOUND, Options())


class Scripted:
    """Gives the candidates of its script, one list for each call."""

    def __init__(
        self, *script: list[str], follows: bool = True, score: float | None = None
    ) -> None:
        self.abilities = Abilities(has_efforts=follows)
        self.script = list(script)
        self.score = score
        self.calls: list[tuple[int, Effort]] = []

    def recognise(self, utterance: Utterance) -> Hypothesis:
        self.calls.append((len(utterance.samples), utterance.effort))
        texts = self.script[min(len(self.calls), len(self.script)) - 1]
        candidates = [Candidate(text, -float(k), 1) for k, text in enumerate(texts)]
        chosen = utterance.choose(candidates, "ko") if len(texts) > 1 else 0
        return Hypothesis(texts[chosen], (Token("그", 1.0),), score=self.score)


def text_of(recogniser: Scripted, speech_seconds: float = 1.0, choose: Choose = first) -> str:
    return recognise(recogniser, Utterance(SOUND, Options(), choose=choose), speech_seconds).text


def test_a_text_without_repeats_is_taken_at_the_first_attempt() -> None:
    recogniser = Scripted(["안녕하세요"])
    assert recognise(recogniser, SPOKEN, 1.0).attempts == 1
    assert recogniser.calls == [(len(SOUND), NORMAL)]


def test_candidates_that_nobody_can_have_said_are_not_offered() -> None:
    offered: list[str] = []

    def last(candidates: list[Candidate], _language: str) -> int:
        offered.extend(each.text for each in candidates)
        return len(candidates) - 1

    assert text_of(Scripted([LOOP, "가면", LOOP, "하면"]), choose=last) == "하면"
    assert offered == ["가면", "하면"]


def test_where_no_candidate_can_be_right_the_beam_narrows_then_the_context_then_chance() -> None:
    recogniser = Scripted([LOOP, LOOP], [LOOP], [LOOP], ["안녕하세요"])
    found = recognise(recogniser, SPOKEN, 1.0)
    assert (found.text, found.attempts) == ("안녕하세요", 4)
    lengths, efforts = zip(*recogniser.calls, strict=True)
    moved = len(SOUND) + round(MOVED_SECONDS * SAMPLE_RATE)
    assert lengths == (len(SOUND), len(SOUND), moved, len(SOUND))
    assert [effort.beam_size for effort in efforts[:2]] == [NORMAL.beam_size, 1]
    assert efforts[2].context_seconds == OTHER_CONTEXT_SECONDS
    assert [effort.temperature > 0 for effort in efforts] == [False, False, False, True]


def test_only_the_first_attempt_looks_twice() -> None:
    """The others are made because of a loop, and cost enough."""
    recogniser = Scripted([LOOP, LOOP], [LOOP], [LOOP], ["안녕하세요"])
    recognise(recogniser, replace(SPOKEN, effort=Effort(looks_twice=True)), 1.0)
    assert [effort.looks_twice for _, effort in recogniser.calls] == [True, False, False, False]


def test_a_recogniser_that_follows_no_effort_is_asked_twice_only() -> None:
    recogniser = Scripted([LOOP], [LOOP], follows=False)
    with pytest.raises(EngineError):
        text_of(recogniser)
    assert len(recogniser.calls) == 2


def test_the_times_of_an_attempt_behind_silence_count_from_the_utterance() -> None:
    recogniser = Scripted([LOOP, LOOP], [LOOP], ["안녕하세요"])
    found = recognise(recogniser, SPOKEN, 1.0)
    assert [token.start_seconds for token in found.tokens] == [pytest.approx(1 - MOVED_SECONDS)]


def test_a_text_that_is_always_longer_than_its_speech_fails() -> None:
    """It is not silence: somebody spoke."""
    for text in (LOOP, "저는 오늘 아침에 일찍 일어나서 운동을 하고 왔습니다"):
        with pytest.raises(EngineError, match="longer than the speech"):
            text_of(Scripted([text]), speech_seconds=1.0)


def test_a_loop_that_fits_its_speech_fails_too() -> None:
    with pytest.raises(EngineError, match="longer than the speech"):
        text_of(Scripted(["자, " * 100]), speech_seconds=20.0)


def test_a_text_of_a_sound_is_silence_and_not_decoded_again() -> None:
    recogniser = Scripted(["시청해 주셔서 감사합니다"], score=-3.0)
    assert text_of(recogniser, speech_seconds=0.2) == ""
    assert len(recogniser.calls) == 1


def test_words_that_a_beam_repeats_were_repeated() -> None:
    """A language model, to which each repeat is unlikely, is not asked."""
    recogniser = Scripted(["아니요 아니요 아니요", "아니요"])
    text = text_of(recogniser, speech_seconds=2.0, choose=lambda candidates, _: 1)
    assert text == "아니요 아니요 아니요"
    assert len(recogniser.calls) == 1


def test_words_that_a_beam_repeats_without_any_audio_for_them_were_said_once() -> None:
    said = (Token(" 그럼요", 0.1), Token(" 언제", 0.5), Token(" 가실래요?", 0.9))
    written = tuple(Token(token.text, 1.0) for token in said)

    class Looping(Scripted):
        def recognise(self, utterance: Utterance) -> Hypothesis:
            found = super().recognise(utterance)
            return Hypothesis(found.text, (*said, *written), score=-0.3)

    recogniser = Looping(["그럼요 언제 가실래요? 그럼요 언제 가실래요?"])
    found = recognise(recogniser, SPOKEN, 3.0)
    assert (found.text, found.tokens, found.attempts) == ("그럼요 언제 가실래요?", said, 1)


def test_words_that_a_greedy_decoder_repeats_are_looked_at_again() -> None:
    """It takes them if every attempt repeats itself: people do say a word several times."""
    said = "아니요 아니요 아니요"
    recogniser = Scripted([said], ["아니요"], follows=False)
    assert text_of(recogniser, speech_seconds=2.0) == "아니요"
    assert text_of(Scripted([said], follows=False), speech_seconds=2.0) == said


class Together(Scripted):
    """Takes several utterances in one call, and fails on silence."""

    def __init__(self, *script: list[str]) -> None:
        super().__init__(*script)
        self.batches: list[int] = []

    def recognise(self, utterance: Utterance) -> Hypothesis:
        if not utterance.samples.any():
            raise EngineError("silence")
        return super().recognise(utterance)

    def recognise_batch(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        self.batches.append(len(utterances))
        return [self.recognise(each) for each in utterances]


SILENT = Utterance(np.zeros(SAMPLE_RATE, np.float32), Options())


def texts_of(recogniser: Scripted, *utterances: Utterance) -> list[str | None]:
    found = recognise_batch(recogniser, [(each, 1.0) for each in utterances])
    return [None if each is None else each.text for each in found]


def test_the_first_attempts_are_one_call_and_only_a_loop_is_decoded_again() -> None:
    recogniser = Together(["하나"], [LOOP], ["셋"], ["둘"])
    assert texts_of(recogniser, SPOKEN, SPOKEN, SPOKEN) == ["하나", "둘", "셋"]
    assert recogniser.batches == [3]
    assert [effort.beam_size for _, effort in recogniser.calls] == [NORMAL.beam_size] * 3 + [1]


def test_each_utterance_of_a_call_that_fails_is_decoded_alone() -> None:
    recogniser = Together(["하나"], ["하나"], ["셋"])
    assert texts_of(recogniser, SPOKEN, SILENT, SPOKEN) == ["하나", None, "셋"]
    assert recogniser.batches == [3]


def test_a_loop_that_never_ends_fails_alone() -> None:
    assert texts_of(Together(["하나"], [LOOP]), SPOKEN, SPOKEN) == ["하나", None]


def test_one_utterance_and_a_recogniser_of_single_utterances_need_no_batch() -> None:
    alone = Together(["하나"])
    assert texts_of(alone, SPOKEN) == ["하나"]
    assert alone.batches == []
    assert texts_of(Scripted(["하나"], ["둘"]), SPOKEN, SPOKEN) == ["하나", "둘"]


def test_in_a_batch_each_utterance_has_its_own_choice() -> None:
    utterances = [
        Utterance(SOUND, Options(), choose=lambda _candidates, _language, k=k: k) for k in (1, 0)
    ]
    assert texts_of(Together(["가면", "하면"]), *utterances) == ["하면", "가면"]
