"""Measures the loops of Whisper base on babble that no gate cut, and on numbers counted aloud.

hwaja bench experiment loops [--seeds 0 48] [--voices 4] [--seconds 5]
hwaja bench experiment loops --counted

Babble: several synthetic voices at once, one take for each seed. Nobody says anything, so a text is
invented. The processor time of an utterance shows what its loops cost.
Counted: espeak-ng (which has to be installed) counts, names a number, a date or a price, alone and
at 10 dB in a room. These texts should stay.
"""

import argparse
import itertools
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from hwaja.client.sound_files import load_pcm16
from hwaja.doctor.babble import babble
from hwaja.engines.ctranslate2 import fallback
from hwaja.engines.interface import EngineError, Recognizer, Samples, Utterance, to_float32
from hwaja.engines.recognition import Hypothesis
from hwaja.engines.texts.hallucination_filter import ROLLS_SECONDS
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.offline import silence, whole_recogniser
from hwaja_bench.speech.acoustics import Signal, disturbed
from hwaja_bench.speech.levels import levelled, trimmed
from hwaja_bench.speech.sounds import at_level

BABBLE_DBFS = -20.0
SNR_DB = 10.0
COUNTED = {
    "en": ("one, two, three, four, five, six, seven, eight, nine, ten", "one two three four five"),
    "ko": (
        "하나, 둘, 셋, 넷, 다섯, 여섯, 일곱, 여덟, 아홉, 열",
        "일, 이, 삼, 사, 오, 육, 칠, 팔, 구, 십",
        "일 번, 이 번, 삼 번, 사 번, 오 번",
        "다섯, 넷, 셋, 둘, 하나",
        "공일공 일이삼사 오육칠팔",
        "삼월 일일, 삼월 이일, 삼월 삼일",
        "천 원, 이천 원, 삼천 원, 사천 원, 오천 원",
    ),
}
VARIANTS = ("", "+f3", "+f2", "+m7")
WORDS_PER_MINUTE = (130, 240)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 48), help="first, and behind")
    parser.add_argument("--voices", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--counted", action="store_true")


def run(args: argparse.Namespace) -> None:
    recogniser = whole_recogniser("whisper-base")
    if args.counted:
        report_counted(recogniser)
    else:
        report_babble(recogniser, range(*args.seeds), args.voices, args.seconds)


def report_babble(recogniser: Recognizer, seeds: range, voices: int, seconds: float) -> None:
    """Print the texts of babble, and what each utterance cost."""
    spoilt, costs_seconds = 0, []
    for seed in seeds:
        take = at_level(crowd(seconds, seed, voices), BABBLE_DBFS)
        began_seconds = time.process_time()
        found = heard(recogniser, take, "ko")
        costs_seconds.append(time.process_time() - began_seconds)
        spoilt += bool(found.text)
        print(f"{seed}: {costs_seconds[-1]:.2f} s, attempts {found.attempts}, {found.text}")
    print(
        f"{spoilt} of {len(seeds)} takes with text; processor time {np.mean(costs_seconds):.2f} s"
        f" on average, {max(costs_seconds):.2f} s at the most"
    )


def report_counted(recogniser: Recognizer) -> None:
    """Print the texts of numbers that are counted aloud."""
    random = np.random.default_rng(0)
    for language, texts in COUNTED.items():
        for text, variant, rate in itertools.product(texts, VARIANTS, WORDS_PER_MINUTE):
            alone = said(text, language + variant, rate)
            for take in (alone, disturbed(alone, SNR_DB, random)):
                found = heard(recogniser, take, language)
                print(f"{text} ({language}{variant}, {rate}): {found.text}")


def crowd(seconds: float, seed: int, voices: int) -> Signal:
    """Return several voices at once; no two seeds have a voice in common."""
    seeds = range(voices * seed, voices * (seed + 1))
    return np.asarray(sum(babble(seconds, each).astype(np.float64) for each in seeds))


def heard(recogniser: Recognizer, take: Signal, language: str) -> Hypothesis:
    """Return the text of a take that a detector takes for speech from end to end."""
    roll = silence(ROLLS_SECONDS / 2)
    samples: Samples = np.concatenate([roll, take, roll]).astype(np.float32)
    utterance = Utterance(samples, Options(language))
    try:
        return fallback.recognise(recogniser, utterance, len(take) / SAMPLE_RATE)
    except EngineError:
        return Hypothesis("", attempts=4)


def said(text: str, voice: str, words_per_minute: int) -> Signal:
    """Return a text spoken by espeak-ng, at SPEECH_DBFS."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise BenchmarkError("espeak-ng is not installed.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        command = [program, "-v", voice, "-s", str(words_per_minute), "-w", str(file), text]
        subprocess.run(command, check=True)
        spoken = to_float32(np.frombuffer(load_pcm16(file), np.int16))
    return trimmed(levelled(spoken)).astype(np.float64)
