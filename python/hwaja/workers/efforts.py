"""How much the recogniser computes for an utterance, by how busy the workers are."""

from hwaja.engines.recognition import NORMAL, Effort
from hwaja.workers.overload import DegradationLevel, Overload

GREEDY = Effort(beam_size=1)
THOROUGH = Effort(beam_size=8)

THOROUGH_BELOW_USE = 0.4
"""Use of the workers below which an utterance gets a thorough search: there are idle cores. It
costs a tenth more. A longer context costs more, and gains nothing once the texts are ranked."""


def effort_of(overload: Overload, use: float) -> Effort:
    """Return the effort for an utterance.

    Args:
        overload: that of the session.
        use: recent use of the workers by all sessions, as a share of all workers.

    """
    if overload.skips(DegradationLevel.BEAM_SEARCH):
        return GREEDY
    if overload.skips(DegradationLevel.THOROUGH_SEARCH) or use >= THOROUGH_BELOW_USE:
        return NORMAL
    return THOROUGH
