"""Hotwords among the texts of a recogniser; the recogniser is a table of log-probabilities."""

import pytest

from hwaja.engines.recognition import Candidate
from hwaja.engines.texts.hotword_search import DEFAULT_BOOST, Found, HotwordSearch
from hwaja.protocol.values import Hotword

END = -0.5
"""Log-probability of the end of a text, which decoding counts and scoring does not."""


class Scoring:
    """Scores a text as a table says; others are impossible. A token is a character."""

    def __init__(self, **log_probabilities: float) -> None:
        self.table = {text.replace("_", " "): each for text, each in log_probabilities.items()}
        self.scored: list[str] = []

    def encode(self, text: str) -> list[int]:
        return [ord(character) for character in text]

    def log_probability(self, tokens: object) -> float:
        assert isinstance(tokens, list)
        self.scored.append("".join(map(chr, tokens)).strip())
        return self.table.get(self.scored[-1], -100.0)

    def found(self, text: str) -> Found:
        tokens = self.encode(f" {text}")
        return Found(tokens, Candidate(text, self.table[text] + END, len(tokens)))

    def search(self, hotwords: list[Hotword], *decoded: str) -> list[Found]:
        search = HotwordSearch(hotwords, self.encode, self.log_probability)
        return search.search([self.found(text) for text in decoded])


def likeliest(scoring: Scoring, hotwords: list[str], *decoded: str) -> str:
    return scoring.search([Hotword(text) for text in hotwords], *decoded)[0].candidate.text


def test_a_hotword_that_was_said_takes_the_place_of_what_sounds_like_it() -> None:
    scoring = Scoring(산기탕_주세요=-2, 삼계탕_주세요=-5)
    assert likeliest(scoring, ["삼계탕", "월요일"], "산기탕 주세요") == "삼계탕 주세요"


def test_a_hotword_that_was_not_said_stays_out_as_the_audio_makes_it_improbable() -> None:
    scoring = Scoring(산기탕_주세요=-2, 삼계탕_주세요=-9)
    assert likeliest(scoring, ["삼계탕"], "산기탕 주세요") == "산기탕 주세요"


def test_the_boost_counts_for_each_token_of_the_hotword_and_is_no_part_of_the_probability() -> None:
    scoring = Scoring(산기탕=-2, 삼계탕=-5)
    best, second = scoring.search([Hotword("삼계탕")], "산기탕")
    assert best.candidate.log_probability == pytest.approx(-5 + END)
    assert best.boost == pytest.approx(DEFAULT_BOOST * len(" 삼계탕"))
    assert best.boosted.log_probability == pytest.approx(-5 + END + best.boost)
    assert second.boosted == second.candidate
    (best, _) = scoring.search([Hotword("삼계탕", 0.7)], "산기탕")
    assert best.candidate.text == "산기탕"


def test_a_decoded_text_with_a_hotword_comes_before_a_likelier_one_without() -> None:
    scoring = Scoring(세수를=-2, 세무사를=-4)
    assert likeliest(scoring, ["세무사"], "세수를", "세무사를") == "세무사를"


def test_where_no_text_has_a_hotword_the_recognisers_own_choice_stays_first() -> None:
    """It prefers a text that is likelier for each of its tokens, even if another is shorter."""
    scoring = Scoring(네_안녕하세요=-2.5, 네=-2)
    found = scoring.search([Hotword("삼계탕")], "네 안녕하세요", "네")
    assert [each.candidate.text for each in found] == ["네 안녕하세요", "네"]


def test_several_hotwords_come_into_one_text() -> None:
    scoring = Scoring(
        산기탕과_팟빈수=-2, 삼계탕과_팟빈수=-3, 산기탕과_팥빙수=-3, 삼계탕과_팥빙수=-4
    )
    assert likeliest(scoring, ["삼계탕", "팥빙수"], "산기탕과 팟빈수") == "삼계탕과 팥빙수"


def test_no_text_is_scored_where_nothing_sounds_like_a_hotword() -> None:
    scoring = Scoring(안녕하세요=-1, 안녕하셔요=-2)
    assert likeliest(scoring, ["삼계탕", "?!"], "안녕하세요", "안녕하셔요") == "안녕하세요"
    assert scoring.scored == []


def test_a_hotword_in_decomposed_letters_is_written_in_composed_ones() -> None:
    scoring = Scoring(산기탕=-2, 삼계탕=-3)
    decomposed = "\u1109\u1161\u11b7\u1100\u1168\u1110\u1161\u11bc"
    assert likeliest(scoring, [decomposed], "산기탕") == "삼계탕"


def test_a_hotword_named_twice_counts_once() -> None:
    scoring = Scoring(산기탕=-2, 삼계탕=-9)
    assert likeliest(scoring, ["삼계탕", "삼계탕"], "산기탕") == "산기탕"
