"""Generates sounds without speech: steady sounds, music, household sounds."""

import itertools
from collections.abc import Callable

import numpy as np
from scipy.signal import lfilter

from hwaja.doctor.babble import babble
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.speech.acoustics import Signal, noise
from hwaja_bench.speech.levels import amplitude

Random = np.random.Generator

Sound = Callable[[float, Random], Signal]
"""Generates samples of any level for a duration in seconds."""

SCALE_HZ = tuple(220 * 2 ** (step / 12) for step in (0, 2, 4, 5, 7, 9, 11, 12))
TRIADS = ((0, 4, 7), (0, 3, 7), (5, 9, 12), (7, 11, 14), (9, 12, 16))  # semitones over the root
A3_F3_C4_HZ = (220.0, 174.6, 261.6)
ROOM_DBFS = -70.0


def at_level(sound: Signal, dbfs: float) -> Signal:
    """Return a sound with an RMS of `dbfs`."""
    return np.asarray(sound * (amplitude(dbfs) / np.sqrt(np.mean(sound**2))))


def in_room(sound: Signal, random: Random) -> Signal:
    """Return a sound with the hiss of a quiet room."""
    return sound + amplitude(ROOM_DBFS) * random.standard_normal(len(sound))


def samples(seconds: float) -> int:
    """Return a duration in samples."""
    return round(seconds * SAMPLE_RATE)


def times(seconds: float) -> Signal:
    """Return the time of each sample in seconds."""
    return np.arange(samples(seconds)) / SAMPLE_RATE


def harmonics(hertz: float, seconds: float, slope: float = 1.2) -> Signal:
    """Return harmonics 1 to 12, each k of amplitude 1 / k ** slope."""
    phase = 2 * np.pi * hertz * times(seconds)
    return np.asarray(sum(np.sin(k * phase) / k**slope for k in range(1, 13)))


def placed(
    seconds: float, every_seconds: tuple[float, float], event: Callable[[], Signal], random: Random
) -> Signal:
    """Return events at random distances; longer events overlap."""
    sound = np.zeros(samples(seconds))
    start = samples(random.uniform(0, every_seconds[0]))
    while start < len(sound):
        made = event()[: len(sound) - start]
        sound[start : start + len(made)] += made
        start += samples(random.uniform(*every_seconds))
    return sound


def _fading(sound: Signal, seconds: float) -> Signal:
    """Return a struck sound that decays by 60 dB in `seconds`."""
    at_seconds = np.arange(len(sound)) / SAMPLE_RATE
    return sound * np.minimum(at_seconds / 0.005, 1) * 10 ** (-3 * at_seconds / seconds)


def resonant(sound: Signal, hertz: float, width_hertz: float) -> Signal:
    """Return a sound through one resonance."""
    radius = np.exp(-np.pi * width_hertz / SAMPLE_RATE)
    angle = 2 * np.pi * hertz / SAMPLE_RATE
    return np.asarray(lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], sound))


def pink(seconds: float, random: Random) -> Signal:
    """Return pink noise with RMS 1."""
    return noise(1 / np.maximum(np.arange(257), 2.0), samples(seconds), random)


def tone(seconds: float, random: Random) -> Signal:
    """Return a steady tone with harmonics, like a machine."""
    return harmonics(440, seconds)


def melody(seconds: float, random: Random) -> Signal:
    """Return single notes."""

    def note() -> Signal:
        return _fading(harmonics(random.choice(SCALE_HZ), 0.6), 1.5)

    return placed(seconds, (0.25, 0.5), note, random)


def chords(seconds: float, random: Random) -> Signal:
    """Return A3 F3 C4 struck and fading, all at once or one after the other."""
    struck_hz = [A3_F3_C4_HZ] if random.integers(2) else [(hertz,) for hertz in A3_F3_C4_HZ]
    next_hz = itertools.cycle(struck_hz)
    slope, fading_seconds = random.uniform(0.8, 2), random.uniform(0.7, 7)

    def chord() -> Signal:
        notes = sum(harmonics(hertz, 3.0, slope) for hertz in next(next_hz))
        return _fading(np.asarray(notes), fading_seconds)

    return placed(seconds, (0.5, 2.5), chord, random)


