"""What a client brings along to another session: voices by their tickets, names, and a link."""

from hwaja.client.errors import Message
from hwaja.client.resumption import Resumption
from hwaja.client.websocket import Connection


class Belongings:
    """The tickets of the voices of a session, the names of its speakers, and its link."""

    def __init__(self) -> None:
        self._tickets: dict[int, str | None] = {}
        self._offered: dict[int, str] = {}  # in a message that is not answered yet
        self._names: dict[int, str] = {}
        self.sharing: Message | None = None
        """The last `share_session`. None: the session has no link."""

    @property
    def are_complete(self) -> bool:
        """Whether every enrolled voice has a ticket."""
        return None not in self._tickets.values()

    def offer(self, message: Message) -> None:
        """Note a message to the server."""
        if message["type"] == "restore_speaker":
            self._offered[message["speaker_id"]] = message["ticket"]

    def take(self, message: Message) -> None:
        """Note a message of the server."""
        if message["type"] == "speaker_registration_completed":
            speaker_id = message["speaker_id"]
            offered = self._offered.pop(speaker_id, None)
            self._tickets[speaker_id] = message.get("ticket", offered)
        elif message["type"] == "speaker_named":
            self._names[message["speaker_id"]] = message["name"]

    async def restore(self, connection: Connection, resumption: Resumption) -> None:
        """Bring everything to a new session.

        First the link: who reads along sees no more of the session that is left.

        Raises:
            RefusedError: if the server refuses a ticket.
            ClientError: if the connection ends.

        """
        if self.sharing is not None:
            await connection.send(self.sharing)
            resumption.is_news(await connection.expect("session_shared"))
        for speaker_id, ticket in self._tickets.items():
            if ticket is not None:
                resumption.is_news(await connection.restore(speaker_id, ticket))
        for speaker_id, name in self._names.items():
            if speaker_id in self._tickets and name:
                resumption.is_news(await connection.name(speaker_id, name))
