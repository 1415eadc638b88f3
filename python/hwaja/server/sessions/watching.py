"""Lets others watch a session on a second screen, by a link that its client asked for.

The client asks with `share_session`. Whoever has the token of the link opens a WebSocket to
`/watch`, and only reads.
"""

import asyncio
from weakref import WeakKeyDictionary

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request

from hwaja.protocol.codes import CloseCode, Rejection
from hwaja.server.http.header_lists import members
from hwaja.server.http.pages import Pages
from hwaja.server.sessions.links import Link, Links
from hwaja.server.sessions.outbox import Outbox

WATCH_PATH = "/watch"

_LINK = "hwaja.watch."
"""The subprotocol that carries the token of a link begins with it."""


class Watching:
    """The connections of those who watch."""

    def __init__(self, links: Links, pages: Pages, ping_seconds: float) -> None:
        """Begin without watchers.

        Args:
            links: those of all sessions.
            pages: decides which web pages may watch.
            ping_seconds: interval of pings to a watcher, and timeout for the answer.

        """
        self._links = links
        self._pages = pages
        self._ping_seconds = ping_seconds
        self._watched: WeakKeyDictionary[ServerConnection, Link] = WeakKeyDictionary()

    def __contains__(self, websocket: ServerConnection) -> bool:
        return websocket in self._watched

    def admit(self, websocket: ServerConnection, request: Request) -> Rejection | None:
        """Return why a handshake for `WATCH_PATH` is refused; None: it may continue."""
        origins, host = request.headers.get_all("Origin"), request.headers.get("Host")
        refusal = self._pages.refusal(origins, host)
        if refusal is not None:
            return refusal
        offered = members(request.headers, "Sec-WebSocket-Protocol")
        tokens = [each.removeprefix(_LINK) for each in offered if each.startswith(_LINK)]
        link = self._links.find(tokens[0]) if tokens else None
        if link is None:
            return Rejection.UNAUTHORIZED
        self._watched[websocket] = link
        return None

    async def serve(self, websocket: ServerConnection) -> None:
        """Send a watcher what the session's client is sent, until the watcher or the link ends."""
        link = self._watched.pop(websocket)
        messages = link.join()
        if messages is None:
            await websocket.close(CloseCode.TRY_AGAIN_LATER)
            return
        works = self._write(websocket, messages), _refuse(websocket), self._ping(websocket)
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            link.leave(messages)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _write(websocket: ServerConnection, messages: Outbox[str | CloseCode]) -> None:
        while True:
            item = await messages.get()
            messages.confirm(messages.last_sent)  # a watcher gets nothing again
            if isinstance(item, CloseCode):
                await websocket.close(item)
                return
            await websocket.send(item)

    async def _ping(self, websocket: ServerConnection) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            try:
                async with asyncio.timeout(self._ping_seconds):
                    await (await websocket.ping())
            except TimeoutError:
                websocket.transport.abort()
                return


def is_to_watch(request: Request) -> bool:
    """Return whether a handshake is that of a watcher."""
    return request.path.partition("?")[0] == WATCH_PATH


async def _refuse(websocket: ServerConnection) -> None:
    """Wait until a watcher leaves; whoever sends something is cut off."""
    try:
        await websocket.recv()
    except ConnectionClosed:
        return
    await websocket.close(CloseCode.POLICY_VIOLATION)
