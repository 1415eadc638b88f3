"""Which worker hears which utterance while it is spoken.

All utterances of a session go to one worker, as long as that lives. When it dies, they are heard
again from their beginning by another.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import chain

from hwaja.workers import wire
from hwaja.workers.utterance_stream import UtteranceStream


class Route:
    """One worker's utterances; those with something to send take turns.

    Those that are ahead of real time have theirs while no other has something to send.
    """

    def __init__(self, new_id: Callable[[], int]) -> None:
        self._new_id = new_id
        self._sending: OrderedDict[UtteranceStream, None] = OrderedDict()
        self._dropped: list[int] = []
        self._filled = asyncio.Event()
        self.utterances: set[UtteranceStream] = set()

    def add(self, utterance: UtteranceStream) -> None:
        """Have an utterance, or what is new of it, sent to the worker."""
        self.utterances.add(utterance)
        self._sending[utterance] = None
        self._filled.set()

    def drop(self, utterance: UtteranceStream) -> None:
        """Have the worker forget an utterance."""
        self._forget(utterance)
        if utterance.stream_id is not None:
            self._dropped.append(utterance.stream_id)
            self._filled.set()

    def take(self, heard: wire.Heard) -> None:
        """Pass on what the worker has heard; an utterance that was dropped is passed over."""
        for utterance in self.utterances:
            if utterance.stream_id == heard.stream_id:
                utterance.take(heard.hypothesis, is_final=heard.is_final)
                if utterance.final.done():
                    self._forget(utterance)
                return

    async def next_request(self) -> wire.StreamRequest:
        """Return what the worker is to be sent next, waiting for it."""
        while (request := self._due()) is None:
            self._filled.clear()
            await self._filled.wait()
        return request

    def _due(self) -> wire.StreamRequest | None:
        # A function of its own: who waits must not hold the session that was last served.
        while self._dropped or self._sending:
            if self._dropped:
                return wire.Drop(self._dropped.pop())
            utterance = self._first()
            del self._sending[utterance]
            request = self._request(utterance)
            if request is not None:
                self._sending[utterance] = None  # behind the others
                return request
        return None

    def _first(self) -> UtteranceStream:
        live = (utterance for utterance in self._sending if not utterance.is_ahead)
        return next(live, next(iter(self._sending)))

    def _request(self, utterance: UtteranceStream) -> wire.StreamRequest | None:
        try:
            return utterance.next_request(self._new_id)
        except Exception as error:  # the audio is gone, because its session is
            utterance.fail(f"the audio cannot be read ({type(error).__name__})")
            self.drop(utterance)
            return None

    def _forget(self, utterance: UtteranceStream) -> None:
        self.utterances.discard(utterance)
        self._sending.pop(utterance, None)


class StreamRouter:
    """The lines of the running workers."""

    def __init__(self, new_id: Callable[[], int]) -> None:
        """Prepare; `new_id` returns a number that was never used."""
        self._new_id = new_id
        self._lines: dict[int, Route] = {}  # by worker
        self._worker_of: dict[Hashable, int] = {}  # by session
        self._unheard: list[UtteranceStream] = []  # while no worker runs

    @property
    def unsent_samples(self) -> int:
        """How much audio no worker was sent yet."""
        lines = (utterance for line in self._lines.values() for utterance in line.utterances)
        return sum(utterance.stop - utterance.sent for utterance in chain(lines, self._unheard))

    def connect(self, worker: int) -> Route:
        """Return the line of a worker that has started."""
        line = self._lines[worker] = Route(self._new_id)
        unheard, self._unheard = self._unheard, []
        for utterance in unheard:
            self.add(utterance)
        return line

    def disconnect(self, worker: int, tried: int | None) -> None:
        """Give a dead worker's utterances to others.

        Args:
            worker: its number.
            tried: the id of the suspect that it died of, if that is known.

        """
        line = self._lines.pop(worker)
        self._worker_of = {k: v for k, v in self._worker_of.items() if v != worker}
        for utterance in line.utterances:
            if utterance.stream_id is None:
                pass  # it knew nothing of this one
            elif utterance.stream_id == tried:
                utterance.fail("the engine ended on this audio")
                continue
            else:
                utterance.suspect = True
            utterance.begin_again()
            self.add(utterance)

    def add(self, utterance: UtteranceStream) -> None:
        """Have an utterance heard by its session's worker, else by the one with the fewest."""
        if not self._lines:
            self._unheard.append(utterance)
            return
        quietest = min(self._lines, key=lambda k: len(self._lines[k].utterances))
        worker = self._worker_of.setdefault(utterance.owner, quietest)
        self._lines[worker].add(utterance)

    def changed(self, utterance: UtteranceStream) -> None:
        """Send what is new of an utterance."""
        worker = self.worker_of(utterance)
        if worker is not None:
            self._lines[worker].add(utterance)

    def drop(self, utterance: UtteranceStream) -> None:
        """Forget an utterance that nobody waits for."""
        worker = self.worker_of(utterance)
        if worker is not None:
            self._lines[worker].drop(utterance)
        elif utterance in self._unheard:
            self._unheard.remove(utterance)

    def worker_of(self, utterance: UtteranceStream) -> int | None:
        """Return the worker that hears an utterance; None where it is over, or none runs."""
        has_it = (k for k, line in self._lines.items() if utterance in line.utterances)
        return next(has_it, None)

    def leave(self, owner: Hashable) -> None:
        """Forget a session, which has no utterances any more."""
        self._worker_of.pop(owner, None)

    def fail_unheard(self, sentence: str) -> None:
        """Fail every utterance that no worker will hear."""
        for utterance in self._unheard:
            utterance.fail(sentence)
        self._unheard.clear()
