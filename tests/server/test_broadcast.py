"""What the watchers of a session are sent: the queue of each is bounded."""

import json

from hwaja.protocol.codes import CloseCode
from hwaja.protocol.server_messages import Interim, SpeakerNamed, SpeakerUpdate, TranscriptionPaused
from hwaja.server.sessions.broadcast import Broadcast
from hwaja.server.sessions.links import Link, Links
from hwaja.server.sessions.outbox import MOST_ITEMS


def shown_by_link() -> tuple[Broadcast, Link]:
    """Return a session that is shared, and its link."""
    links = Links()
    broadcast = Broadcast(links, 2)
    link = links.find(str(broadcast.share().token))
    assert link is not None
    return broadcast, link


async def test_interim_texts_replace_unsent_ones_and_other_messages_are_not_shown() -> None:
    broadcast, link = shown_by_link()
    watcher = link.join()
    assert watcher is not None
    broadcast.tell(TranscriptionPaused(0))
    broadcast.tell(Interim(0, "안녕", 0))
    broadcast.tell(Interim(0, "안녕하세요", 0))
    assert json.loads(str(await watcher.get()))["text"] == "안녕하세요"
    broadcast.share(ends=True)
    assert await watcher.get() == CloseCode.NORMAL


async def test_a_watcher_who_does_not_read_is_left_out_and_holds_no_text() -> None:
    broadcast, link = shown_by_link()
    watcher = link.join()
    assert watcher is not None
    for segment_id in range(MOST_ITEMS + 1):
        broadcast.tell(SpeakerUpdate(segment_id, 1))
    assert await watcher.get() == CloseCode.TRY_AGAIN_LATER


async def test_after_the_session_no_text_and_no_name_waits_for_a_watcher_who_reads_slowly() -> None:
    broadcast, link = shown_by_link()
    broadcast.tell(SpeakerNamed(0, "김지영"))
    watcher = link.join()
    assert watcher is not None
    broadcast.tell(Interim(0, "안녕", 0))
    broadcast.forget()
    assert await watcher.get() == CloseCode.GOING_AWAY
    assert list(broadcast.names) == []
    assert link.join() is None


async def test_who_comes_later_learns_the_names_of_now() -> None:
    broadcast, link = shown_by_link()
    broadcast.tell(SpeakerNamed(0, "김지영"))
    broadcast.tell(SpeakerNamed(0, "이영희"))
    watcher = link.join()
    assert watcher is not None
    assert json.loads(str(await watcher.get()))["name"] == "이영희"
