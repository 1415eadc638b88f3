"""Runs sherpa-onnx's Whisper on its own, on an utterance followed by silence.

python -m hwaja_bench.peers.bare FOLDER TAIL_FRAMES CONTEXT_SECONDS MIN_SILENCE_SECONDS

TAIL_FRAMES is sherpa-onnx's own `tail_paddings`, -1 for its default. An utterance is padded with
silence to CONTEXT_SECONDS, and with at least MIN_SILENCE_SECONDS; 0 and 0 for none.
"""

import sys
from pathlib import Path

import numpy as np
import sherpa_onnx
from numpy.typing import NDArray

from hwaja_bench.peers.answering import answer

RATE = 16_000


def main() -> None:
    folder, tail_frames, context_seconds, min_silence_seconds = sys.argv[1:]
    recogniser = sherpa_onnx.OfflineRecognizer.from_whisper(
        encoder=str(next(Path(folder).glob("*encoder.int8.onnx"))),
        decoder=str(next(Path(folder).glob("*decoder.int8.onnx"))),
        tokens=str(next(Path(folder).glob("*tokens.txt"))),
        language="ko",
        num_threads=1,
        tail_paddings=int(tail_frames),
    )
    context_samples, min_silence_samples = (
        round(float(seconds) * RATE) for seconds in (context_seconds, min_silence_seconds)
    )

    def hear(samples: NDArray[np.float32]) -> str:
        silence_samples = max(min_silence_samples, context_samples - len(samples))
        closed = np.concatenate([samples, np.zeros(silence_samples, np.float32)])
        stream = recogniser.create_stream()
        stream.accept_waveform(RATE, closed.data)
        recogniser.decode_stream(stream)
        return str(stream.result.text)

    answer(hear)


if __name__ == "__main__":
    main()