def triads(seconds: float, random: Random) -> Signal:
    """Return chords of three notes struck at random."""

    def chord() -> Signal:
        root_hz = random.uniform(110, 330)
        steps = TRIADS[random.integers(len(TRIADS))]
        struck = sum(harmonics(root_hz * 2 ** (step / 12), 1.5) for step in steps)
        return _fading(np.asarray(struck), random.uniform(0.5, 2.5))

    return placed(seconds, (0.4, 1.5), chord, random)


def hold_music(seconds: float, random: Random) -> Signal:
    """Return held chords, a melody over them, and a beat."""

    def held() -> Signal:
        steps = TRIADS[random.integers(len(TRIADS))]
        chord = sum(harmonics(165 * 2 ** (step / 12), 2.0, 1.6) for step in steps)
        return np.asarray(chord) * np.hanning(samples(2.0)) ** 0.25

    def beat() -> Signal:
        return 2 * _fading(random.standard_normal(samples(0.1)), 0.1)

    return (
        placed(seconds, (2.0, 2.0), held, random)
        + melody(seconds, random)
        + placed(seconds, (0.5, 0.5), beat, random)
    )


def fan(seconds: float, random: Random) -> Signal:
    """Return the sound of a fan: air and blades."""
    blades = harmonics(random.uniform(80, 140), seconds, 1.5)
    return pink(seconds, random) + 0.5 * blades


def crowd(seconds: float, random: Random) -> Signal:
    """Return six voices that say syllables at once."""
    return np.asarray(
        sum(babble(seconds, int(random.integers(2**31))).astype(np.float64) for _ in range(6))
    )


def doors(seconds: float, random: Random) -> Signal:
    """Return thuds of wood."""

    def door() -> Signal:
        blow = _fading(random.standard_normal(samples(0.6)), random.uniform(0.05, 0.3))
        thud = resonant(blow, random.uniform(60, 300), random.uniform(20, 80))
        panel = resonant(blow, random.uniform(300, 900), random.uniform(60, 200))
        return thud / np.std(thud) + random.uniform(0.1, 0.7) * panel / np.std(panel)

    return placed(seconds, (0.8, 3.0), door, random)


def hums(seconds: float, random: Random) -> Signal:
    """Return hums with the resonances of a vowel, as of a pipe or a motor."""

    def hum() -> Signal:
        length_seconds = random.uniform(0.3, 1.5)
        glide = np.linspace(1, random.uniform(0.8, 1.2), samples(length_seconds))
        phase = np.cumsum(random.uniform(90, 260) * glide) / SAMPLE_RATE
        buzz = 2 * (phase % 1) - 1
        for hertz in (random.uniform(300, 800), random.uniform(900, 2200), 2600.0):
            buzz = resonant(buzz, hertz, 90)
        return buzz / np.std(buzz) * np.hanning(len(buzz)) ** 0.5

    return placed(seconds, (0.8, 2.5), hum, random)


def barks(seconds: float, random: Random) -> Signal:
    """Return short bursts whose pitch falls, as of a dog."""

    def bark() -> Signal:
        length = samples(random.uniform(0.12, 0.3))
        pitch_hz = np.linspace(random.uniform(400, 700), random.uniform(200, 350), length)
        buzz = 2 * (np.cumsum(pitch_hz) / SAMPLE_RATE % 1) - 1
        burst = resonant(buzz + 0.3 * random.standard_normal(length), 900, 300)
        return burst / np.std(burst) * np.hanning(length)

    return placed(seconds, (0.35, 2.0), bark, random)


def rings(seconds: float, random: Random) -> Signal:
    """Return the ringing of a telephone: two tones, a second on and two off."""
    at_seconds = times(seconds)
    low_hz, high_hz = random.uniform(400, 800), random.uniform(900, 1400)
    both = np.sin(2 * np.pi * low_hz * at_seconds) + np.sin(2 * np.pi * high_hz * at_seconds)
    return np.asarray(both * (at_seconds % 3 < 1) * (1 + np.sin(2 * np.pi * 20 * at_seconds)))


