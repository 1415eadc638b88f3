"""Runs faster-whisper, int8 on one thread, one utterance at a time.

python -m hwaja_bench.peers.faster FOLDER BEAM_SIZE
"""

import sys

import numpy as np
from faster_whisper import WhisperModel
from numpy.typing import NDArray

from hwaja_bench.peers.answering import answer


def main() -> None:
    folder, beam_size = sys.argv[1:]
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)

    def hear(samples: NDArray[np.float32]) -> str:
        segments, _ = model.transcribe(samples, language="ko", beam_size=int(beam_size))
        return "".join(segment.text for segment in segments)

    answer(hear)


if __name__ == "__main__":
    main()
