"""The noises that must give no text: those of a person, of rooms, of music and of the street."""

import functools

import numpy as np

from hwaja.doctor.babble import babble
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.acoustics import Signal
from hwaja_bench.speech.sounds import (
    SCALE_HZ,
    Random,
    Sound,
    breaths,
    doors,
    harmonics,
    hold_music,
    hums,
    keys,
    pink,
    placed,
    resonant,
    rings,
    samples,
    times,
)


def coughs(seconds: float, random: Random) -> Signal:
    """Return coughs in fits: a burst of air through a mouth, at times with a voice behind it."""

    def cough() -> Signal:
        length = samples(random.uniform(0.2, 0.45))
        share = np.arange(length) / length
        burst = np.exp(-share / 0.12) + 0.35 * np.exp(-(((share - 0.55) / 0.25) ** 2))
        pitch_hz = np.linspace(random.uniform(250, 450), random.uniform(120, 250), length)
        voice = 2 * (np.cumsum(pitch_hz) / SAMPLE_RATE % 1) - 1
        voicing = random.uniform(0, 1) * np.clip((share - 0.4) / 0.2, 0, 1)
        sound = random.standard_normal(length) * burst + voice * voicing * (1 - share)
        for hertz in (random.uniform(400, 900), random.uniform(1200, 2200)):
            sound = resonant(sound, hertz, 250)
        return sound / np.std(sound)

    def fit() -> Signal:
        pieces = [cough() for _ in range(random.integers(1, 4))]
        return np.concatenate([np.pad(each, (0, samples(0.12))) for each in pieces])

    return placed(seconds, (1.0, 4.0), fit, random)


def singing(seconds: float, random: Random) -> Signal:
    """Return a voice that sings vowels, with vibrato, over music."""
    note_seconds = random.uniform(0.35, 0.8)
    steps = int(seconds / note_seconds) + 2
    at_seconds = times(seconds)
    note = (at_seconds / note_seconds).astype(int)
    pitch_hz = random.choice(SCALE_HZ, steps)[note] * random.choice([0.5, 1.0, 1.5])
    vibrato = 1 + 0.02 * np.sin(2 * np.pi * 5.5 * at_seconds)
    buzz = 2 * (np.cumsum(pitch_hz * vibrato) / SAMPLE_RATE % 1) - 1
    vowels_hz = np.array([(800, 1300), (300, 2300), (330, 900), (400, 800), (500, 1900)])
    sung = np.zeros(len(buzz))
    for vowel, formants_hz in enumerate(vowels_hz):
        chosen = random.integers(len(vowels_hz), size=steps)[note] == vowel
        filtered = buzz
        for hertz in (*formants_hz, 2800.0):
            filtered = resonant(filtered, hertz, 110)
        sung += chosen * filtered / np.std(filtered)
    onset = np.clip((at_seconds % note_seconds) / 0.06, 0, 1)
    rests = random.random(steps)[note] > 0.15
    music = hold_music(seconds, random)
    return np.asarray(sung * onset * rests + music / np.std(music) * random.uniform(0.3, 1.0))


def traffic(seconds: float, random: Random) -> Signal:
    """Return a road: tyres and engines of passing cars, and a horn at times."""

    def car() -> Signal:
        length_seconds = random.uniform(3, 8)
        at_seconds = times(length_seconds)
        swell = np.exp(-(((at_seconds / length_seconds - 0.5) / 0.2) ** 2))
        tyres = resonant(pink(length_seconds, random), random.uniform(600, 1100), 900)
        engine = harmonics(random.uniform(40, 90), length_seconds, 1.0)
        return np.asarray(swell * (tyres / np.std(tyres) + 0.5 * engine / np.std(engine)))

    def horn() -> Signal:
        length_seconds, hertz = random.uniform(0.2, 1.0), random.uniform(350, 450)
        both = harmonics(hertz, length_seconds, 0.8) + harmonics(1.25 * hertz, length_seconds, 0.8)
        return np.asarray(both * np.hanning(len(both)) ** 0.2)

    road = pink(seconds, random) * 0.3
    return road + placed(seconds, (1.0, 5.0), car, random) + placed(seconds, (6, 20), horn, random)


@functools.cache
def _voice(seed: int) -> Signal:
    return babble(10, seed).astype(np.float64)


def party(seconds: float, random: Random) -> Signal:
    """Return four to ten of sixteen voices that say syllables at once, each from another place."""
    voices = random.choice(16, random.integers(4, 11), replace=False)
    return np.asarray(
        sum(
            np.resize(
                np.roll(_voice(int(voice)), random.integers(10 * SAMPLE_RATE)), samples(seconds)
            )
            * random.uniform(0.3, 1.0)
            for voice in voices
        )
    )


NOISE_DBFS = (-45.0, -20.0)
"""Range of levels (RMS): from a quiet one in the room to one beside the microphone."""

NOISES: dict[str, tuple[Sound, tuple[float, float]]] = {
    name: (sound, NOISE_DBFS)
    for name, sound in {
        "breath": breaths,
        "keyboard": keys,
        "cough": coughs,
        "door": doors,
        "hum": hums,
        "music": hold_music,
        "singing": singing,
        "ringing": rings,
        "babble": party,
        "traffic": traffic,
    }.items()
}
"""Each noise with its range of levels. None of them may give text."""