def dishes(seconds: float, random: Random) -> Signal:
    """Return struck crockery: partials that are no harmonics."""

    def clink() -> Signal:
        at_seconds = times(0.5)
        partials = sum(
            np.sin(2 * np.pi * hertz * at_seconds) for hertz in random.uniform(900, 6000, 6)
        )
        return _fading(np.asarray(partials), random.uniform(0.1, 0.6)) * random.uniform(0.3, 1)

    return placed(seconds, (0.1, 1.2), clink, random)


def keys(seconds: float, random: Random) -> Signal:
    """Return typing."""

    def key() -> Signal:
        click = _fading(random.standard_normal(samples(0.06)), random.uniform(0.02, 0.06))
        return resonant(click, random.uniform(1500, 3500), 800)

    return placed(seconds, (0.08, 0.4), key, random)


def steps(seconds: float, random: Random) -> Signal:
    """Return footsteps."""

    def step() -> Signal:
        blow = _fading(random.standard_normal(samples(0.25)), random.uniform(0.05, 0.15))
        return resonant(blow, random.uniform(80, 250), 100)

    return placed(seconds, (0.45, 0.65), step, random)


def breaths(seconds: float, random: Random) -> Signal:
    """Return breath and coughs: noise through the resonances of a mouth, without a voice."""

    def breath() -> Signal:
        length = samples(random.uniform(0.15, 0.8))
        air = random.standard_normal(length)
        for hertz in (random.uniform(400, 800), random.uniform(1000, 2000)):
            air = resonant(air, hertz, 200)
        return air / np.std(air) * np.hanning(length)

    return placed(seconds, (0.5, 2.5), breath, random)


def vacuum(seconds: float, random: Random) -> Signal:
    """Return a motor that speeds up and slows down."""
    at_seconds = times(seconds)
    pitch_hz = random.uniform(150, 300) * (1 + 0.1 * np.sin(2 * np.pi * 0.3 * at_seconds))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    motor = sum(np.sin(k * phase) / k for k in range(1, 13))
    return np.asarray(motor) + pink(seconds, random)


def rain(seconds: float, random: Random) -> Signal:
    """Return rain, in gusts."""
    gusts = 1 + 0.6 * np.interp(
        times(seconds), np.arange(0, seconds + 2), random.uniform(-1, 1, int(seconds) + 2)
    )
    return pink(seconds, random) * gusts


def whistles(seconds: float, random: Random) -> Signal:
    """Return the whistles of a kettle, or of somebody."""

    def whistle() -> Signal:
        length = samples(random.uniform(0.2, 1.0))
        pitch_hz = np.linspace(random.uniform(800, 2200), random.uniform(800, 2200), length)
        air = 0.05 * random.standard_normal(length)
        phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
        return (np.sin(phase) + air) * np.hanning(length) ** 0.3

    return placed(seconds, (0.4, 1.5), whistle, random)


STEADY: dict[str, Sound] = {
    "tone": tone,
    "melody": melody,
    "hold music": hold_music,
    "fan": fan,
}
"""Sounds that continue for minutes without speech."""

HOUSEHOLD: dict[str, tuple[Sound, tuple[float, float]]] = {
    "chords A3 F3 C4": (chords, (-40, -35)),
    "triads": (triads, (-45, -25)),
    "melody": (melody, (-45, -25)),
    "hold music": (hold_music, (-45, -25)),
    "crowd": (crowd, (-52, -48)),
    "doors": (doors, (-50, -30)),
    "hums": (hums, (-50, -30)),
    "barks": (barks, (-50, -30)),
    "rings": (rings, (-45, -25)),
    "dishes": (dishes, (-50, -30)),
    "keys": (keys, (-50, -35)),
    "steps": (steps, (-50, -35)),
    "breaths": (breaths, (-50, -35)),
    "vacuum cleaner": (vacuum, (-45, -25)),
    "rain": (rain, (-50, -30)),
    "fan": (fan, (-45, -25)),
    "whistles": (whistles, (-50, -30)),
}
"""Each sound with its range of levels (RMS, dBFS)."""
