"""Enrolment of takes: comparison, verdict, storage, and overwriting of memory."""

import math

import numpy as np
import pytest
from fakes import no_cohort
from numpy.typing import NDArray

from hwaja._pcm import RingBuffer
from hwaja.engines.interface import (
    HOP_SAMPLES,
    VOICE_SAMPLES,
    WINDOW_SAMPLES,
    Embedding,
    EngineError,
    Pcm16,
    VoiceTrack,
    to_float32,
)
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import AudioFormat, Reason
from hwaja.speakers import enroller
from hwaja.speakers.enroller import Enroller, ReadSamples
from hwaja.speakers.enrolment import Enrol, Enrolled
from hwaja.speakers.measures import loudest
from hwaja.speakers.voices import Voices
from hwaja.vad.gate import FRAME_SAMPLES, Segment, SpeechFrame

TAKE_FRAMES = 125
TAKE_SAMPLES = TAKE_FRAMES * FRAME_SAMPLES  # 4 s


def a_segment(start: int, samples: int, frames: int | None = None) -> Segment:
    """Return a segment whose first `frames` are speech; None: all of them."""
    count = samples // FRAME_SAMPLES if frames is None else frames
    speech = tuple(SpeechFrame(start + k * FRAME_SAMPLES, -30.0) for k in range(count))
    return Segment(start, start + samples, speech)


def voice_in(samples: Pcm16) -> Embedding:
    """Return the unit vector that the amplitude of the samples encodes."""
    angle = float(np.mean(np.abs(to_float32(samples)))) * 360
    return np.array([math.cos(angle), math.sin(angle)], np.float32)


