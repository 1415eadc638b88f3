"""Voice tickets: a voice, sealed for the client to keep. The server stores nothing.

A ticket enrols its voice in a later session, on every server that has its key. It says which model
embedded the voice, until when it is good, and for whose access token.
"""

import hmac
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import msgspec
import numpy as np
from msgspec.structs import replace

from hwaja.privacy.sealing import KeyRing, SealingKey, TamperedError, UnknownKeyError
from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Quality
from hwaja.speakers.enrolment import Ticket
from hwaja.speakers.voices import PooledVoice

ENROLLED = "voice"

DISCOVERED = "discovered voice"
"""A server that knows nothing of these refuses them in good order."""

DAY_SECONDS = 86_400

Subjects = Collection[bytes]
"""The digests of a client's access tokens. Empty: the server asks for none."""


class TicketError(Exception):
    """A ticket is no good. The exception carries the reason only."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Content(msgspec.Struct, frozen=True, array_like=True):
    """What a ticket holds. A change of the fields needs another version of the sealed text."""

    model: str
    voice: bytes
    """As `PooledVoice.voice`, float32, little endian."""
    quality: Quality | float
    """The measurements of its takes, without those that depend on a session. Of a voice that was
    discovered, the seconds of speech."""
    expires_at: int
    """In seconds since the Unix epoch."""
    subject: bytes | None
    """Keyed digest of the access token that the ticket is bound to. None: to none."""


def _one_ring() -> Callable[[], KeyRing]:
    ring = KeyRing.random()
    return lambda: ring


@dataclass(frozen=True, slots=True)
class VoiceTickets:
    """Seals voices, and opens what was sealed."""

    keys: Callable[[], KeyRing] = field(default_factory=_one_ring)
    """Returns the current keys. By default a key that nobody else has."""
    model: str = ""
    """Names the model that embeds voices. The voices of another one cannot be compared."""
    valid_seconds: float = 30 * DAY_SECONDS
    clock: Callable[[], float] = time.time
    """Returns the seconds since the Unix epoch."""

    def seal(self, pooled: PooledVoice, quality: Quality | None, subjects: Subjects) -> Ticket:
        """Return the ticket of a voice, bound to an access token of the client if there is one.

        Args:
            pooled: the voice.
            quality: the measurements of its takes; None: it was discovered.
            subjects: those of the client.

        """
        key = self.keys().first
        expires_at = int(self.clock() + self.valid_seconds)
        content = _Content(
            self.model,
            pooled.voice.astype("<f4", copy=False).tobytes(),
            pooled.speech_seconds if quality is None else _of_takes(quality),
            expires_at,
            key.digest(min(subjects)) if subjects else None,
        )
        plain = msgspec.msgpack.encode(content, enc_hook=float)
        purpose = DISCOVERED if quality is None else ENROLLED
        return Ticket(key.seal(purpose, plain), expires_at)

    def open(self, text: str, subjects: Subjects) -> tuple[PooledVoice, Quality | None]:
        """Return the voice of a ticket and the measurements of its takes; see `seal`.

        Raises:
            TicketError: if the ticket is no good here, now or for this client.

        """
        try:
            key, plain = self._opened(text)
        except UnknownKeyError:
            raise TicketError(Reason.TICKET_FOREIGN) from None
        except TamperedError:
            raise TicketError(Reason.TICKET_TAMPERED) from None
        content = msgspec.msgpack.decode(plain, type=_Content)
        reason = self._refusal(content, key, subjects)
        if reason is not None:
            raise TicketError(reason)
        voice = np.frombuffer(content.voice, "<f4").astype(np.float32)  # a copy, to be overwritten
        quality = content.quality
        if isinstance(quality, Quality):
            return PooledVoice(voice, quality.speech_seconds, quality.takes), quality
        return PooledVoice(voice, quality, takes=0), None

    def _opened(self, text: str) -> tuple[SealingKey, bytes]:
        ring = self.keys()
        try:
            return ring.open(ENROLLED, text)
        except TamperedError:
            return ring.open(DISCOVERED, text)

    def _refusal(self, content: _Content, key: SealingKey, subjects: Subjects) -> Reason | None:
        if self.clock() >= content.expires_at:
            return Reason.TICKET_EXPIRED
        if content.model != self.model:
            return Reason.TICKET_OTHER_MODEL
        subject = content.subject
        if subject is not None and not any(
            hmac.compare_digest(subject, key.digest(each)) for each in subjects
        ):
            return Reason.TICKET_OTHER_SUBJECT
        return None


def _of_takes(quality: Quality) -> Quality:
    return replace(quality, other_similarity=None, takes_similarity=None, warnings=())
