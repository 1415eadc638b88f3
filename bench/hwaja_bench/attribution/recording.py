"""Renders the audio of a conversation in one acoustic condition."""

from dataclasses import dataclass

import numpy as np

from hwaja.client.sound_files import to_pcm16
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.attribution.conversation import Conversation
from hwaja_bench.speech.acoustics import (
    RT60_SECONDS,
    Signal,
    impulse_response,
    noise,
    noise_spectrum,
    reverberant,
)
from hwaja_bench.speech.conditions import LOUD_SNRS_DB, NOISES, SNRS_DB
from hwaja_bench.speech.corpus import ENROLMENT_SECONDS, Clip, seeded
from hwaja_bench.speech.levels import SPEECH_DBFS, amplitude
from hwaja_bench.speech.sounds import at_level


@dataclass(frozen=True, eq=False)
class Recording:
    """Audio of a conversation in one acoustic condition; PCM16, 16 kHz, mono."""

    conversation: Conversation
    snr: str
    """A key of SNRS_DB or LOUD_SNRS_DB."""
    voices: tuple[bytes, bytes]
    pcm: bytes

    @property
    def seconds(self) -> float:
        """Duration of the audio, with the enrolment."""
        return sum(map(len, (*self.voices, self.pcm))) / 2 / SAMPLE_RATE


def record(conversation: Conversation, snr: str, seed: int) -> Recording:
    """Return the audio of a conversation.

    Each speaker has their own position in one room. The SNR refers to the speech without
    reverberation. Conversation and enrolments have the same kind of noise.
    """
    voices, tracks = [_joined(voice) for voice in conversation.voices], _tracks(conversation)
    snr_db = {**SNRS_DB, **LOUD_SNRS_DB}[snr]
    if snr_db is None:
        return _recording(conversation, snr, voices, tracks[0] + tracks[1])
    random = seeded(seed, conversation.name, snr)
    rt60_seconds = random.uniform(*RT60_SECONDS)
    responses = [impulse_response(rt60_seconds, random) for _ in tracks]
    spectrum = noise_spectrum(np.concatenate(voices), random)
    named = NOISES.get(snr.partition("-")[2])

    def heard(speech: Signal) -> Signal:
        if named is None:
            return speech + amplitude(SPEECH_DBFS - snr_db) * noise(spectrum, len(speech), random)
        sound = named(len(speech) / SAMPLE_RATE + 1, random)[: len(speech)]
        return speech + at_level(sound, SPEECH_DBFS - snr_db)

    talk = sum(
        (reverberant(t, r) for t, r in zip(tracks, responses, strict=True)),
        np.zeros_like(tracks[0]),
    )
    enrolments = [heard(reverberant(v, r)) for v, r in zip(voices, responses, strict=True)]
    return _recording(conversation, snr, enrolments, heard(talk))


def _recording(
    conversation: Conversation, snr: str, voices: list[Signal], talk: Signal
) -> Recording:
    first, second = map(to_pcm16, voices)
    return Recording(conversation, snr, (first, second), to_pcm16(talk))


def _joined(voice: tuple[Clip, ...]) -> Signal:
    joined = np.concatenate([clip.samples for clip in voice]).astype(np.float64)
    return joined[: round(ENROLMENT_SECONDS[1] * SAMPLE_RATE)]


def _tracks(conversation: Conversation) -> list[Signal]:
    """Return one track for each speaker, with all clips at their times."""
    tracks = [np.zeros(conversation.length_samples) for _ in conversation.voices]
    for turn in conversation.turns:
        tracks[turn.speaker_id][turn.start : turn.stop] = turn.clip.samples
    return tracks