class EnrolmentSetup:
    """An enroller with a fake embedder. A voice is an angle, which samples encode."""

    def __init__(self, *, keeps_samples: bool = False) -> None:
        self.ring = RingBuffer(30 * SAMPLE_RATE)
        self.voices = Voices(no_cohort(2))
        self.enroller = Enroller(self.embed, self.ring, self.voices, keeps_samples=keeps_samples)
        self.read: list[Pcm16] = []
        self.made: list[VoiceTrack] = []
        self.is_broken = False

    async def embed(self, read: ReadSamples, samples: int) -> VoiceTrack:
        heard = read()
        assert len(heard) == samples
        self.read.append(heard)
        if self.is_broken:
            raise EngineError("no")
        starts = range(0, samples, HOP_SAMPLES)
        windows = [voice_in(heard[start : start + WINDOW_SAMPLES]) for start in starts]
        overlap = np.zeros(len(windows), np.float32)
        self.made.append(VoiceTrack(voice_in(heard), np.array(windows), overlap))
        return self.made[-1]

    async def enrol(
        self, speaker_id: int, *degrees: float, adds: bool = False, frames: int = TAKE_FRAMES
    ) -> Enrolled:
        """Enrol a take in which voices at these angles speak in turn, equally long."""
        start = self.ring.end
        noise = np.random.default_rng(0).choice([-1, 1], TAKE_SAMPLES)
        voices = np.repeat([math.radians(d) / 360 for d in degrees], TAKE_SAMPLES // len(degrees))
        pcm = np.rint(np.resize(voices, TAKE_SAMPLES) * noise * 32768)
        self.ring.push(pcm.astype("<i2").tobytes())
        segment = a_segment(start, self.ring.end - start, frames)
        answer = await self.enroller.enrol(Enrol(speaker_id, start, (segment,), adds))
        self.ring.release(self.ring.end)
        return answer

    def heard(self, degrees: float) -> tuple[float, ...]:
        """Return the cosines of a voice at this angle to each enrolled voice."""
        angle = math.radians(degrees)
        voice = np.array([[math.cos(angle), math.sin(angle)]], np.float32)
        return tuple(self.voices.score(voice).cosines[0].tolist())


@pytest.fixture
def setup() -> EnrolmentSetup:
    return EnrolmentSetup()


async def test_an_enrolled_voice_is_kept_and_its_measurements_are_returned(
    setup: EnrolmentSetup,
) -> None:
    answer = await setup.enrol(0, 30)
    assert answer.failure is None
    assert answer.quality is not None
    assert answer.quality.speech_seconds == pytest.approx(4)
    assert answer.quality.agreement == pytest.approx(1, abs=0.01)
    assert (answer.quality.takes, answer.quality.other_similarity) == (1, None)
    assert setup.heard(30) == pytest.approx((1,), abs=0.01)


async def test_the_same_person_as_another_speaker_is_refused_and_a_retake_is_not(
    setup: EnrolmentSetup,
) -> None:
    await setup.enrol(0, 30)
    refused = await setup.enrol(1, 40)
    assert refused.failure is Reason.SAME_VOICE
    assert refused.quality is not None
    assert refused.quality.other_similarity == 1
    assert len(setup.heard(0)) == 1
    assert (await setup.enrol(1, 120)).failure is None
    assert (await setup.enrol(0, 35)).failure is None


async def test_two_people_with_similar_voices_are_both_enrolled_with_a_warning(
    setup: EnrolmentSetup,
) -> None:
    await setup.enrol(0, 30)
    answer = await setup.enrol(1, 75)
    assert (answer.failure, len(setup.heard(0))) == (None, 2)
    assert answer.quality is not None
    cosine_of_4_seconds = math.cos(math.radians(45)) * (1 + 0.8 / 4)
    assert answer.quality.other_similarity == pytest.approx(cosine_of_4_seconds, abs=0.01)
    assert Reason.SIMILAR_VOICE in {warning.reason for warning in answer.quality.warnings}


async def test_after_a_refusal_the_earlier_voice_counts(setup: EnrolmentSetup) -> None:
    await setup.enrol(0, 30)
    await setup.enrol(1, 120)
    assert (await setup.enrol(0, 125)).failure is Reason.SAME_VOICE
    assert setup.heard(30) == pytest.approx((1, 0), abs=0.01)


async def test_two_people_in_one_take_are_refused(setup: EnrolmentSetup) -> None:
    assert (await setup.enrol(0, 10, 100)).failure is Reason.TWO_VOICES
    assert (await setup.enrol(0, 10, 130, 10)).failure is Reason.TWO_VOICES
    assert (await setup.enrol(0, 10)).failure is None


async def test_a_retake_replaces_the_voice(setup: EnrolmentSetup) -> None:
    await setup.enrol(0, 30)
    answer = await setup.enrol(0, 80)
    assert answer.quality is not None
    assert (answer.quality.takes, answer.quality.takes_similarity) == (1, None)
    assert setup.heard(80) == pytest.approx((1,), abs=0.01)


async def test_an_added_take_moves_the_voice_by_its_share_of_the_speech(
    setup: EnrolmentSetup,
) -> None:
    await setup.enrol(0, 30)
    answer = await setup.enrol(0, 70, adds=True)
    assert answer.quality is not None
    assert (answer.quality.takes, answer.quality.speech_seconds) == (2, pytest.approx(8))
    cosine_of_4_seconds = math.cos(math.radians(40)) * (1 + 0.8 / 4)
    assert answer.quality.takes_similarity == pytest.approx(cosine_of_4_seconds, abs=0.01)
    assert setup.heard(50) == pytest.approx((1,), abs=0.01)


async def test_a_take_of_another_person_is_not_added(setup: EnrolmentSetup) -> None:
    await setup.enrol(0, 30)
    assert (await setup.enrol(0, 110, adds=True)).failure is Reason.OTHER_VOICE
    assert setup.heard(30) == pytest.approx((1,), abs=0.01)


async def test_the_first_take_of_a_speaker_may_ask_to_be_added(setup: EnrolmentSetup) -> None:
    assert (await setup.enrol(0, 30, adds=True)).failure is None


async def test_too_little_speech_is_refused_before_anything_is_embedded(
    setup: EnrolmentSetup,
) -> None:
    answer = await setup.enrol(0, 30, frames=62)  # 1.98 s
    assert (answer.failure, answer.quality) == (Reason.TOO_LITTLE_SPEECH, None)
    assert setup.read == []


async def test_a_take_with_two_channels_is_refused_as_stereo(
    setup: EnrolmentSetup,
) -> None:
    noise = np.cumsum(np.random.default_rng(0).normal(0, 90, SAMPLE_RATE)).astype("<i2")
    setup.ring.push(np.repeat(noise, 2).tobytes())
    answer = await setup.enroller.enrol(Enrol(0, 0, (), adds=False))
    assert answer == Enrolled(Reason.WRONG_FORMAT, looks_like=AudioFormat.STEREO)


async def test_a_take_is_judged_even_if_its_format_cannot_be_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The check needs a thread, which the system may refuse."""

    def fail(_: Pcm16) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(enroller, "format_of_take", fail)
    assert (await EnrolmentSetup().enrol(0, 10)).failure is None


async def test_an_engine_failure_keeps_the_earlier_voice(setup: EnrolmentSetup) -> None:
    await setup.enrol(0, 30)
    setup.is_broken = True
    answer = await setup.enrol(0, 80)
    assert (answer.failure, answer.quality) == (Reason.ENGINE_FAILED, None)
    assert setup.heard(30) == pytest.approx((1,), abs=0.01)


@pytest.mark.parametrize("degrees", [(30,), (10, 100)])
async def test_no_embedding_of_a_take_remains_whether_it_is_kept_or_refused(
    degrees: tuple[float, ...], setup: EnrolmentSetup
) -> None:
    await setup.enrol(0, *degrees)
    (track,) = setup.made
    assert len(track.windows) > 2
    assert not track.whole.any()
    assert not track.windows.any()


async def test_the_audio_pieces_of_a_take_are_overwritten() -> None:
    pieces: list[Pcm16] = []

    class RecordedRing:
        end = 6 * SAMPLE_RATE

        def read(self, start: int, stop: int) -> Pcm16:
            noise = np.random.default_rng(start).uniform(-33, 33, stop - start)
            pieces.append(noise.astype(np.int16))
            return pieces[-1]

        def powers(self, _start: int, _size: int) -> NDArray[np.float64]:
            return np.full(10, 1e-3)

    setup = EnrolmentSetup()
    enroller = Enroller(setup.embed, RecordedRing(), setup.voices)
    segments = tuple(a_segment(start, 2 * SAMPLE_RATE) for start in (0, 3 * SAMPLE_RATE))
    assert (await enroller.enrol(Enrol(0, 0, segments, adds=False))).failure is None
    assert [len(piece) // SAMPLE_RATE for piece in pieces] == [6, 2, 2]
    assert not any(piece.any() for piece in pieces)


async def test_enrolled_voices_are_forgotten_with_the_session(setup: EnrolmentSetup) -> None:
    await setup.enrol(0, 30)
    setup.voices.forget()
    answer = await setup.enrol(1, 30)
    assert answer.failure is None


async def test_a_sample_of_a_voice_is_kept_only_if_wanted_and_overwritten_with_the_voice() -> None:
    setup = EnrolmentSetup()
    await setup.enrol(0, 30)
    assert setup.voices.sampled_ids == frozenset()
    setup = EnrolmentSetup(keeps_samples=True)
    await setup.enrol(0, 30)
    first = setup.voices.of(0)
    await setup.enrol(0, 31, adds=True)
    second = setup.voices.of(0)
    assert setup.voices.sampled_ids == {0}
    assert first is not None
    assert first.sample is not None
    assert second is not None
    assert second.sample is not None
    assert len(second.sample) == VOICE_SAMPLES
    assert second.sample.any()
    assert not first.sample.any()
    setup.voices.forget()
    assert not second.sample.any()


def test_the_loudest_speech_of_a_take_is_its_sample_and_less_speech_is_repeated() -> None:
    speech = np.ones(5 * VOICE_SAMPLES, np.int16)
    speech[VOICE_SAMPLES : 2 * VOICE_SAMPLES] = 20_000
    assert set(loudest(speech, VOICE_SAMPLES).tolist()) == {20_000}
    assert loudest(speech[:2], 5).tolist() == [1] * 5
