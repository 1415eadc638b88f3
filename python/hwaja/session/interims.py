"""The interim texts of one transcription: what is sent of a segment before it is over.

A recogniser that hears more may change its mind about the end of a text, seldom about its
beginning: what two hypotheses in a row agree on is told as stable (LocalAgreement-2 of Liu,
Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by
Partial Hypothesis Selection", 2020).
"""

from hwaja.protocol.messages import Interim


class Interims:
    """The last interim of each segment that is not over."""

    def __init__(self) -> None:
        self._last: dict[int, Interim] = {}

    def take(self, segment_id: int, text: str) -> Interim | None:
        """Take the next hypothesis of a segment; return what is new to the client, if anything."""
        last = self._last.get(segment_id, Interim(segment_id, "", 0))
        now = Interim(segment_id, text, _agreed_chars(last.text, text))
        self._last[segment_id] = now
        return None if now == last else now

    def end(self, segment_id: int, *, has_text: bool) -> Interim | None:
        """Forget a segment; return what takes its interim text back where no text replaces it."""
        last = self._last.pop(segment_id, None)
        was_shown = last is not None and last.text != ""
        return Interim(segment_id, "", 0) if was_shown and not has_text else None

    def clear(self) -> None:
        """Forget every segment."""
        self._last.clear()


def _agreed_chars(before: str, now: str) -> int:
    """Return how many characters at the beginning are the same, without trailing space."""
    agreed = 0
    for one, other in zip(before, now, strict=False):
        if one != other:
            break
        agreed += 1
    return len(now[:agreed].rstrip())
