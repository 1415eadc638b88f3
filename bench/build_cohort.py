"""Builds the cohort that scores are normalised with, python/hwaja/attribution/cohort.npy.

python bench/build_cohort.py ../shared/speech

One voice each of the 100 speakers of LibriSpeech train-clean-100 in the folder, clean and in
generated rooms at 20 and 10 dB: people are enrolled in noise as well. Embeddings only, as float16.
"""

import argparse
from pathlib import Path

import hwaja.attribution
import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from voices import Listener, one_clip_each

SECONDS = 10.0
SEED = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    speech = parser.parse_args().speech
    listener = Listener()
    rows = [
        listener.unit(spoken.samples[: round(SECONDS * SAMPLE_RATE)])
        for spoken in one_clip_each(speech, SEED)
    ]
    file = Path(hwaja.attribution.__file__).with_name("cohort.npy")
    np.save(file, np.array(rows, np.float16))
    print(f"{file}: {len(rows)} voices")


if __name__ == "__main__":
    main()
