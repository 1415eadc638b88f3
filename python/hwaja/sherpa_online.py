"""sherpa-onnx's streaming recognisers behind `engine.StreamingRecognizer`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwaja.admission import check_options, check_samples
from hwaja.engine import EngineError, Samples
from hwaja.gate import SAMPLE_RATE
from hwaja.recognition import Abilities, Hypothesis, Options, Token
from hwaja.sherpa_library import sherpa_onnx

_PIECE_SAMPLES = SAMPLE_RATE
"""sherpa-onnx converts audio with the GIL held: 1 s at a time."""

_STEP_SAMPLES = SAMPLE_RATE // 100  # one frame of the features

_MAX_WINDOW_SECONDS = 30.0
"""A model that wants more before it begins is none that streams."""


class OnlineStream:
    """One utterance; see `engine.Stream`. Made by `OnlineRecognizer.open`."""

    def __init__(self, recogniser: Any, stream: Any, tail_samples: int, time_scale: float) -> None:
        """Adapt a stream of sherpa-onnx that has heard nothing."""
        self._recogniser = recogniser
        self.stream = stream
        self._tail_samples = tail_samples
        self._time_scale = time_scale
        self._finished = False

    @property
    def ready(self) -> bool:
        """See `engine.Stream.ready`."""
        return bool(self._recogniser.is_ready(self.stream))

    @property
    def hypothesis(self) -> Hypothesis:
        """See `engine.Stream.hypothesis`."""
        result = self._recogniser.get_result_all(self.stream)
        tokens = tuple(
            Token(text, round(self._time_scale * seconds, 3))  # sherpa-onnx keeps float32
            for text, seconds in zip(result.tokens, result.timestamps, strict=True)
        )
        return Hypothesis(result.text.strip(), tokens)

    def feed(self, samples: Samples) -> None:
        """See `engine.Stream.feed`."""
        check_samples(samples)
        if self._finished:
            raise EngineError("the utterance is finished")
        self._accept(samples)

    def finish(self) -> None:
        """See `engine.Stream.finish`; silence as long as the model looks ahead follows."""
        if not self._finished:
            self._accept(np.zeros(self._tail_samples, np.float32))
            self.stream.input_finished()
            self._finished = True

    def _accept(self, samples: Samples) -> None:
        for start in range(0, len(samples), _PIECE_SAMPLES):
            # As a memoryview (`data`) it is converted ten times as fast as an array.
            self.stream.accept_waveform(SAMPLE_RATE, samples[start : start + _PIECE_SAMPLES].data)


class OnlineRecognizer:
    """A sherpa-onnx streaming recogniser; see `engine.StreamingRecognizer`. One thread at a time.

    Each utterance has a stream of its own: sherpa-onnx's own reset keeps what some models heard.
    """

    def __init__(self, recogniser: Any, abilities: Abilities, time_scale: float = 1.0) -> None:
        """Adapt a recogniser.

        Args:
            recogniser: sherpa-onnx's.
            abilities: what it can do.
            time_scale: what its token times must be multiplied with.

        Raises:
            EngineError: where it never gets ready.

        """
        self._recogniser = recogniser
        self.abilities = abilities
        self._time_scale = time_scale
        self._tail_samples = self._measured_tail_samples()

    def open(self, options: Options) -> OnlineStream:
        """See `engine.StreamingRecognizer.open`."""
        check_options(options, self.abilities)
        stream = self._recogniser.create_stream()
        return OnlineStream(self._recogniser, stream, self._tail_samples, self._time_scale)

    def decode(self, streams: Sequence[OnlineStream]) -> None:
        """See `engine.StreamingRecognizer.decode`."""
        if not streams:
            raise EngineError("there is no stream to decode")
        if len({id(stream) for stream in streams}) < len(streams):
            raise EngineError("a stream is to be decoded twice at once")
        if not all(stream.ready for stream in streams):
            raise EngineError("a stream is not ready to be decoded")
        self._recogniser.decode_streams([stream.stream for stream in streams])

    def _measured_tail_samples(self) -> int:
        """Return how much silence brings the last sample through the model.

        A window, so that its last frame is decoded, and a step more, since some models write a
        word only when they heard what follows.
        """
        stream = self._recogniser.create_stream()
        window_samples = self._fill(stream)
        self._recogniser.decode_stream(stream)
        return window_samples + self._fill(stream)

    def _fill(self, stream: Any) -> int:
        silence = np.zeros(_STEP_SAMPLES, np.float32)
        for filled in range(0, round(_MAX_WINDOW_SECONDS * SAMPLE_RATE), _STEP_SAMPLES):
            if self._recogniser.is_ready(stream):
                return filled
            stream.accept_waveform(SAMPLE_RATE, silence.data)
        raise EngineError("The model needs more than 30 s of audio at once; it does not stream.")


def load_streaming(folder: Path, language: str, provider: str = "cpu") -> OnlineRecognizer:
    """Load a streaming NeMo CTC model to run on `provider`, "cpu" or "cuda"."""
    recogniser = sherpa_onnx.OnlineRecognizer.from_nemo_ctc(
        tokens=str(folder / "tokens.txt"),
        model=str(folder / "model.onnx"),
        num_threads=1,
        provider=provider,
    )
    abilities = Abilities(streaming=True, languages=frozenset({language}))
    return OnlineRecognizer(recogniser, abilities)
