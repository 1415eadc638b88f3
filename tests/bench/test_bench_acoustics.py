"""Noise and reverberation of the benchmark are as strong as they claim to be."""

import numpy as np
import pytest
from dialogues import speakers

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation, plan
from hwaja_bench.attribution.recording import record
from hwaja_bench.speech.acoustics import (
    DIRECT_TO_REVERBERANT_DB,
    LOWEST_HERTZ,
    impulse_response,
    noise,
)
from hwaja_bench.speech.conditions import CONDITIONS, LOUD_SNRS_DB
from hwaja_bench.speech.levels import SPEECH_DBFS


@pytest.fixture(scope="module")
def conversation() -> Conversation:
    return plan(speakers("a", "b"), 1, [CONDITIONS["spaced"]], 1)[0]


def decoded(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2") / 32768


def dbfs(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(samples**2)))


def test_clean_audio_is_the_clips_and_silence(conversation: Conversation) -> None:
    heard = decoded(record(conversation, "clean", 1).pcm).copy()
    for turn in conversation.turns:
        assert np.allclose(heard[turn.start : turn.stop], turn.clip.samples, atol=1 / 32768)
        heard[turn.start : turn.stop] = 0
    assert not heard.any()


@pytest.mark.parametrize(("snr", "snr_db"), [("20", 20), ("10", 10)])
def test_noise_has_the_configured_snr_below_the_speech_of_every_clip(
    conversation: Conversation, snr: str, snr_db: float
) -> None:
    heard = decoded(record(conversation, snr, 1).pcm)
    lead = heard[: conversation.turns[0].start]  # nobody has said anything yet
    assert dbfs(lead) == pytest.approx(SPEECH_DBFS - snr_db, abs=1)
    for turn in conversation.turns:
        loud = turn.clip.samples[np.abs(turn.clip.samples) > 0.001]
        assert dbfs(loud) == pytest.approx(SPEECH_DBFS, abs=0.5)


@pytest.mark.parametrize("snr", ["5", "10-traffic"])  # others take seconds to generate
def test_a_further_condition_has_its_snr_over_the_whole_conversation(
    conversation: Conversation, snr: str
) -> None:
    """Traffic swells, so that its level is one of the whole."""
    clean, noisy = (decoded(record(conversation, each, 1).pcm) for each in ("clean", snr))
    silent = clean == 0
    assert dbfs(noisy[silent]) == pytest.approx(SPEECH_DBFS - LOUD_SNRS_DB[snr], abs=6)


def test_voices_are_enrolled_in_the_noise_of_the_conversation(conversation: Conversation) -> None:
    clean, noisy = (record(conversation, snr, 1) for snr in ("clean", "10"))
    for before, after in zip(clean.voices, noisy.voices, strict=True):
        assert len(before) == len(after) <= 5 * 2 * SAMPLE_RATE
        quiet = np.abs(decoded(before)) < 0.0005
        assert dbfs(decoded(after)[quiet]) > SPEECH_DBFS - 13


def test_the_same_seed_gives_the_same_audio_and_another_seed_other_noise(
    conversation: Conversation,
) -> None:
    assert record(conversation, "10", 1).pcm == record(conversation, "10", 1).pcm
    assert record(conversation, "10", 1).pcm != record(conversation, "10", 2).pcm


@pytest.mark.parametrize("seed", range(5))
def test_reverberation_decays_by_60_db_in_its_time_after_a_stronger_direct_sound(seed: int) -> None:
    response = impulse_response(0.5, np.random.default_rng(seed))
    assert response[0] == 1
    low, high = DIRECT_TO_REVERBERANT_DB
    assert low <= -10 * np.log10(np.sum(response[1:] ** 2)) <= high
    early, late = response[800:1600], response[5600:6400]  # 0.3 s apart
    assert dbfs(early) - dbfs(late) == pytest.approx(36, abs=1.5)


def test_noise_has_the_requested_spectrum_and_nothing_below_it() -> None:
    hertz = np.linspace(0, SAMPLE_RATE / 2, 257)
    wanted = np.where(hertz < LOWEST_HERTZ, 0, 1 / np.maximum(hertz, LOWEST_HERTZ))
    made = noise(wanted, 10 * SAMPLE_RATE, np.random.default_rng(1))
    assert np.sqrt(np.mean(made**2)) == pytest.approx(1)
    power = np.abs(np.fft.rfft(made)) ** 2
    at = np.fft.rfftfreq(len(made), 1 / SAMPLE_RATE)

    def octave(low: float) -> float:
        return float(power[(at >= low) & (at < 2 * low)].sum())

    assert octave(1000) / octave(2000) == pytest.approx(1, rel=0.02)  # pink: as much in each
    assert power[at < 20].sum() < 0.01 * octave(1000)
