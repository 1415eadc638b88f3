"""Streaming recognisers of every family behind their checks."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streaming_models
from hearing import drain, hear, noise, silence
from streaming_models import FAMILIES

from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.loading import load_recogniser
from hwaja.engines.recognition import Hypothesis
from hwaja.engines.sherpa.online import OnlineRecognizer
from hwaja.protocol.values import Hotword, Options

BEAM_SEARCH = "modified_beam_search"
HOTWORDS = ["zipformer2", "zipformer", "conformer", "lstm", "ebranchformer", "nemo-transducer"]


def load(folder: Path, language: str = "ko", method: str = "greedy_search") -> OnlineRecognizer:
    recogniser = load_recogniser(folder, language, method)
    assert isinstance(recogniser, OnlineRecognizer)
    return recogniser


@pytest.fixture(scope="module")
def recognisers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OnlineRecognizer]:
    return {
        family: load(streaming_models.write(family, tmp_path_factory.mktemp(family)))
        for family in FAMILIES
    }


@pytest.fixture(scope="module")
def recogniser(recognisers: dict[str, OnlineRecognizer]) -> OnlineRecognizer:
    return recognisers["zipformer2"]


# Every family ---------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_streams_of_one_batch_do_not_mix(
    family: str, recognisers: dict[str, OnlineRecognizer]
) -> None:
    recogniser = recognisers[family]
    audio = [silence(1.5), np.concatenate([silence(0.5), noise(1)]), silence(1.5)]
    streams = [recogniser.open(Options()) for _ in audio]
    for stream, samples in zip(streams, audio, strict=True):
        stream.feed(samples)
        stream.finish()
    drain(recogniser, streams)
    texts = [stream.hypothesis.text for stream in streams]
    assert [set(text) for text in texts] == [set(), {"가"}, set()]
    # Paraformer writes one for every fourth of its outputs of 60 ms.
    assert len(texts[1]) in ({3, 4, 5} if family == "paraformer" else {1})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_token_is_dated_where_its_sound_begins(
    family: str, recognisers: dict[str, OnlineRecognizer]
) -> None:
    """The error is at most one output of 40 ms and half a window. Paraformer gives no times."""
    heard = hear(recognisers[family], np.concatenate([silence(0.5), noise(1)]))
    starts = [token.start_seconds for token in heard.tokens]
    assert starts == ([] if family == "paraformer" else [pytest.approx(0.51, abs=0.04)])


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_token_of_a_nemo_ctc_model_is_dated_by_the_models_own_subsampling(
    factor: int, tmp_path: Path
) -> None:
    """sherpa-onnx dates it as if the factor were 4."""
    model = streaming_models.nemo_ctc(factor)
    recogniser = load(streaming_models.write_files(*model, tmp_path))
    (token,) = hear(recogniser, np.concatenate([silence(2), noise(0.5)])).tokens
    assert token.start_seconds == pytest.approx(2 + factor * 0.005, abs=factor * 0.005 + 0.0125)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_sound_in_the_last_moment_of_an_utterance_is_recognised(
    family: str, recognisers: dict[str, OnlineRecognizer]
) -> None:
    """0.1 s at the end (0.3 s for Paraformer, which needs four outputs), anywhere in a chunk."""
    last = noise(0.3 if family == "paraformer" else 0.1)
    for centiseconds in range(100, 170, 7):
        audio = np.concatenate([silence(centiseconds / 100), last])
        assert set(hear(recognisers[family], audio).text) == {"가"}


def test_a_recogniser_without_languages_reports_none(recogniser: OnlineRecognizer) -> None:
    assert hear(recogniser, noise(1), Options(language="ko")).language is None
    with pytest.raises(EngineError, match="does not know the language"):
        recogniser.open(Options(language="en"))


def test_each_stream_of_a_batch_is_recognised_in_its_own_language(
    recognisers: dict[str, OnlineRecognizer],
) -> None:
    """This model detects loudness in Korean only."""
    nemotron = recognisers["nemotron"]
    assert nemotron.abilities.languages == {"ko-KR", "ko", "en-US", "en", "auto"}
    languages = [None, "en", "ko-KR", "auto", "en-US", "ko"]
    streams = [nemotron.open(Options(language=language)) for language in languages]
    for stream in streams:
        stream.feed(noise(1))
        stream.finish()
    drain(nemotron, streams)
    heard = [(stream.hypothesis.text, stream.hypothesis.language) for stream in streams]
    assert heard == [
        ("가", "ko"),
        ("", "en"),
        ("가", "ko-KR"),
        ("", None),
        ("", "en-US"),
        ("가", "ko"),
    ]


def test_a_token_that_is_left_out_of_the_text_leaves_no_time_behind(tmp_path: Path) -> None:
    """sherpa-onnx leaves <unk> out of text and tokens, and in the times."""
    streaming_models.write("nemo-transducer", tmp_path)
    streaming_models.write_tokens(tmp_path, ["마", "다", "라", "<unk>", "나", "<blk>"])
    assert hear(load(tmp_path), noise(1)) == Hypothesis("")


def test_a_text_without_its_first_mark_keeps_its_tokens(tmp_path: Path) -> None:
    """sherpa-onnx drops a mark that a text begins with."""
    streaming_models.write("zipformer2-ctc", tmp_path)
    streaming_models.write_tokens(tmp_path, ["<blk>", "<s>", "<unk>", "(가", "나", "다"])
    heard = hear(load(tmp_path), noise(1))
    assert heard.text == "가"
    assert [token.text for token in heard.tokens] == ["(가"]


# Misuse ---------------------------------------------------------------------------------------


def test_streams_that_cannot_be_decoded_are_refused_and_stay_unchanged(
    recogniser: OnlineRecognizer,
) -> None:
    ready, unready = recogniser.open(Options()), recogniser.open(Options())
    ready.feed(noise(1))
    for batch in ([], [ready, ready], [ready, unready], [unready]):
        with pytest.raises(EngineError):
            recogniser.decode(batch)
    assert ready.hypothesis == Hypothesis("")
    drain(recogniser, [ready])
    assert ready.hypothesis.text == "가"


BAD_AUDIO: dict[str, Callable[[Samples], Samples]] = {
    "int16": lambda audio: (audio * 32767).astype(np.int16),
    "two dimensions": lambda audio: audio.reshape(2, -1),
    "not a number": lambda audio: np.append(audio[1:], np.float32("nan")),
    "empty": lambda audio: audio[:0],
    "every second sample": lambda audio: audio[::2],
}


@pytest.mark.parametrize("kind", BAD_AUDIO)
def test_invalid_audio_is_refused_and_none_of_it_is_decoded(
    kind: str, recogniser: OnlineRecognizer
) -> None:
    stream = recogniser.open(Options())
    with pytest.raises(EngineError):
        stream.feed(BAD_AUDIO[kind](noise(1)))
    assert not stream.ready
    stream.feed(silence(0.1))
    stream.finish()
    drain(recogniser, [stream])
    assert stream.hypothesis.text == ""


def test_a_finished_utterance_takes_no_more_audio(recogniser: OnlineRecognizer) -> None:
    stream = recogniser.open(Options())
    stream.feed(silence(0.5))
    stream.finish()
    with pytest.raises(EngineError, match="finished"):
        stream.feed(noise(1))
    stream.finish()
    drain(recogniser, [stream])
    assert stream.hypothesis.text == ""


@pytest.mark.parametrize(
    "misuse",
    [
        "recogniser.decode_streams([])",
        "recogniser.decode_stream(recogniser.create_stream())",
        "recogniser.create_stream('가').accept_waveform(16000, [0.0] * 16000)",
    ],
)
def test_unchecked_misuse_ends_the_process(misuse: str, tmp_path: Path) -> None:
    """Why everything is checked; if this fails, checks may be dropped."""
    streaming_models.write("nemo-ctc", tmp_path)
    program = (
        "import sys, sherpa_onnx\n"
        "recogniser = sherpa_onnx.OnlineRecognizer.from_nemo_ctc("
        "tokens=sys.argv[1] + '/tokens.txt', model=sys.argv[1] + '/model.onnx')\n"
        f"{misuse}\nprint('alive')\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    ended = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert ended.returncode != 0
    assert "alive" not in ended.stdout
    assert "Traceback" not in ended.stderr


# Hotwords -------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", HOTWORDS)
def test_a_hotword_is_recognised_where_another_word_is_slightly_more_likely(
    family: str, tmp_path: Path
) -> None:
    """Other sessions are not affected."""
    recogniser = load(streaming_models.write(family, tmp_path), method=BEAM_SEARCH)
    assert recogniser.abilities.hotword_characters
    for hotword in (Hotword("나"), Hotword("나", boost=4)):
        assert hear(recogniser, noise(1), Options(hotwords=(hotword,))).text == "나"
    assert hear(recogniser, noise(1)).text == "가"
    # A boost that is smaller than the difference changes nothing.
    faint = Options(hotwords=(Hotword("나", boost=0.01),))
    assert hear(recogniser, noise(1), faint).text == "가"


def test_one_of_several_hotwords_takes_effect(tmp_path: Path) -> None:
    recogniser = load(streaming_models.write("zipformer2", tmp_path), method=BEAM_SEARCH)
    hotwords = (Hotword("다 다"), Hotword("나", boost=2), Hotword("다"))
    assert hear(recogniser, noise(1), Options(hotwords=hotwords)).text == "나"


def test_hotwords_are_refused_if_the_decoding_method_does_not_support_them(
    recogniser: OnlineRecognizer, recognisers: dict[str, OnlineRecognizer]
) -> None:
    for other in (recogniser, *recognisers.values()):
        assert not other.abilities.hotword_characters
        with pytest.raises(EngineError, match="takes no hotwords"):
            other.open(Options(hotwords=(Hotword("가"),)))


def test_a_hotword_is_spelt_with_the_pieces_of_the_model(tmp_path: Path) -> None:
    streaming_models.write("zipformer2", tmp_path)
    streaming_models.write_tokens(tmp_path, ["<blk>", "<sos/eos>", "<unk>", "▁가", "나", "▁"])
    (tmp_path / "bpe.vocab").write_text("<unk>\t0\n▁가\t-1\n▁\t-2\n나\t-3\n가\t-4\n", "utf-8")
    with pytest.raises(EngineError, match="pieces of another model"):
        load(tmp_path, method=BEAM_SEARCH)
    (tmp_path / "bpe.vocab").write_text("<unk>\t0\n▁가\t-1\n▁\t-2\n나\t-3\n", "utf-8")
    recogniser = load(tmp_path, method=BEAM_SEARCH)
    assert recogniser.abilities.hotword_characters
    assert hear(recogniser, noise(1), Options(hotwords=(Hotword("나나", 2),))).text in {"가", "나"}
    with pytest.raises(EngineError, match="does not write"):
        recogniser.open(Options(hotwords=(Hotword("힣"),)))


def test_pieces_without_scores_allow_no_hotwords(tmp_path: Path) -> None:
    streaming_models.write("zipformer2", tmp_path)
    streaming_models.write_tokens(tmp_path, ["<blk>", "<sos/eos>", "<unk>", "▁가", "▁나다", "▁"])
    assert not load(tmp_path, method=BEAM_SEARCH).abilities.hotword_characters
