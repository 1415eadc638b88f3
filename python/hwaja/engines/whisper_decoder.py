"""The decoder of a Whisper export: greedy decoding from the encoder's output to tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwaja.engines.exports import HEARD, SAID
from hwaja.engines.runtime import open_session, run_bound

Heard = Sequence[Any]
"""Keys and values of every cross-attention, as onnxruntime values on their device."""

Floats = NDArray[np.float32]

_SCORES = "cross_attention_weights"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tokens of an utterance."""

    tokens: list[int]
    log_probability: float
    """Mean natural log-probability of the tokens, with the token that ends the text."""
    no_speech_probability: float
    """The model's probability, before the first token, that nobody speaks."""
    scores: Floats | None
    """Attention of the alignment heads for each token, before the softmax.

    Shape (heads, tokens, positions), float32. None where the export does not return it, or where
    there are no tokens.
    """


class Decoder:
    """Decodes utterances. One thread at a time."""

    def __init__(self, model: Path, provider: str) -> None:
        """Load the decoder to run on `provider`; for errors see `runtime.open_session`."""
        self._session = open_session(model, provider)
        self._tells_scores = any(
            value.name == _SCORES and len(value.shape) == 4 for value in self._session.get_outputs()
        )
        scores = {_SCORES: "cpu"} if self._tells_scores else {}
        self._outputs = {"logits": "cpu"} | {f"out_{name}": provider for name in SAID} | scores
        (layers, _, positions, width) = next(
            value.shape for value in self._session.get_inputs() if value.name == f"in_{SAID[0]}"
        )
        # An export with a cache of fixed length needs the full length from the start.
        length = positions if isinstance(positions, int) else 0
        self._nothing = np.zeros((layers, 1, length, width), np.float32)

    def first_logits(self, heard: Heard, token: int) -> Floats:
        """Return the logits of the token after a first token, shape (vocabulary,)."""
        logits, *_ = self._step(heard, [token], (self._nothing, self._nothing), 0)
        return np.asarray(logits.numpy()[0, -1])

    def decode(
        self, heard: Heard, prompt: Sequence[int], end: int, no_speech: int, limit: int
    ) -> Decoded:
        """Return the tokens of the text.

        Args:
            heard: the encoder's output for the utterance.
            prompt: tokens before the first one of the text.
            end: the token that ends the text; the result does not include it.
            no_speech: the token that the model predicts after the first token of `prompt` where
                nobody speaks.
            limit: maximum number of tokens, at least 1.

        """
        tokens: list[int] = []
        chosen: list[float] = []  # log-probabilities of the chosen tokens
        no_speech_probability = 0.0
        looks: list[Floats] = []
        said: Sequence[Any] = (self._nothing, self._nothing)
        given = list(prompt)
        offset = 0
        while len(tokens) < limit:
            logits, *said = self._step(heard, given, said, offset)
            offset += len(given)
            if self._tells_scores:
                looks.append(said.pop().numpy()[0, :, -1:])
            rows = logits.numpy()[0]
            if not chosen:
                no_speech_probability = float(np.exp(_log_probability(rows[0], no_speech)))
            token = int(rows[-1].argmax())
            chosen.append(_log_probability(rows[-1], token))
            if token == end:
                break
            tokens.append(token)
            given = [token]
        scores = np.concatenate(looks[: len(tokens)], axis=1) if looks and tokens else None
        return Decoded(tokens, float(np.mean(chosen)), no_speech_probability, scores)

    def _step(self, heard: Heard, tokens: list[int], said: Sequence[Any], offset: int) -> list[Any]:
        """Decode more tokens; return the logits, the caches and, if exported, the attention."""
        inputs = {
            "tokens": np.array([tokens], np.int64),
            "offset": np.array([offset], np.int64),
            **{f"in_{name}": value for name, value in zip(SAID, said, strict=True)},
            **dict(zip(HEARD, heard, strict=True)),
        }
        return run_bound(self._session, inputs, self._outputs)


def _log_probability(logits: Floats, token: int) -> float:
    """Return the natural log-probability of a token from logits of shape (vocabulary,)."""
    peak = logits.max()
    return float(logits[token] - peak - np.log(np.exp(logits - peak).sum()))
