"""Adapts sherpa-onnx's streaming recognisers to `interface.StreamingRecognizer`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from hwaja.engines.checks import check_options, check_samples
from hwaja.engines.interface import EngineError, Samples
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE, GREEDY_SEARCH
from hwaja.engines.model_checks.streaming_exports import StreamingExport
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.engines.sherpa.construction import construct, failures_explained, new_stream
from hwaja.engines.sherpa.library import sherpa_onnx
from hwaja.engines.sherpa.results import text_of, written
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Hotword, Options, Token

_PIECE_SAMPLES = SAMPLE_RATE
"""sherpa-onnx converts audio while it holds the GIL, so it gets 1 s at a time."""

_STEP_SAMPLES = SAMPLE_RATE // 100  # one feature frame

_MAX_WINDOW_SECONDS = 30.0
"""A model that needs more audio before it begins is no streaming model."""


class OnlineStream:
    """One utterance; see `interface.Stream`. `OnlineRecognizer.open` creates it."""

    def __init__(
        self,
        recogniser: Any,
        stream: Any,
        *,
        tail_samples: int,
        time_scale: float,
        language: str | None,
    ) -> None:
        """Adapt a stream.

        Args:
            recogniser: sherpa-onnx's recogniser.
            stream: a new stream of sherpa-onnx.
            tail_samples: length of the silence after which the model has decoded the last sample.
            time_scale: factor for the model's token times.
            language: code of the language that the model was configured for.

        """
        self._recogniser = recogniser
        self.stream = stream
        self._tail_samples = tail_samples
        self._time_scale = time_scale
        self._language = language
        self._finished = False

    @property
    def ready(self) -> bool:
        """See `interface.Stream.ready`."""
        return bool(self._recogniser.is_ready(self.stream))

    @property
    def hypothesis(self) -> Hypothesis:
        """See `interface.Stream.hypothesis`."""
        result = self._recogniser.get_result_all(self.stream)
        text = text_of(written(result))
        return Hypothesis(text, self._tokens(result, text), self._language)

    def feed(self, samples: Samples) -> None:
        """See `interface.Stream.feed`."""
        check_samples(samples)
        if self._finished:
            raise EngineError("the utterance is finished")
        self._accept(samples)

    def finish(self) -> None:
        """See `interface.Stream.finish`. Appends silence for the model's look-ahead."""
        if not self._finished:
            self._accept(np.zeros(self._tail_samples, np.float32))
            self.stream.input_finished()
            self._finished = True

    def _tokens(self, result: Any, text: str) -> tuple[Token, ...]:
        """Return the pieces of a text with their times; empty where they do not form the text."""
        pieces = result.tokens  # valid UTF-8, like the token table
        # sherpa-onnx drops a leading word mark from the text, and <unk> from all but the times.
        whole = text != "" and "".join(pieces).strip().endswith(text)
        if not whole or len(pieces) != len(result.timestamps):
            return ()
        # The times are float32, so they need rounding.
        seconds = [round(self._time_scale * time, 3) for time in result.timestamps]
        return tuple(map(Token, pieces, seconds))

    def _accept(self, samples: Samples) -> None:
        for start in range(0, len(samples), _PIECE_SAMPLES):
            # The binding converts a memoryview (`data`) ten times as fast as an array.
            self.stream.accept_waveform(SAMPLE_RATE, samples[start : start + _PIECE_SAMPLES].data)


class OnlineRecognizer:
    """A sherpa-onnx streaming recogniser; see `interface.StreamingRecognizer`.

    One thread at a time. Each utterance has its own stream, since sherpa-onnx's reset keeps the
    state of some models.
    """

    def __init__(self, recogniser: Any, export: StreamingExport, language: str) -> None:
        """Adapt a recogniser.

        Args:
            recogniser: sherpa-onnx's recogniser.
            export: the model that it was loaded from.
            language: language code for sessions that do not name one.

        Raises:
            EngineError: where the model is never ready to decode.

        """
        self._recogniser = recogniser
        self._export = export
        self._language = language
        self.abilities = Abilities(
            streaming=True,
            languages=export.languages or frozenset({language}),
            hotword_characters=export.hotwords.characters if export.hotwords else frozenset(),
        )
        self._tail_samples = self._measured_tail_samples()

    def open(self, options: Options) -> OnlineStream:
        """See `interface.StreamingRecognizer.open`."""
        check_options(options, self.abilities)
        language = options.language or self._language
        known = bool(self._export.languages) and language != AUTO_LANGUAGE
        return OnlineStream(
            self._recogniser,
            self._new_stream(options.hotwords, language),
            tail_samples=self._tail_samples,
            time_scale=self._export.time_scale,
            language=language if known else None,
        )

    def decode(self, streams: Sequence[OnlineStream]) -> None:
        """See `interface.StreamingRecognizer.decode`."""
        if not streams:
            raise EngineError("there is no stream to decode")
        if len({id(stream) for stream in streams}) < len(streams):
            raise EngineError("a stream is to be decoded twice at once")
        if not all(stream.ready for stream in streams):
            raise EngineError("a stream is not ready to be decoded")
        self._recogniser.decode_streams([stream.stream for stream in streams])

    def _new_stream(self, hotwords: Sequence[Hotword], language: str) -> Any:
        stream = new_stream(self._recogniser, hotwords, self._export.hotwords)
        if self._export.languages:
            stream.set_option("language", language)
        return stream

    def _measured_tail_samples(self) -> int:
        """Return the length of silence after which the model has decoded the last sample.

        It is a window, so that the last frame is decoded, plus a step, since some models emit a
        word only after the audio that follows it. The measurement uses two streams, so that a model
        that cannot decode several streams at once fails here.
        """
        streams = [self._new_stream((), self._language) for _ in range(2)]
        window_samples = self._fill(streams)
        self._recogniser.decode_streams(streams)
        return window_samples + self._fill(streams)

    def _fill(self, streams: Sequence[Any]) -> int:
        silence = np.zeros(_STEP_SAMPLES, np.float32)
        for filled in range(0, round(_MAX_WINDOW_SECONDS * SAMPLE_RATE), _STEP_SAMPLES):
            if all(self._recogniser.is_ready(stream) for stream in streams):
                return filled
            for stream in streams:
                stream.accept_waveform(SAMPLE_RATE, silence.data)
        raise EngineError("The model needs more than 30 s of audio at once; it does not stream.")


def load_streaming(
    export: StreamingExport,
    language: str,
    decoding_method: str = GREEDY_SEARCH,
    provider: str = "cpu",
) -> OnlineRecognizer:
    """Load a checked streaming model.

    Args:
        export: the result of `exports.open_export` for `decoding_method`.
        language: language code for sessions that do not name one.
        decoding_method: sherpa-onnx's name of the decoding method.
        provider: "cpu" or "cuda".

    Raises:
        EngineError: where the model's graphs do not match its metadata.

    """
    constructor = getattr(sherpa_onnx.OnlineRecognizer, f"from_{export.family}")
    with failures_explained(export):
        recogniser = construct(
            constructor,
            export,
            decoding_method=decoding_method,
            provider=provider,
            enable_endpoint_detection=False,  # hwaja's VAD ends utterances
        )
        return OnlineRecognizer(recogniser, export, language)
