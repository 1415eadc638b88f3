"""Looks for hotwords in the texts that a recogniser found for an utterance.

A text with hotwords gets their boost. Where a text has other words that sound like a hotword, the
text with the hotword becomes another candidate, and the recogniser gives its probability. So a
hotword that nobody said stays out: the audio makes it improbable. Nothing is added to a text but in
place of words that were recognised.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from hwaja.engines.recognition import Candidate
from hwaja.engines.texts.sound_alike import contains, replacements, sounds
from hwaja.protocol.values import Hotword

DEFAULT_BOOST = 1.5
"""Boost of each token, as in sherpa-onnx; bench/RESULTS.md, "Hotwords", has figures for others."""

MAX_ROUNDS = 3
"""Each round replaces one more place of a text."""

MAX_PARENTS = 3
"""Texts in which a round replaces places: the likeliest ones."""

MAX_REPLACED = 6
"""Texts that a round scores: those with the most similar places."""


@dataclass(frozen=True, slots=True)
class Found:
    """A text that a recogniser found or scored."""

    tokens: Sequence[int]
    candidate: Candidate
    boost: float = 0.0
    """Sum of the boosts of its hotwords."""

    @property
    def boosted(self) -> Candidate:
        """The candidate with the boost in its log-probability."""
        return replace(self.candidate, log_probability=self._total)

    @property
    def _total(self) -> float:
        return self.candidate.log_probability + self.boost


class HotwordSearch:
    """The search for the hotwords of one utterance."""

    def __init__(
        self,
        hotwords: Iterable[Hotword],
        encode: Callable[[str], list[int]],
        log_probability: Callable[[Sequence[int]], float],
    ) -> None:
        """Create a search.

        Args:
            hotwords: what to look for.
            encode: returns the tokens of a text.
            log_probability: returns the log-probability of tokens by the recogniser.

        """
        self._encode = encode
        self._log_probability = log_probability
        self._boosts = {
            text: (DEFAULT_BOOST if each.boost is None else each.boost) * len(encode(f" {text}"))
            for each in hotwords
            if sounds(text := unicodedata.normalize("NFC", each.text))
        }

    def search(self, decoded: Sequence[Found]) -> list[Found]:
        """Return `decoded` and texts with hotwords in place of other words, the likeliest first.

        A text without a hotword does not come before the first of `decoded`.

        Args:
            decoded: what the recogniser found by itself, at least one text.

        """
        if not self._boosts:
            return list(decoded)
        own, *others = map(self._boosted, decoded)
        found = _sorted(own, others)
        known = {each.candidate.text for each in found}
        surplus: float | None = None
        for _ in range(MAX_ROUNDS):
            texts = self._replaced(found[:MAX_PARENTS], known)
            if not texts:
                break
            if surplus is None:  # decoding also counts the end of text, and suppresses some tokens
                surplus = own.candidate.log_probability - self._log_probability(own.tokens)
            known.update(texts)
            others += [self._scored(text, surplus) for text in texts]
            likeliest, found = found[0], _sorted(own, others)
            if found[0] is likeliest:
                break
        return found

    def _replaced(self, parents: Sequence[Found], known: set[str]) -> list[str]:
        """Return new texts with a hotword in place of what sounds like it, most similar first."""
        best: dict[str, float] = {}
        for parent in parents:
            for distance, text in replacements(parent.candidate.text, list(self._boosts)):
                if text not in known:
                    best[text] = min(distance, best.get(text, distance))
        return sorted(best, key=lambda text: best[text])[:MAX_REPLACED]

    def _scored(self, text: str, surplus: float) -> Found:
        tokens = self._encode(f" {text}")
        log_probability = self._log_probability(tokens) + surplus
        return self._boosted(Found(tokens, Candidate(text, log_probability, len(tokens))))

    def _boosted(self, found: Found) -> Found:
        text = found.candidate.text
        boosts = (boost for hotword, boost in self._boosts.items() if contains(text, hotword))
        return replace(found, boost=sum(boosts))


def _sorted(own: Found, others: Iterable[Found]) -> list[Found]:
    """Return the likeliest first; behind them the texts without a hotword, but for `own`."""

    def rank(found: Found) -> tuple[bool, float]:
        return found is own or found.boost > 0, found.boosted.log_probability

    return sorted([own, *others], key=rank, reverse=True)
