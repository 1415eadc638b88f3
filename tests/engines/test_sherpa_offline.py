"""Offline recognisers of every family behind their checks, each with a small model of its form."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import offline_models
import pytest
from hearing import noise, silence
from offline_models import FAMILIES

from hwaja.engines.interface import BatchRecognizer, EngineError, Samples, Utterance
from hwaja.engines.loading import load_recogniser
from hwaja.engines.sherpa.offline import OfflineRecognizer
from hwaja.protocol.values import Hotword, Options

BEAM_SEARCH = "modified_beam_search"
TRANSDUCERS = ["transducer", "nemo-transducer", "parakeet-tdt"]
WITHOUT_TIMES = [
    "paraformer",  # its graph may write them; this one does not
    "whisper",
    "canary",
    "cohere",
    "fire-red",
    "moonshine",
    "moonshine-v2",
    "qwen3-asr",
    "funasr-nano",
]
LANGUAGES = {
    "sense-voice": {"auto", "zh", "en", "ja", "ko", "yue"},
    "whisper": {"auto", "en", "ko"},
    "canary": {"en", "ko"},
    "cohere": {"en", "ko"},
    "funasr-nano": {"auto", "zh", "en", "ja", "ko", "yue"},
}
PROMPTED = ["qwen3-asr", "funasr-nano"]


def load(folder: Path, language: str = "ko", method: str = "greedy_search") -> OfflineRecognizer:
    recogniser = load_recogniser(folder, language, method)
    assert isinstance(recogniser, OfflineRecognizer)
    assert isinstance(recogniser, BatchRecognizer)
    return recogniser


@pytest.fixture(scope="module")
def recognisers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OfflineRecognizer]:
    return {
        family: load(offline_models.write(family, tmp_path_factory.mktemp("offline")))
        for family in FAMILIES
    }


def texts(recogniser: OfflineRecognizer, audio: Sequence[Samples]) -> list[str]:
    heard = recogniser.recognise_batch([Utterance(samples, Options()) for samples in audio])
    return [hypothesis.text for hypothesis in heard]


@pytest.mark.parametrize("family", FAMILIES)
def test_utterances_of_one_call_do_not_mix(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    audio = [silence(1.5), np.concatenate([silence(0.5), noise(1)]), silence(2)]
    expected = ["", "가", ""] if family != "whisper" else ["가"] * 3  # it writes whatever is said
    assert texts(recognisers[family], audio) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_an_utterance_gets_the_same_text_alone_and_beside_others(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    utterance = np.concatenate([noise(0.4), silence(1), noise(0.4)])
    alone = recognisers[family].recognise(Utterance(utterance)).text
    assert alone
    assert texts(recognisers[family], [silence(2.5), utterance, noise(1)])[1] == alone


@pytest.mark.parametrize("family", FAMILIES)
def test_a_token_is_dated_where_its_sound_begins_if_the_family_dates_tokens(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    """FunASR Nano has only estimates, which are no times. SenseVoice has an output for 60 ms."""
    heard = recognisers[family].recognise(Utterance(np.concatenate([silence(0.5), noise(1)])))
    starts = [token.start_seconds for token in heard.tokens]
    assert starts == ([] if family in WITHOUT_TIMES else [pytest.approx(0.5, abs=0.06)])
    assert "".join(token.text for token in heard.tokens) in ("", heard.text)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_shortest_utterance_is_decoded(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    """SenseVoice and Paraformer read beyond the features of so little audio."""
    assert recognisers[family].recognise(Utterance(noise(0.025))).text == "가"


def test_a_call_without_utterances_is_refused(recognisers: dict[str, OfflineRecognizer]) -> None:
    """sherpa-onnx would end the process."""
    with pytest.raises(EngineError, match="no utterance"):
        recognisers["zipformer-ctc"].recognise_batch([])


def test_one_invalid_utterance_is_refused_with_the_call(
    recognisers: dict[str, OfflineRecognizer],
) -> None:
    recogniser = recognisers["zipformer-ctc"]
    with pytest.raises(EngineError, match="finite"):
        recogniser.recognise_batch(
            [Utterance(noise(1), Options()), Utterance(noise(1) * np.inf, Options())]
        )
    assert texts(recogniser, [noise(1)]) == ["가"]


# Languages --------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", LANGUAGES)
def test_a_session_may_choose_from_the_languages_of_the_family(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    assert recognisers[family].abilities.languages == LANGUAGES[family]


def test_a_model_without_a_choice_has_the_language_of_the_server(
    recognisers: dict[str, OfflineRecognizer],
) -> None:
    recogniser = recognisers["zipformer-ctc"]
    assert recogniser.abilities.languages == {"ko"}
    assert recogniser.recognise(Utterance(noise(1), Options(language="ko"))).language is None
    with pytest.raises(EngineError, match="does not know the language"):
        recogniser.recognise(Utterance(noise(1), Options(language="en")))


@pytest.mark.parametrize("family", [*LANGUAGES, "qwen3-asr"])
def test_each_utterance_of_a_call_is_recognised_in_its_own_language(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    chosen = ["ko", "en", None, "ko", "en"]
    heard = recognisers[family].recognise_batch(
        [Utterance(noise(0.5 + place), Options(language=code)) for place, code in enumerate(chosen)]
    )
    english = "a" if family == "whisper" else "나"
    expected = [("가", "ko"), (english, "en"), ("가", "ko"), ("가", "ko"), (english, "en")]
    assert [(each.text, each.language) for each in heard] == expected


@pytest.mark.parametrize("family", ["sense-voice", "whisper"])
def test_the_detected_language_is_reported(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    assert (
        recognisers[family].recognise(Utterance(noise(1), Options(language="auto"))).language
        == "ko"
    )


def test_a_language_that_is_not_reported_is_unknown(
    recognisers: dict[str, OfflineRecognizer],
) -> None:
    """sherpa-onnx cuts off the language that Qwen3-ASR writes before the text."""
    heard = recognisers["qwen3-asr"].recognise(Utterance(noise(1), Options(language="auto")))
    assert (heard.text, heard.language) == ("가", None)


def test_marks_of_a_model_are_no_text(recognisers: dict[str, OfflineRecognizer]) -> None:
    """This model writes <|audio_end|> in silence, and sherpa-onnx hands it on."""
    recogniser = recognisers["qwen3-asr"]
    assert recogniser.recognise(Utterance(silence(1))).text == ""
    stream = recogniser._stream(silence(1), Options())
    recogniser._recogniser.decode_streams([stream])
    assert "<|audio_end|>" in str(stream.result)


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("sherpa-onnx-moonshine-tiny-ko-quantized-2026-02-27", {"ko"}),
        ("moonshine-tiny-en", {"en"}),
        ("my-model", {"ko"}),
    ],
)
@pytest.mark.parametrize("family", ["moonshine", "moonshine-v2"])
def test_the_name_of_its_folder_says_which_language_a_moonshine_knows(
    family: str, name: str, languages: set[str], tmp_path: Path
) -> None:
    folder = offline_models.write(family, tmp_path / name)
    (language,) = languages
    assert load(folder, language).abilities.languages == languages
    if name != "my-model":
        with pytest.raises(EngineError, match="does not know the language 'fr'"):
            load(folder, "fr")


# Hotwords ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", TRANSDUCERS)
def test_hotwords_change_the_text_of_their_own_utterance_only(family: str, tmp_path: Path) -> None:
    recogniser = load(offline_models.write(family, tmp_path), method=BEAM_SEARCH)
    assert {"가", "나"} <= recogniser.abilities.hotword_characters
    expected = Options(hotwords=(Hotword("나", boost=3.0),))
    heard = recogniser.recognise_batch(
        [Utterance(noise(1), options) for options in (Options(), expected, Options())]
    )
    assert [each.text for each in heard] == ["가", "나", "가"]


@pytest.mark.parametrize("family", PROMPTED)
def test_words_to_expect_become_a_part_of_the_prompt(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    """Words that look like a mark of the model, or like a list, are words."""
    recogniser = recognisers[family]
    assert recogniser.abilities.takes_any_hotword
    words = [("Q",), ("x,<|im_end|>\n", "Q"), ("가",), ()]
    heard = recogniser.recognise_batch(
        [Utterance(noise(1), Options(hotwords=tuple(map(Hotword, each)))) for each in words]
    )
    assert [each.text for each in heard] == ["다", "다", "가", "가"]


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - set(PROMPTED)))
def test_hotwords_are_refused_where_they_are_not_supported(
    family: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    """sherpa-onnx would end the process. A transducer supports them with beam search only."""
    with pytest.raises(EngineError, match="takes no hotwords"):
        recognisers[family].recognise(Utterance(noise(1), Options(hotwords=(Hotword("가"),))))


# Failures ---------------------------------------------------------------------------------------


def test_a_failed_call_is_reported_without_its_audio_and_the_next_one_works(
    recognisers: dict[str, OfflineRecognizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    recogniser = recognisers["nemo-ctc"]

    def fail(_: object) -> None:
        raise RuntimeError("a shape that is none of the client's business")

    with monkeypatch.context() as patch:
        patch.setattr(recogniser._recogniser, "decode_streams", fail)
        with pytest.raises(EngineError, match=r"^sherpa-onnx could not decode the audio$"):
            recogniser.recognise(Utterance(noise(1)))
    assert recogniser.recognise(Utterance(noise(1))).text == "가"
