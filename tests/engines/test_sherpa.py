"""What the recognisers and the embedder hear, and the checks that keep invalid audio from them."""

import difflib
import math
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import clips
import numpy as np
import pytest
import soxr
from whisper_exports import write_whisper

from hwaja.engines.interface import HOP_SAMPLES, Embeddings, EngineError, Samples, Utterance
from hwaja.engines.loading import OfflineRecognizer, SpeakerEmbedder, load_recogniser
from hwaja.engines.recognition import Hypothesis
from hwaja.models import locate
from hwaja.models.conversion.tones import write_tone_model
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Hotword, Options

pytestmark = pytest.mark.models

SAID = "Ever tried, ever failed, no matter, try again, fail again, fail better."
NAMES = ["moonshine-tiny-en", "whisper-base"]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def wrong_words(text: str, said: str) -> int:
    """How many words of either text the other lacks."""
    matcher = difflib.SequenceMatcher(None, words(text), words(said), autojunk=False)
    matching = sum(block.size for block in matcher.get_matching_blocks())
    return max(len(words(text)), len(words(said))) - matching


@pytest.fixture(scope="module")
def recognisers() -> dict[str, OfflineRecognizer]:
    return {name: load_recogniser(locate(name), "en") for name in NAMES}


@pytest.fixture(scope="module")
def embedder() -> SpeakerEmbedder:
    return SpeakerEmbedder(locate("campplus") / "campplus.onnx")


@pytest.fixture(scope="module")
def beckett() -> Samples:
    return clips.samples(clips.clip("beckett"))


def assert_one_sentence(error: EngineError) -> None:
    assert re.fullmatch(r"[^\n]+", str(error))
    assert len(str(error)) > 15


# Recognition ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_english_speech_is_recognised(
    name: str, recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    text = recognisers[name].recognise(Utterance(beckett)).text
    assert wrong_words(text, SAID) <= 1
    assert text == text.strip()


