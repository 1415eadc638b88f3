"""What a session may ask of a recogniser."""

import pytest

from hwaja.recognition import Abilities, Hotword, Options

KOREAN = Abilities(languages=frozenset({"ko"}))
SPELLING = Abilities(languages=frozenset({"ko"}), hotword_characters=frozenset("상담사"))


@pytest.mark.parametrize(
    ("options", "known"),
    [(Options(), True), (Options("ko"), True), (Options("en"), False), (Options(""), False)],
)
def test_a_session_chooses_among_the_languages_of_the_model(options: Options, known: bool) -> None:
    assert KOREAN.knows_language(options) is known
    assert Abilities().knows_language(options) is (options.language is None)


def test_hotwords_need_a_model_that_takes_them() -> None:
    wanted = Options(hotwords=(Hotword("상담"),))
    assert not KOREAN.takes_hotwords(wanted)
    assert KOREAN.takes_hotwords(Options())
    assert SPELLING.takes_hotwords(wanted)


def test_hotwords_must_be_made_of_what_the_model_can_write() -> None:
    assert SPELLING.spells_hotwords(Options(hotwords=(Hotword("상담 사상"), Hotword("담"))))
    assert not SPELLING.spells_hotwords(Options(hotwords=(Hotword("상담"), Hotword("상담원"))))
    assert not SPELLING.spells_hotwords(Options(hotwords=(Hotword("상담:2"),)))
