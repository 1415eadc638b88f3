"""A client that resumes its session after a lost connection."""

from contextlib import AbstractAsyncContextManager

import clips
from loopback import Endpoint, Message, Peer


class ResumingClient:
    """A client that reconnects after a lost connection, as docs/protocol.md describes."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._token = ""
        self.last_number = 0
        self.heard: list[Message] = []
        self.state = ""
        self.received_samples = 0

    async def connect(self, peer: Peer) -> Message:
        welcome = await peer.receive()
        self._token = welcome["session_token"]
        self.state = welcome.get("state", "ready")
        self.received_samples = welcome.get("received_samples", 0)
        return welcome

    def connection(self) -> AbstractAsyncContextManager[Peer]:
        return self._endpoint.connect(f"/?resume={self._token}")

    def take(self, message: Message) -> None:
        """Keep a message unless it was received before."""
        if message.get("number", 0) > self.last_number:
            assert message["number"] == self.last_number + 1  # none is missing
            self.last_number = message["number"]
            self.heard.append(message)

    async def receive_until(self, peer: Peer, kind: str) -> None:
        while not (self.heard and self.heard[-1]["type"] == kind):
            self.take(await peer.receive())


async def begun(client: ResumingClient, peer: Peer) -> None:
    """Enrol two voices and start a transcription."""
    await client.connect(peer)
    for speaker_id, voice in enumerate(clips.voices()):
        await peer.say("start_speaker_registration", speaker_id=speaker_id)
        await peer.play(voice)
        await peer.say("complete_speaker_registration", speaker_id=speaker_id)
    await peer.say("start_transcription", details=True)
    await client.receive_until(peer, "transcription_started")
