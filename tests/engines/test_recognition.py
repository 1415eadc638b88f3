"""The options of a recogniser that a session may request."""

import pytest

from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Hotword, Options

KOREAN = Abilities(languages=frozenset({"ko"}))
ANYTHING = Abilities(languages=frozenset({"ko"}), takes_any_hotword=True)
SPELLING = Abilities(languages=frozenset({"ko"}), hotword_characters=frozenset("상담사"))


def expecting(*texts: str) -> Options:
    return Options(hotwords=tuple(map(Hotword, texts)))


@pytest.mark.parametrize("language", ["en", "", "KO"])
def test_a_session_may_choose_among_the_languages_of_the_model(language: str) -> None:
    assert KOREAN.refusal(Options(language)) is Reason.LANGUAGE_UNSUPPORTED
    assert KOREAN.refusal(Options("ko")) is None


@pytest.mark.parametrize("abilities", [Abilities(), KOREAN, SPELLING, ANYTHING])
def test_default_options_are_never_refused(abilities: Abilities) -> None:
    assert abilities.refusal(Options()) is None


def test_hotwords_need_a_model_that_supports_them() -> None:
    assert KOREAN.refusal(expecting("상담")) is Reason.HOTWORDS_UNSUPPORTED


def test_hotwords_may_contain_only_characters_of_the_model() -> None:
    assert SPELLING.refusal(expecting("상담 사상", "담")) is None
    assert SPELLING.refusal(expecting("상담", "상담원")) is Reason.HOTWORD_UNKNOWN
    assert SPELLING.refusal(expecting("상담:2")) is Reason.HOTWORD_UNKNOWN


def test_a_text_that_repeats_itself_compresses_better() -> None:
    """OpenAI's Whisper measures loops by the same ratio."""
    once, often = Hypothesis("안녕하세요 반갑습니다"), Hypothesis("안녕하세요 " * 20)
    assert once.compression_ratio < 1.5
    assert often.compression_ratio > 8
    assert Hypothesis("").compression_ratio == 0


def test_a_model_that_takes_any_hotword_takes_every_script_digits_and_punctuation() -> None:
    assert ANYTHING.refusal(expecting("삼계탕", "Café COVID-19", "東京", "3:2")) is None
