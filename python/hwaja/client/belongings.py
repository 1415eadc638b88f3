"""What a client brings along to another session: voices by their tickets, names, and a link."""

from hwaja.client.errors import Message, RefusedError
from hwaja.client.resumption import Resumption
from hwaja.client.websocket import Connection
from hwaja.protocol.codes import ErrorCode


class Belongings:
    """The tickets of the voices of a session, the names of its speakers, and its link."""

    def __init__(self) -> None:
        self._tickets: dict[int, str | None] = {}
        self._found: dict[int, str] = {}  # tickets of voices that the server discovered
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
            self._found.pop(speaker_id, None)
        elif message["type"] == "voice_sealed":
            speaker_id = message["speaker_id"]
            self._tickets.pop(speaker_id, None)
            self._found.pop(speaker_id, None)
            if "ticket" in message:
                self._found[speaker_id] = message["ticket"]
        elif message["type"] == "speaker_named":
            self._names[message["speaker_id"]] = message["name"]

    async def restore(self, connection: Connection, resumption: Resumption) -> None:
        """Bring everything to a new session.

        First the link: who reads along sees no more of the session that is left. A discovered voice
        that the server refuses is left behind: it is discovered anew.

        Raises:
            RefusedError: if the server refuses the ticket of an enrolled voice.
            ClientError: if the connection ends.

        """
        if self.sharing is not None:
            await connection.send(self.sharing)
            resumption.is_news(await connection.expect("session_shared"))
        for speaker_id, ticket in self._tickets.items():
            if ticket is not None:
                resumption.is_news(await connection.restore(speaker_id, ticket))
        found = {}
        for speaker_id, ticket in self._found.items():
            try:
                resumption.is_news(await connection.restore(speaker_id, ticket))
            except RefusedError as error:
                if error.code != ErrorCode.SPEAKER_REGISTRATION_FAILED:
                    raise
                resumption.is_news(error.answer)
            else:
                found[speaker_id] = ticket
        known = self._tickets.keys() | found.keys()
        names = {k: name for k, name in self._names.items() if k in known and name}
        for speaker_id, name in names.items():
            resumption.is_news(await connection.name(speaker_id, name))
        self._found, self._names = found, names  # the ids of the others will be other people's
