"""Assigns utterance streams to workers.

All utterances of a session go to one worker while it lives. When it dies, another worker gets them
again from their first sample.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import chain

from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import UtteranceStream


class Route:
    """The utterances of one worker. Utterances with a request to send take turns.

    An utterance of a session that is ahead of real time gets a turn only while no other utterance
    has a request to send.
    """

    def __init__(self, new_id: Callable[[], int]) -> None:
        self._new_id = new_id
        self._sending: OrderedDict[UtteranceStream, None] = OrderedDict()
        self._dropped: list[int] = []
        self._filled = asyncio.Event()
        self.utterances: set[UtteranceStream] = set()

    def add(self, utterance: UtteranceStream) -> None:
        """Queue an utterance to be sent to the worker, because it is new or has changed."""
        self.utterances.add(utterance)
        self._sending[utterance] = None
        self._filled.set()

    def drop(self, utterance: UtteranceStream) -> None:
        """Remove an utterance. If the worker knows it, queue a request to drop it."""
        self._forget(utterance)
        if utterance.stream_id is not None:
            self._dropped.append(utterance.stream_id)
            self._filled.set()

    def take(self, result: wire.StreamResult) -> None:
        """Pass a worker's result to its utterance. The result of a dropped utterance is ignored."""
        for utterance in self.utterances:
            if utterance.stream_id == result.stream_id:
                utterance.take(result.hypothesis, is_final=result.is_final)
                if utterance.final.done():
                    self._forget(utterance)
                return

    async def next_request(self) -> wire.StreamRequest:
        """Return the next request for the worker. Waits until there is one."""
        while (request := self._due()) is None:
            self._filled.clear()
            await self._filled.wait()
        return request

    def _due(self) -> wire.StreamRequest | None:
        # A separate function: while `next_request` waits, it must hold no reference to a session.
        while self._dropped or self._sending:
            if self._dropped:
                return wire.Drop(self._dropped.pop())
            utterance = self._first()
            del self._sending[utterance]
            request = self._request(utterance)
            if request is not None:
                self._sending[utterance] = None  # after the others
                return request
        return None

    def _first(self) -> UtteranceStream:
        live = (utterance for utterance in self._sending if not utterance.is_ahead)
        return next(live, next(iter(self._sending)))

    def _request(self, utterance: UtteranceStream) -> wire.StreamRequest | None:
        try:
            return utterance.next_request(self._new_id)
        except Exception as error:  # the session has ended and released its audio
            utterance.fail(f"the audio cannot be read ({type(error).__name__})")
            self.drop(utterance)
            return None

    def _forget(self, utterance: UtteranceStream) -> None:
        self.utterances.discard(utterance)
        self._sending.pop(utterance, None)


class StreamRouter:
    """The routes of the running workers."""

    def __init__(self, new_id: Callable[[], int]) -> None:
        """Create a router without workers. `new_id` returns a new unique number on each call."""
        self._new_id = new_id
        self._lines: dict[int, Route] = {}  # by worker
        self._worker_of: dict[Hashable, int] = {}  # by session
        self._unstarted: list[UtteranceStream] = []  # while no worker runs

    @property
    def unsent_samples(self) -> int:
        """Number of samples that were not yet sent to a worker."""
        lines = (utterance for line in self._lines.values() for utterance in line.utterances)
        return sum(utterance.stop - utterance.sent for utterance in chain(lines, self._unstarted))

    def connect(self, worker: int) -> Route:
        """Create and return the route of a started worker. It gets the unassigned utterances."""
        line = self._lines[worker] = Route(self._new_id)
        unheard, self._unstarted = self._unstarted, []
        for utterance in unheard:
            self.add(utterance)
        return line

    def disconnect(self, worker: int, tried: int | None) -> None:
        """Remove a dead worker, and give its utterances to other workers.

        The utterance that the worker died of fails instead. The others that it knew are suspects.

        Args:
            worker: number of the worker.
            tried: id of the suspect that the worker died of. None: not known.

        """
        line = self._lines.pop(worker)
        self._worker_of = {k: v for k, v in self._worker_of.items() if v != worker}
        for utterance in line.utterances:
            if utterance.stream_id is None:
                pass  # the worker did not know this utterance
            elif utterance.stream_id == tried:
                utterance.fail("the engine ended on this audio")
                continue
            else:
                utterance.suspect = True
            utterance.begin_again()
            self.add(utterance)

    def add(self, utterance: UtteranceStream) -> None:
        """Assign an utterance to its session's worker, else to that with the fewest utterances."""
        if not self._lines:
            self._unstarted.append(utterance)
            return
        quietest = min(self._lines, key=lambda k: len(self._lines[k].utterances))
        worker = self._worker_of.setdefault(utterance.owner, quietest)
        self._lines[worker].add(utterance)

    def changed(self, utterance: UtteranceStream) -> None:
        """Queue the new part of an utterance to be sent to its worker."""
        worker = self.worker_of(utterance)
        if worker is not None:
            self._lines[worker].add(utterance)

    def drop(self, utterance: UtteranceStream) -> None:
        """Cancel an utterance. It may be finished already."""
        worker = self.worker_of(utterance)
        if worker is not None:
            self._lines[worker].drop(utterance)
        elif utterance in self._unstarted:
            self._unstarted.remove(utterance)

    def worker_of(self, utterance: UtteranceStream) -> int | None:
        """Return the worker's number. None: the utterance is finished, or no worker runs."""
        has_it = (k for k, line in self._lines.items() if utterance in line.utterances)
        return next(has_it, None)

    def leave(self, owner: Hashable) -> None:
        """Forget a session that has no utterances left."""
        self._worker_of.pop(owner, None)

    def fail_unstarted(self, sentence: str) -> None:
        """Fail every utterance that has no worker, with EngineError."""
        for utterance in self._unstarted:
            utterance.fail(sentence)
        self._unstarted.clear()
