"""How much the recogniser computes for an utterance, by how busy the workers are."""

from hwaja.engines.recognition import NORMAL, Effort
from hwaja.workers.overload import DegradationLevel, Overload

GREEDY = Effort(beam_size=1)
QUICK = Effort(beam_size=2)
THOROUGH = Effort(beam_size=8)

PATIENT = Effort(beam_size=8, looks_twice=True)
"""For a file: no conversation waits for its texts. A second look makes a twelfth fewer errors in
echoing rooms, but live texts would come 0.4 s later there (bench/RESULTS.md)."""

URGENT = Effort(beam_size=4, context_seconds=7.0)
"""For a client that waits for the text. Of an utterance of 3 s, it takes three tenths less than a
thorough search, and makes a sixteenth more errors (bench/RESULTS.md)."""

THOROUGH_BELOW_USE = 0.4
"""Use of the workers below which an utterance gets a thorough search: there are idle cores. It
costs a tenth more. A longer context costs more, and gains nothing once the texts are ranked."""


QUICK_FROM_USE = 0.6
"""Use of the workers from which an utterance gets a quick search: jobs often wait for each other.
It makes a tenth more errors than a normal search and costs a tenth less (bench/RESULTS.md)."""

THOROUGH_SECONDS = 6.0
"""Longest utterance that gets a thorough search. The text of a longer one would be late, and the
longest tenth of the utterances gains only a hundredth of the errors (bench/RESULTS.md)."""


def patient_effort_of(seconds: float) -> Effort:
    """Return the effort for an utterance of a file; longer ones gain nothing by a second look."""
    return PATIENT if seconds <= THOROUGH_SECONDS else THOROUGH


def effort_of(overload: Overload, use: float, seconds: float, *, is_urgent: bool = False) -> Effort:
    """Return the effort for an utterance.

    Args:
        overload: that of the session.
        use: recent use of the workers by all sessions, as a share of all workers.
        seconds: duration of the utterance.
        is_urgent: whether the client waits for its text.

    """
    if overload.skips(DegradationLevel.BEAM_SEARCH):
        return GREEDY
    if is_urgent:
        return URGENT
    if use >= QUICK_FROM_USE:
        return QUICK
    is_idle = use < THOROUGH_BELOW_USE and not overload.skips(DegradationLevel.THOROUGH_SEARCH)
    return THOROUGH if is_idle and seconds <= THOROUGH_SECONDS else NORMAL
