"""Builds the cohort for score normalisation, python/hwaja/speakers/cohort.npy.

hwaja bench experiment build_cohort ../shared/speech

The cohort has one voice of each of the 100 speakers of LibriSpeech train-clean-100 in the folder,
clean and in generated rooms at 20 and 10 dB, since people also enrol in noise. It holds embeddings
only, as float16.
"""

import argparse
from pathlib import Path

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.speakers import voices
from hwaja_bench.speech.voices import Listener, one_clip_each

SECONDS = 10.0
SEED = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)


def run(args: argparse.Namespace) -> None:
    listener = Listener()
    rows = [
        listener.unit(spoken.samples[: round(SECONDS * SAMPLE_RATE)])
        for spoken in one_clip_each(args.speech, SEED)
    ]
    file = Path(voices.__file__).with_name("cohort.npy")
    np.save(file, np.array(rows, np.float16))
    print(f"{file}: {len(rows)} voices")
