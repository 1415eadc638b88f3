"""A Korean language model, Kiwi, and the choice among the texts that a recogniser found.

Kiwi analyses a text into morphemes and gives the log-probability of the best analysis. It knows
Korean only.
"""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

from hwaja.engines.interface import EngineError
from hwaja.engines.model_checks.export_checks import AUTO_LANGUAGE
from hwaja.engines.recognition import Abilities, Candidate

LANGUAGE = "ko"

WEIGHT = 0.15
"""Weight of the language model's log-probability beside the recogniser's (bench/RESULTS.md)."""

UNSURE_WEIGHT = 0.05
UNSURE_BELOW = -0.5
"""The weight below this mean log-probability of a token. There the recogniser is unsure of every
candidate, and the language model would take what makes sense but was not said."""

FOREIGN_PENALTY = 2.0
"""Log-probability that each number in digits and each word in lower-case Latin letters costs.
Whisper writes them for words that it does not know ("3개탕" for 삼계탕), and Kiwi finds nothing
wrong with them (bench/RESULTS.md)."""

MEMORY_BYTES = 460_000_000
"""Most memory that a process with Kiwi takes (docs/deployment.md)."""


def ranks(abilities: Abilities, language: str) -> bool:
    """Return whether a server ranks texts by Kiwi from its start on.

    Args:
        abilities: those of its recogniser.
        language: code of the language that it was started with.

    """
    is_korean = language in (LANGUAGE, AUTO_LANGUAGE)
    return abilities.has_efforts and is_korean and find_spec("kiwipiepy") is not None


_FOREIGN = re.compile(r"\d+|(?<![A-Za-z])[a-z]+")


class LanguageModel(Protocol):
    """Tells how likely a text is."""

    def log_probability(self, text: str) -> float:
        """Return the natural logarithm of the probability of a text."""


class Kiwi:
    """The language model of the library kiwipiepy. One thread at a time."""

    def __init__(self) -> None:
        """Load the model, which takes 1 to 2 s and some 450 MB.

        Raises:
            EngineError: kiwipiepy is not installed, or cannot load its model.

        """
        try:
            import kiwipiepy
        except ImportError:
            raise EngineError("kiwipiepy is not installed; install hwaja[ko].") from None
        try:
            # Without the dictionary of multi-word names it needs 40 MB less, and scores as well.
            self._kiwi = kiwipiepy.Kiwi(num_workers=1, load_multi_dict=False)
            self.log_probability("안녕하세요.")  # the first analysis takes 50 times as long
        except (OSError, RuntimeError) as error:
            raise EngineError(f"Kiwi cannot load its model ({type(error).__name__}).") from None

    def log_probability(self, text: str) -> float:
        """See `LanguageModel.log_probability`."""
        return float(self._kiwi.analyze(text, top_n=1)[0][1])


def likeliest(candidates: Sequence[Candidate], model: LanguageModel) -> int:
    """Return the index of the candidate that is likeliest by recogniser and language model.

    The first candidate is the likeliest one by the recogniser.
    """
    is_unsure = candidates[0].mean_log_probability < UNSURE_BELOW
    weight = UNSURE_WEIGHT if is_unsure else WEIGHT
    scores = [
        each.log_probability
        + weight * model.log_probability(each.text)
        - FOREIGN_PENALTY * len(_FOREIGN.findall(each.text))
        for each in candidates
    ]
    return scores.index(max(scores))
