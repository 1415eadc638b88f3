"""`hwaja doctor` in Korean and in English."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest
from processes import ENGLISH

from hwaja.cli.main import main
from hwaja.doctor import strings
from hwaja.doctor.strings import STRINGS
from hwaja.language import LANGUAGES, Language, of_locale

SOURCES = [
    file.read_text(encoding="utf-8")
    for file in Path(strings.__file__).parent.glob("*.py")
    if file.name != "strings.py"
]

HANGUL = re.compile("[가-힣]")

SAID_ALIKE = {"raised", "python"}
"""What has no word of either language."""


def filled_in(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_every_message_exists_in_both_languages_with_the_same_placeholders() -> None:
    assert set(STRINGS) == set(LANGUAGES)
    korean, english = (
        {key: filled_in(text) for key, text in STRINGS[language].items()} for language in LANGUAGES
    )
    assert korean == english


def test_korean_messages_are_korean_and_english_ones_are_not() -> None:
    in_korean = {key for key, text in STRINGS["ko"].items() if HANGUL.search(text)}
    assert in_korean == set(STRINGS["ko"]) - SAID_ALIKE
    assert not any(HANGUL.search(text) for text in STRINGS["en"].values())


def test_every_message_is_used_by_a_check_and_none_is_missing() -> None:
    named = {name for source in SOURCES for name in re.findall(r'"([\w.-]+)"', source)}
    assert {re.sub(r"\.(one|many)$", "", key) for key in STRINGS["en"]} <= named
    said = {name for source in SOURCES for name in re.findall(r'\bphrase\(\s*"([^"]+)"', source)}
    assert said <= set(STRINGS["en"])
    counted = {name for source in SOURCES for name in re.findall(r'counted\("([^"]+)"', source)}
    assert {f"{name}.{form}" for name in counted for form in ("one", "many")} <= set(STRINGS["en"])


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "ko_KR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": ""}, "ko"),
        ({"LANG": "kok_IN"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({}, "en"),
    ],
)
def test_the_language_is_that_of_the_locale_or_english(
    environment: dict[str, str], language: Language
) -> None:
    assert of_locale(environment) == language


@pytest.fixture
def without_recogniser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Options for a machine on which no model was pulled."""
    monkeypatch.setenv("HWAJA_CACHE", str(tmp_path))
    return [*ENGLISH, "--provider", "cpu", "--seconds", "0"]


@pytest.mark.usefixtures("clean_settings")
def test_a_korean_locale_gets_a_korean_report_with_advice(
    without_recogniser: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert main(["doctor", *without_recogniser]) == 1
    shown = capsys.readouterr().out
    assert "다음을 실행하세요: hwaja models pull moonshine-tiny-en" in shown
    assert re.fullmatch(
        r"아직 서비스할 수 없습니다. 문제가 \d+건 있습니다.", shown.splitlines()[-1]
    )


@pytest.mark.usefixtures("clean_settings")
def test_the_language_option_overrides_the_locale_and_json_has_the_same_keys_in_both(
    without_recogniser: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = {}
    for language in LANGUAGES:
        assert main(["doctor", "--json", "--lang", language, *without_recogniser]) == 1
        found[language] = json.loads(capsys.readouterr().out)["findings"]
    absent = [
        next(one for one in found[language] if one["name"] == "model silero-vad")
        for language in LANGUAGES
    ]
    assert HANGUL.search(absent[0]["sentence"])
    assert HANGUL.search(absent[0]["advice"])
    assert absent[1]["advice"] == "Run: hwaja models pull silero-vad"
    for one, same in zip(*found.values(), strict=True):
        assert list(one) == list(same) == ["name", "state", "sentence", "advice", "facts"]
        assert (one["name"], one["state"]) == (same["name"], same["state"])
        assert set(one["facts"]) == set(same["facts"])
