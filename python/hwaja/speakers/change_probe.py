"""Listens for the next voice while an utterance goes on.

Where people answer each other without a pause, the gate would hold all their turns back until
somebody pauses. So the end of an utterance is embedded every now and then, and where another voice
is sure to have begun the utterance is over. That goes on under overload: short utterances of one
voice are what is recognised soonest, and once.
"""

import asyncio
from collections.abc import Hashable

from hwaja._pcm import RingBuffer
from hwaja.speakers.change import next_turn
from hwaja.speakers.diarize import Stretch, read_parts
from hwaja.speakers.voices import Voices
from hwaja.workers.pool import Pool
from hwaja.workers.speculation import attempt

Probe = asyncio.Task[int | None]
"""Ends with the sample from which on another voice speaks; with None where none is sure to."""


class SpeakerChangeProbe:
    """Watches the open utterance of one session."""

    def __init__(self, owner: Hashable, pool: Pool, ring: RingBuffer, voices: Voices) -> None:
        """Prepare; the arguments are those of `Analyst`."""
        self._owner = owner
        self._pool = pool
        self._ring = ring
        self._voices = voices
        self._looking: Probe | None = None

    def look(self, start: int, stop: int) -> Probe:
        """Look for another voice in samples `[start, stop)`; the ring must hold them until `close`.

        One look at a time.
        """
        self._looking = attempt("turns", lambda: self._next_turn(start, stop))
        return self._looking

    def close(self) -> None:
        """Give up looking: the utterance is over, and its samples may be forgotten."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _next_turn(self, start: int, stop: int) -> int | None:
        track = await self._pool.embed(
            self._owner, lambda: self._ring.read(start, stop), stop - start, overlaps=False
        )
        try:
            # What the gate holds open has no long pause in it: all of it counts as speech.
            stretch = Stretch(start, stop, stop - start)
            return next_turn(read_parts(track, stretch, self._voices))
        finally:
            track.erase()
