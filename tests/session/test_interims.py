"""Interim texts: changes, the stable beginning, and withdrawal."""

from os.path import commonprefix

from hypothesis import given
from hypothesis import strategies as st

from hwaja.protocol.messages import Interim
from hwaja.session.conversation import Interims

TEXTS = st.text(alphabet="가나 다", max_size=6)


def test_what_two_hypotheses_in_a_row_agree_on_is_stable() -> None:
    interims = Interims()
    assert interims.take(0, "오늘 날") == Interim(0, "오늘 날", 0)
    assert interims.take(0, "오늘 날씨") == Interim(0, "오늘 날씨", 4)
    assert interims.take(0, "오늘 밤") == Interim(0, "오늘 밤", 2), "a trailing space is not text"


def test_the_same_text_again_makes_all_of_it_stable_and_is_told_once() -> None:
    interims = Interims()
    interims.take(0, "네")
    assert interims.take(0, "네") == Interim(0, "네", 1)
    assert interims.take(0, "네") is None


def test_an_interim_without_a_text_after_it_is_taken_back() -> None:
    interims = Interims()
    interims.take(3, "어")
    assert interims.end(3, has_text=False) == Interim(3, "", 0)
    assert interims.end(3, has_text=False) is None


def test_what_a_final_text_replaces_and_what_was_never_shown_is_not_taken_back() -> None:
    interims = Interims()
    interims.take(0, "어")
    interims.take(1, "")
    assert interims.end(0, has_text=True) is None
    assert interims.end(1, has_text=False) is None
    assert interims.end(2, has_text=False) is None


def test_segments_do_not_mix() -> None:
    interims = Interims()
    interims.take(0, "가나")
    assert interims.take(1, "가나") == Interim(1, "가나", 0)
    interims.clear()
    assert interims.take(0, "가나") == Interim(0, "가나", 0)


@given(st.lists(TEXTS, min_size=1))
def test_stable_is_the_longest_beginning_that_this_text_and_the_one_before_share(
    texts: list[str],
) -> None:
    interims = Interims()
    before = ""
    for text in texts:
        told = interims.take(0, text)
        if told is not None:
            assert told.text == text
            shared = commonprefix([before, text])  # noqa: RUF071 (characters are meant)
            assert text[: told.stable_chars] == shared.rstrip()
        before = text
