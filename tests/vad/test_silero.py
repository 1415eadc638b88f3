"""Silero VAD: batched over streams, and the same as one by one."""

from pathlib import Path

import clips
import numpy as np
import pytest

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import EngineError, Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import (
    CONTEXT_SAMPLES,
    FORGET_FRAMES,
    SileroDetector,
    SileroState,
    frames_to_detect,
)


def voice(frames: int, *, seed: int = 0) -> Samples:
    """A sound that Silero detects as speech: a gliding hum with formants and breath."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(frames * FRAME_SAMPLES) / SAMPLE_RATE
    pitch = 120 + 40 * seed + 30 * np.sin(2 * np.pi * 3 * seconds)
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    harmonics = [np.sin(k * phase) * np.exp(-(((k * 130 - 600) / 500) ** 2)) for k in range(1, 25)]
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * seconds)
    sound = 0.1 * sum(harmonics) * syllables + 0.002 * rng.standard_normal(len(seconds))
    return framed(np.asarray(sound, np.float32))


def silence(frames: int) -> Samples:
    return framed(np.zeros(frames * FRAME_SAMPLES, np.float32))


def framed(samples: Samples) -> Samples:
    """The whole frames of a stream, each behind the end of the one before."""
    count = len(samples) // FRAME_SAMPLES
    padded = np.concatenate([np.zeros(CONTEXT_SAMPLES, np.float32), samples])
    own = np.arange(CONTEXT_SAMPLES + FRAME_SAMPLES)
    return padded[np.arange(count)[:, np.newaxis] * FRAME_SAMPLES + own]


def stream(*parts: Samples) -> Samples:
    """Frames of several streams as one stream."""
    return framed(np.concatenate([part[:, CONTEXT_SAMPLES:].ravel() for part in parts]))


def steady_tone(seconds: int) -> Samples:
    """Harmonics 1 to 12 of 440 Hz at -20 dBFS."""
    phase = 2 * np.pi * 440 * np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    sound = sum(np.sin(k * phase) / k**1.2 for k in range(1, 13))
    return np.asarray(0.1 * sound / np.std(sound), np.float32)


def detect(detector: SileroDetector, frames: Samples) -> tuple[float, ...]:
    """Run one stream alone, frame by frame."""
    state = detector.new_state()
    return tuple(
        probability
        for frame in frames
        for probability in detector.detect([(state, frame[np.newaxis])])[0]
    )


@pytest.fixture(scope="module")
def detector() -> SileroDetector:
    from hwaja.models import locate

    return SileroDetector(locate("silero-vad") / "silero_vad.onnx")


@pytest.mark.models
def test_a_batch_gives_each_stream_what_it_gets_alone(detector: SileroDetector) -> None:
    """Streams of different lengths, in one call: nothing of one leaks into another."""
    streams = [voice(20, seed=k)[: 20 - 4 * k] for k in range(4)] + [silence(7), voice(1)]
    batched = detector.detect([(detector.new_state(), frames) for frames in streams])
    alone = [detect(detector, frames) for frames in streams]
    assert [len(found) for found in batched] == [len(frames) for frames in streams]
    for found, expected in zip(batched, alone, strict=True):
        assert found == pytest.approx(expected, abs=1e-5)
    assert len({tuple(np.round(found[:1], 3)) for found in batched}) > 1  # they do differ


@pytest.mark.models
def test_any_split_of_a_stream_gives_the_same_probabilities(detector: SileroDetector) -> None:
    frames = voice(24)
    whole = detector.detect([(detector.new_state(), frames)])[0]
    state = detector.new_state()
    pieces: list[float] = []
    for piece in np.split(frames, [1, 2, 7, 7, 16]):
        pieces += detector.detect([(state, piece)])[0]
    assert pieces == pytest.approx(whole, abs=1e-5)


@pytest.mark.models
def test_a_voice_is_told_apart_from_silence(detector: SileroDetector) -> None:
    assert max(detect(detector, silence(30))) < 0.2
    assert max(detect(detector, voice(60))) > 0.5


@pytest.mark.models
def test_speech_that_begins_with_the_stream_is_detected_as_after_a_pause(
    detector: SileroDetector,
) -> None:
    speech = framed(clips.samples(clips.part("two_cities", 4, 7)))
    alone = detector.detect([(detector.new_state(), speech)])[0]
    after = detector.detect([(detector.new_state(), stream(silence(30), speech))])[0]
    first = slice(10)  # later ones depend on the pause also by the gain
    assert alone[first] == pytest.approx(after[30:][first], abs=0.1)


@pytest.mark.models
def test_speech_35_db_fainter_is_detected_as_well(detector: SileroDetector) -> None:
    """The model alone detects less than half as much, as of a person who sits far away."""
    speech = framed(clips.samples(clips.conversation()))
    near = stream(silence(90), speech)  # a new stream is taken for a near voice
    faint = near * np.float32(10 ** (-35 / 20))
    found, expected = (np.greater(detect(detector, each), 0.5).sum() for each in (faint, near))
    assert found > 0.95 * expected


@pytest.mark.parametrize("level_dbfs", [-45, -30])
def test_a_steady_noise_is_not_amplified_after_some_seconds(
    detector: SileroDetector, level_dbfs: float
) -> None:
    noise = np.random.default_rng(1).standard_normal(12 * SAMPLE_RATE) * 10 ** (level_dbfs / 20)
    frames = framed(noise.astype(np.float32))
    amplified = detector.new_state().gain.amplify(frames)
    assert np.array_equal(amplified[-1], frames[-1])


def test_a_reset_stream_behaves_like_a_new_one(detector: SileroDetector) -> None:
    state = detector.new_state()
    first = detector.detect([(state, voice(10))])[0]
    assert detector.detect([(state, voice(10))])[0] != pytest.approx(first, abs=1e-3)
    state.reset()
    assert detector.detect([(state, voice(10))])[0] == pytest.approx(first, abs=1e-5)


@pytest.mark.models
def test_no_stream_and_no_frame_give_no_result(detector: SileroDetector) -> None:
    assert detector.detect([]) == []
    state, other = detector.new_state(), detector.new_state()
    assert detector.detect([(state, silence(0)), (other, silence(2))])[0] == ()
    assert np.array_equal(state.lstm, detector.new_state().lstm)


@pytest.mark.models
def test_the_given_frames_may_be_overwritten_after_the_call(detector: SileroDetector) -> None:
    """The caller wipes audio after the call; the state keeps what it needs."""
    frames = voice(10)
    state = detector.new_state()
    first = frames[:5].copy()
    detector.detect([(state, first)])
    first.fill(1.0)
    rest = detector.detect([(state, frames[5:])])[0]
    assert rest == pytest.approx(detect(detector, frames)[5:], abs=1e-5)


@pytest.mark.models
def test_speech_after_a_minute_of_a_steady_tone_is_detected_as_if_it_were_alone(
    detector: SileroDetector,
) -> None:
    pause = clips.samples(clips.silence(1))
    speech = framed(clips.samples(clips.part("two_cities", 1, 11)))
    before = framed(np.concatenate([steady_tone(60), pause]))
    after = detector.detect([(detector.new_state(), stream(before, speech))])[0]
    alone = detector.detect([(detector.new_state(), speech)])[0]
    rows_in, expected = (np.array(found[-len(speech) :]) >= 0.5 for found in (after, alone))
    assert max(after[: len(before)]) < 0.5
    assert expected.sum() > 200
    assert np.mean(rows_in == expected) > 0.97


@pytest.mark.models
def test_zeroing_the_state_of_a_quiet_stream_does_not_depend_on_the_split(
    detector: SileroDetector,
) -> None:
    """Also of its neighbour in the same call, which has nothing to forget there."""
    quiet = stream(voice(20), silence(FORGET_FRAMES + 40), voice(20))
    talk = voice(len(quiet), seed=1)
    whole = detector.detect([(detector.new_state(), each) for each in (quiet, talk)])
    one, other = detector.new_state(), detector.new_state()
    pieces: tuple[list[float], list[float]] = ([], [])
    for start in range(0, len(quiet), 7):
        part = slice(start, start + 7)
        for found, more in zip(
            pieces, detector.detect([(one, quiet[part]), (other, talk[part])]), strict=True
        ):
            found += more
    for found, expected in zip(pieces, whole, strict=True):
        assert found == pytest.approx(expected, abs=1e-5)


def test_the_state_is_zeroed_only_after_enough_frames_without_speech() -> None:
    state = SileroState()
    state.lstm.fill(0.5)
    state.count_pause((0.1,) * (FORGET_FRAMES - 1))
    state.count_pause((0.9,))
    state.count_pause((0.1,) * (FORGET_FRAMES - 1))
    assert state.lstm.all()
    state.count_pause((0.1,))
    assert not state.lstm.any()


def test_a_reset_overwrites_what_a_state_holds() -> None:
    state = SileroState()
    lstm = state.lstm
    lstm.fill(0.5)
    state.reset()
    assert not lstm.any()


@pytest.mark.models
def test_audio_that_comes_in_chunks_is_laid_out_as_audio_that_is_all_there() -> None:
    """Frames, their contexts and levels depend on no chunk, to the last bit."""
    pcm = clips.part("two_cities", 1, 7)
    whole = RingBuffer(len(pcm) // 2)
    whole.push(pcm)
    at_once, levels_at_once = frames_to_detect(whole, start=0, origin=0)
    ring, frames, levels, next_frame = RingBuffer(SAMPLE_RATE), [], [], 0
    for start in range(0, len(pcm), 2 * 1234):
        ring.push(pcm[start : start + 2 * 1234])
        more, their_levels = frames_to_detect(ring, next_frame, origin=0)
        next_frame += len(more) * FRAME_SAMPLES
        ring.release(max(0, next_frame - CONTEXT_SAMPLES))
        frames.append(more)
        levels += their_levels
    np.testing.assert_array_equal(np.concatenate(frames), at_once)
    assert tuple(levels) == levels_at_once
    np.testing.assert_array_equal(at_once, framed(clips.samples(pcm)))


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_file_that_is_no_model_is_refused_in_one_sentence(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "silero_vad.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(EngineError, match=r"silero_vad\.onnx cannot be loaded: \w+\.$"):
        SileroDetector(file)


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper

    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "other", [value[0]], [value[1]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file = tmp_path / "other.onnx"
    onnx.save(model, file)
    with pytest.raises(EngineError, match="is not the Silero VAD model hwaja expects"):
        SileroDetector(file)