@pytest.mark.parametrize("name", NAMES)
def test_a_recogniser_keeps_nothing_of_the_previous_utterance(
    name: str, recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    part = beckett[int(6.2 * SAMPLE_RATE) : int(9.5 * SAMPLE_RATE)]
    first = recognisers[name].recognise(Utterance(part)).text
    recognisers[name].recognise(Utterance(clips.samples(clips.part("two_cities", 1, 5))))
    assert recognisers[name].recognise(Utterance(part)).text == first != ""


@pytest.mark.parametrize(("language", "heard"), [("en", "en"), ("auto", "en"), ("ko", "ko")])
def test_each_utterance_is_recognised_in_the_requested_language_which_is_reported(
    language: str, heard: str, recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    whisper = recognisers["whisper-base"]
    assert whisper.recognise(Utterance(beckett, Options(language=language))).language == heard
    after = whisper.recognise(Utterance(beckett))
    assert after.language == "en", "the next utterance is heard in the server's language"
    assert wrong_words(after.text, SAID) <= 1


def test_an_export_of_whisper_hears_each_utterance_in_the_language_asked_for(
    tmp_path: Path, beckett: Samples
) -> None:
    """The small export writes one word in each language, and takes whatever is said for Korean."""
    export = load_recogniser(write_whisper(tmp_path), "en")
    assert export.abilities.languages == {"en", "ko", "auto"}
    for language, text, heard in (
        (None, "a", "en"),
        ("ko", "가", "ko"),
        ("en", "a", "en"),
        ("auto", "가", "ko"),
        (None, "a", "en"),
    ):
        hypothesis = export.recognise(Utterance(beckett, Options(language=language)))
        assert (hypothesis.text, hypothesis.language) == (text, heard)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("whisper-base", Options(language="xx")),
        ("moonshine-tiny-en", Options(language="ko")),
        ("moonshine-tiny-en", Options(hotwords=(Hotword("better"),))),
    ],
)
def test_an_unsupported_option_is_refused(
    name: str, options: Options, recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    with pytest.raises(EngineError) as caught:
        recognisers[name].recognise(Utterance(beckett, options))
    assert_one_sentence(caught.value)


def assert_dated(heard: Hypothesis, utterance_seconds: float) -> None:
    starts = [token.start_seconds for token in heard.tokens]
    assert "".join(token.text for token in heard.tokens).strip() == heard.text != ""
    assert starts == sorted(starts)
    assert 0 <= starts[0] <= starts[-1] <= utterance_seconds


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_tokens_of_whisper_join_to_its_text_and_lie_within_the_utterance(
    language: str, recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    """In Korean a piece may be half a character. Tokens exist for every language."""
    heard = recognisers["whisper-base"].recognise(Utterance(beckett, Options(language=language)))
    assert_dated(heard, len(beckett) / SAMPLE_RATE)
    assert len(heard.tokens) > 10


def test_a_longer_pause_moves_the_times_of_the_words_after_it(
    recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    """A pause within "No matter. | Try again."; its first word may be dated in the pause."""
    pause = np.zeros(2 * SAMPLE_RATE, np.float32)
    cut = round(4.5 * SAMPLE_RATE)
    starts = []
    for audio in (beckett, np.concatenate([beckett[:cut], pause, beckett[cut:]])):
        tokens = recognisers["whisper-base"].recognise(Utterance(audio)).tokens
        starts += [t.start_seconds for t in tokens if t.text in (" matter", " again")][:2]
    matter, again = starts[:2]
    assert starts[2:] == [pytest.approx(matter, abs=0.2), pytest.approx(again + 2, abs=0.2)]


def test_a_model_without_times_gives_no_tokens(
    recognisers: dict[str, OfflineRecognizer], beckett: Samples
) -> None:
    assert recognisers["moonshine-tiny-en"].recognise(Utterance(beckett)).tokens == ()


def tones(folder: Path) -> Path:
    write_tone_model(folder)
    return folder


Loader = Callable[[Path, str], object]
LOADERS: dict[str, Loader] = {
    "Whisper": lambda at, provider: load_recogniser(write_whisper(at), "en", provider=provider),
    "Moonshine": lambda _, provider: load_recogniser(locate(NAMES[0]), "en", provider=provider),
    "streaming": lambda at, provider: load_recogniser(tones(at), "ko", provider=provider),
    "voices": lambda _, provider: SpeakerEmbedder(locate("campplus") / "campplus.onnx", provider),
}


@pytest.mark.parametrize("model", LOADERS)
def test_every_sherpa_model_is_loaded_for_the_requested_provider(
    model: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """sherpa-onnx's own library has no CUDA. Its fallback shows that CUDA was requested."""
    LOADERS[model](tmp_path, "cpu")
    assert capfd.readouterr().err == ""
    LOADERS[model](tmp_path, "cuda")
    assert "Fallback to cpu" in capfd.readouterr().err


BAD_AUDIO: dict[str, Callable[[Samples], Samples]] = {
    "int16": lambda audio: (audio * 32767).astype(np.int16),
    "float64": lambda audio: audio.astype(np.float64),
    "two dimensions": lambda audio: audio.reshape(2, -1),
    "a scalar": lambda audio: np.float32(0.5).reshape(()),
    "not a number": lambda audio: np.append(audio[1:], np.float32("nan")),
    "infinite": lambda audio: np.append(audio[1:], np.float32("-inf")),
    "empty": lambda audio: audio[:0],
    "every second sample": lambda audio: audio[::2],
    "backwards": lambda audio: audio[::-1],
    "unaligned": lambda audio: np.frombuffer(b"\0" + audio.tobytes(), np.uint8)[1:].view("<f4"),
}


@pytest.mark.parametrize("kind", BAD_AUDIO)
def test_invalid_audio_is_refused_before_it_ends_the_process(
    kind: str,
    recognisers: dict[str, OfflineRecognizer],
    embedder: SpeakerEmbedder,
    beckett: Samples,
) -> None:
    good = beckett[int(6.2 * SAMPLE_RATE) : int(9.5 * SAMPLE_RATE)]
    bad = BAD_AUDIO[kind](good)
    recogniser = recognisers["moonshine-tiny-en"]
    for engine in (lambda audio: recogniser.recognise(Utterance(audio)), embedder.embed):
        with pytest.raises(EngineError) as caught:
            engine(bad)
        assert_one_sentence(caught.value)
    assert "better" in recognisers["moonshine-tiny-en"].recognise(Utterance(good)).text.lower()


@pytest.mark.parametrize("name", NAMES)
def test_an_utterance_longer_than_the_model_accepts_is_refused(
    name: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    """Otherwise its end would be lost silently."""
    with pytest.raises(EngineError, match="at most 29 s"):
        recognisers[name].recognise(Utterance(np.zeros(29 * SAMPLE_RATE + 1, np.float32)))


@pytest.mark.parametrize("name", NAMES)
def test_the_shortest_and_the_longest_utterance_are_accepted(
    name: str, recognisers: dict[str, OfflineRecognizer]
) -> None:
    """Any text is accepted, but the process must not end."""
    for samples in (400, 1600):
        assert isinstance(
            recognisers[name].recognise(Utterance(np.zeros(samples, np.float32))).text, str
        )
    longest = clips.samples(clips.part("two_cities", 0, 29))
    assert "best of times" in recognisers[name].recognise(Utterance(longest)).text.lower()


HEAR = """
import sys
import numpy as np
from hwaja.engines.interface import EngineError, Utterance
from hwaja.models import locate
from hwaja.engines.loading import load_recogniser
recogniser = load_recogniser(locate("whisper-base"), "en")
try:
    recogniser.recognise(Utterance(np.zeros(int(sys.argv[1]), np.float32)))
except EngineError:
    print("refused")
"""


@pytest.mark.parametrize("samples", [1, 79, 399])
def test_an_utterance_shorter_than_a_frame_does_not_end_the_process(samples: int) -> None:
    """The gate makes none so short, but no input of a client may cause a crash."""
    command = [sys.executable, "-c", HEAR, str(samples)]
    ended = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (0, "refused\n")


# Voices ---------------------------------------------------------------------------------------


def similarity(first: Embeddings, second: Embeddings) -> float:
    one, other = first[0], second[0]
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def other_voice(samples: Samples) -> Samples:
    """The same words with pitch and formants a third higher."""
    return np.ascontiguousarray(soxr.resample(samples, 4 * SAMPLE_RATE, 3 * SAMPLE_RATE))


def test_a_voice_is_nearer_to_itself_than_to_another_voice(embedder: SpeakerEmbedder) -> None:
    """This holds in both recordings, with different words."""
    for name, spans in {
        "beckett": [(0, 4.5), (4.5, 9.5)],
        "two_cities": [(1, 9), (20, 28)],
    }.items():
        first, second = (clips.samples(clips.part(name, *span)) for span in spans)
        itself = similarity(embedder.embed(first), embedder.embed(second))
        assert itself > similarity(embedder.embed(first), embedder.embed(other_voice(second))) + 0.1
        assert itself > similarity(embedder.embed(first), embedder.embed(other_voice(first))) + 0.1


def test_an_embedding_is_a_reproducible_vector_of_floats(
    embedder: SpeakerEmbedder, beckett: Samples
) -> None:
    first = embedder.embed(beckett)
    embedder.embed(other_voice(beckett))
    assert (first.shape, first.dtype) == ((1 - -len(beckett) // HOP_SAMPLES, 192), np.float32)
    np.testing.assert_array_equal(first, embedder.embed(beckett))


@pytest.mark.parametrize("beyond", [-1, 0, 1, 79, 80, 160])
def test_there_is_one_window_for_each_hop_wherever_the_audio_ends(
    beyond: int, embedder: SpeakerEmbedder, beckett: Samples
) -> None:
    samples = 5 * HOP_SAMPLES + beyond
    assert len(embedder.embed(beckett[:samples])) == 1 + math.ceil(samples / HOP_SAMPLES)


def test_a_window_is_nearer_to_the_voice_that_speaks_in_it(embedder: SpeakerEmbedder) -> None:
    """One pass over a clip of two voices gives window embeddings that match their speakers."""
    ours = clips.samples(clips.part("beckett", 0, 4))
    theirs = clips.samples(clips.part("two_cities", 1, 5))
    alone = [embedder.embed(clip)[0] for clip in (ours, theirs)]
    windows = embedder.embed(np.concatenate([ours, theirs]))[1:]
    margins = windows @ (alone[0] / np.linalg.norm(alone[0]) - alone[1] / np.linalg.norm(alone[1]))
    middles = (np.arange(len(windows)) + 0.5) * HOP_SAMPLES
    wrong = (margins > 0) != (middles < len(ours))
    far = np.abs(middles - len(ours)) > 0.3 * SAMPLE_RATE
    assert (wrong & far).mean() < 0.05  # a window in a pause of theirs may be nearer to ours


@pytest.mark.parametrize("samples", [1, 160, 1599])
def test_too_little_audio_for_a_voice_is_refused(
    samples: int, embedder: SpeakerEmbedder, beckett: Samples
) -> None:
    with pytest.raises(EngineError) as caught:
        embedder.embed(beckett[-samples:])
    assert_one_sentence(caught.value)
    assert embedder.embed(beckett[-1600:]).any()
