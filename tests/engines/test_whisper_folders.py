"""Every form of Whisper that others converted for CTranslate2 loads and runs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from whisper_folders import (
    BASE,
    DISTIL_LARGE_V3,
    DISTIL_SMALL_EN,
    LANGUAGES,
    LARGE_V3,
    SMALL_EN,
    TURBO,
    Form,
    change_config,
    names_of,
    write_whisper,
)

from hwaja.engines.interface import EngineError, Utterance
from hwaja.engines.loading import load_recogniser
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.values import Hotword, Options

NOISE = np.random.default_rng(0).uniform(-0.1, 0.1, 32_000).astype(np.float32)

FORMS = {
    "base": BASE,
    "large-v3": LARGE_V3,
    "turbo": TURBO,
    "distil": DISTIL_LARGE_V3,
    "small.en": SMALL_EN,
    "distil-small.en": DISTIL_SMALL_EN,
}


def recognised(folder: Path, language: str, options: Options | None = None) -> Hypothesis:
    return load_recogniser(folder, language).recognise(Utterance(NOISE, options or Options()))


@pytest.mark.parametrize("name", FORMS)
def test_a_folder_of_this_form_is_loaded_and_writes_text_with_times(
    name: str, tmp_path: Path
) -> None:
    form = FORMS[name]
    language = "en" if name.endswith(".en") else "ko"
    written = recognised(write_whisper(tmp_path, form), language)
    assert (written.text, written.language) == ("한", language)
    assert [token.text for token in written.tokens] == ["한"]
    assert 0 <= written.tokens[0].start_seconds < 2


@pytest.mark.parametrize(
    ("form", "languages"),
    [
        (BASE, {*LANGUAGES, "auto"}),
        (TURBO, {*LANGUAGES, "yue", "auto"}),
        (SMALL_EN, {"en"}),
    ],
)
def test_the_vocabulary_says_which_languages_a_model_knows(
    form: Form, languages: set[str], tmp_path: Path
) -> None:
    found = load_recogniser(write_whisper(tmp_path, form), "en").abilities.languages
    assert found == languages


def test_a_model_that_knows_english_only_is_no_model_for_another_language(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"does not know the language 'ko'\.$"):
        load_recogniser(write_whisper(tmp_path, SMALL_EN), "ko")


@pytest.mark.parametrize(
    "stored",
    ["float32", "float16", "bfloat16", "int8", "int8_float32", "int8_float16", "int8_bfloat16"],
)
def test_weights_of_every_type_are_loaded(stored: str, tmp_path: Path) -> None:
    assert recognised(write_whisper(tmp_path, replace(TURBO, stored=stored)), "ko").text == "한"


@pytest.mark.parametrize("form", [BASE, TURBO])
@pytest.mark.parametrize("vocabulary", ["vocabulary.json", "vocabulary.txt"])
def test_the_vocabulary_has_either_form(vocabulary: str, form: Form, tmp_path: Path) -> None:
    assert recognised(write_whisper(tmp_path, form, vocabulary), "ko").text == "한"


def test_other_files_beside_the_model_do_not_matter(tmp_path: Path) -> None:
    folder = write_whisper(tmp_path)
    for name in ("tokenizer.json", "preprocessor_config.json", "README.md"):
        (folder / name).write_text("{}")
    assert recognised(folder, "ko").text == "한"


@pytest.mark.parametrize("value", [..., None, []], ids=["absent", "null", "empty"])
@pytest.mark.parametrize("form", [BASE, DISTIL_LARGE_V3])
def test_without_alignment_heads_the_times_come_from_the_later_half_of_the_decoder(
    form: Form, value: object, tmp_path: Path
) -> None:
    """As the converter of CTranslate2 has it. The conversions of many fine-tunes have none."""
    folder = write_whisper(tmp_path, form)
    later = range(form.decoder_layers // 2, form.decoder_layers)
    change_config(folder, alignment_heads=[[layer, head] for layer in later for head in (0, 1)])
    expected = recognised(folder, "ko")
    change_config(folder, alignment_heads=value)
    assert recognised(folder, "ko") == expected
    assert len(expected.tokens) == 1


@pytest.mark.parametrize("value", [..., None, []], ids=["absent", "null", "empty"])
@pytest.mark.parametrize("form", [BASE, LARGE_V3])
def test_without_numbers_of_languages_the_vocabulary_says_which_to_detect(
    form: Form, value: object, tmp_path: Path
) -> None:
    folder = write_whisper(tmp_path, form)
    change_config(folder, lang_ids=value)
    assert recognised(folder, "auto").language == "ko"


@pytest.mark.parametrize("key", ["suppress_ids", "suppress_ids_begin"])
@pytest.mark.parametrize("value", [..., None, []], ids=["absent", "null", "empty"])
def test_without_suppressed_tokens_none_are_suppressed(
    key: str, value: object, tmp_path: Path
) -> None:
    folder = write_whisper(tmp_path)
    change_config(folder, **{key: value})
    assert recognised(folder, "ko").text == "한"


def test_what_config_json_lacks_is_never_written_into_the_folder(tmp_path: Path) -> None:
    folder = write_whisper(tmp_path)
    change_config(folder, alignment_heads=..., lang_ids=..., add_source_eos=False)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    recognised(folder, "auto")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    assert "alignment_heads" not in json.loads(before["config.json"])


def test_a_hotword_is_taken_by_a_model_without_alignment_heads(tmp_path: Path) -> None:
    """A hotword is rated by the same function that dates the tokens."""
    folder = write_whisper(tmp_path)
    change_config(folder, alignment_heads=None)
    options = Options(hotwords=(Hotword("한"),))
    assert recognised(folder, "ko", options).text == "한"


def test_the_token_names_are_those_of_the_real_vocabularies() -> None:
    """Their numbers are part of the form: 51,864 tokens, 51,865, and 51,866 from large-v3 on."""
    counts = {name: len(names_of(form)) for name, form in FORMS.items()}
    assert (counts["small.en"], counts["base"], counts["turbo"]) == (51_864, 51_865, 51_866)
    assert names_of(LARGE_V3).index("<|yue|>") == 50_358
    assert all(len(set(names_of(form))) == counts[name] for name, form in FORMS.items())
