"""Adapts sherpa-onnx's offline recognisers to `interface.Recognizer`."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from hwaja.engines.checks import check_options, check_utterance
from hwaja.engines.interface import EngineError, Samples, Utterance
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE, GREEDY_SEARCH
from hwaja.engines.model_checks.offline_exports import OfflineExport
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.engines.sherpa.construction import FAILURES, construct, failures_explained, new_stream
from hwaja.engines.sherpa.hotwords import prompt_words
from hwaja.engines.sherpa.library import sherpa_onnx
from hwaja.engines.sherpa.results import text_of, written
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options, Token

_MIN_SAMPLES = SAMPLE_RATE // 2
"""A shorter utterance is followed by silence up to this length.

The first layers of most models need 0.1 to 0.2 s. SenseVoice and Paraformer read beyond the end of
the features on less than 0.09 s.
"""

_MARKUP = re.compile(r"<\|[^<>|]*\|>")
"""What some models write among the words: languages, emotions, events. It is no text."""


class OfflineRecognizer:
    """A sherpa-onnx offline recogniser on whole utterances. One thread at a time."""

    def __init__(
        self, recogniser: Any, export: OfflineExport, language: str, batch_size: int = 1
    ) -> None:
        """Adapt a recogniser.

        Args:
            recogniser: sherpa-onnx's recogniser.
            export: the model that it was loaded from.
            language: code of the language of sessions that do not name one.
            batch_size: most utterances in one call.

        """
        self._recogniser = recogniser
        self._export = export
        self._language = language
        self._codes = {name: code for code, name in export.languages.items() if name}
        units = export.hotwords
        self.abilities = Abilities(
            languages=frozenset(export.languages or {language}),
            hotword_characters=units.characters if units else frozenset(),
            takes_any_hotword=export.family.prompted,
            batch_size=batch_size,
        )

    def recognise(self, utterance: Utterance) -> Hypothesis:
        """Return the text; see `interface.Recognizer.recognise`."""
        (hypothesis,) = self.recognise_batch([utterance])
        return hypothesis

    def recognise_batch(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """Return the texts; see `interface.BatchRecognizer.recognise_batch`.

        A model whose language is a setting of the recogniser decodes one language in a call.
        """
        if not utterances:
            raise EngineError("there is no utterance to decode")
        for each in utterances:
            check_options(each.options, self.abilities)
            check_utterance(each.samples)
        streams = [self._stream(each.samples, each.options) for each in utterances]
        languages = [each.options.language or self._language for each in utterances]
        try:
            for language, group in self._groups(streams, languages):
                self._set_language(language)
                self._recogniser.decode_streams(group)
        except FAILURES:
            raise EngineError("sherpa-onnx could not decode the audio") from None
        return [
            self._hypothesis(stream.result, language)
            for stream, language in zip(streams, languages, strict=True)
        ]

    def try_out(self) -> None:
        """Decode two utterances of noise of unlike length.

        Raises:
            RuntimeError, ValueError or IndexError: where the graphs do not fit the metadata, or
                cannot decode several utterances at once.

        """
        random = np.random.default_rng(0)
        noise = random.uniform(-0.1, 0.1, 2 * _MIN_SAMPLES).astype(np.float32)
        streams = [self._stream(part, Options()) for part in (noise, noise[:_MIN_SAMPLES])]
        self._recogniser.decode_streams(streams)

    def _stream(self, samples: Samples, options: Options) -> Any:
        family = self._export.family
        stream = new_stream(self._recogniser, options.hotwords, self._export.hotwords)
        name = self._export.languages.get(options.language or self._language, "")
        if name:
            for option in family.language_options:
                stream.set_option(option, name)
        if options.hotwords and family.prompted:
            stream.set_option("hotwords", prompt_words(options.hotwords))
        padded = np.zeros(max(len(samples), _MIN_SAMPLES), np.float32)
        padded[: len(samples)] = samples
        # The binding converts a memoryview (`data`) ten times as fast as an array (design notes).
        stream.accept_waveform(SAMPLE_RATE, padded.data)
        padded.fill(0)
        return stream

    def _groups(
        self, streams: Sequence[Any], languages: Sequence[str]
    ) -> list[tuple[str, list[Any]]]:
        """Return the streams that can be decoded in one call."""
        if not self._is_set_up_for_a_language:
            return [("", [*streams])]
        pairs = sorted(zip(languages, range(len(streams)), strict=True))
        return [
            (language, [streams[place] for _, place in group])
            for language, group in groupby(pairs, key=lambda pair: pair[0])
        ]

    @property
    def _is_set_up_for_a_language(self) -> bool:
        return len(self._export.languages) > 1 and not self._export.family.language_options

    def _set_language(self, language: str) -> None:
        if self._is_set_up_for_a_language:
            config = self._recogniser.config
            part = getattr(config.model_config, self._export.family.name)
            part.language = self._export.languages[language]
            self._recogniser.recognizer.set_config(config)

    def _hypothesis(self, result: Any, language: str) -> Hypothesis:
        fields = written(result)
        text = _MARKUP.sub("", text_of(fields)).strip()
        named = fields["lang"].removeprefix("<|").removesuffix("|>")
        chosen = language if language in self._export.languages else AUTO_LANGUAGE
        known = self._codes.get(named) or (None if chosen == AUTO_LANGUAGE else chosen)
        return Hypothesis(text, self._tokens(fields, text), known)

    def _tokens(self, fields: dict[str, Any], text: str) -> tuple[Token, ...]:
        """Return the pieces of a text with their times; empty where they do not form the text."""
        pieces, seconds = fields["tokens"], fields["timestamps"]
        whole = text != "" and "".join(pieces).strip() == text
        if not self._export.family.dated or not whole or len(pieces) != len(seconds):
            return ()
        return tuple(map(Token, pieces, seconds))


def load_offline(
    export: OfflineExport,
    language: str,
    decoding_method: str = GREEDY_SEARCH,
    provider: str = "cpu",
    batch_size: int = 1,
) -> OfflineRecognizer:
    """Load a checked offline model.

    Args:
        export: the result of `exports.open_export` for `decoding_method`.
        language: language code for sessions that do not name one.
        decoding_method: sherpa-onnx's name of the decoding method.
        provider: "cpu" or "cuda".
        batch_size: most utterances in one call.

    Raises:
        EngineError: where the model's graphs do not match its metadata.

    """
    constructor = getattr(sherpa_onnx.OfflineRecognizer, f"from_{export.family.name}")
    with failures_explained(export):
        recogniser = construct(
            constructor, export, decoding_method=decoding_method, provider=provider
        )
        offline = OfflineRecognizer(recogniser, export, language, batch_size)
        if export.family.raises:
            offline.try_out()
    return offline
