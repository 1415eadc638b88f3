"""Any text of a client: it is parsed, or refused with a documented error."""

import math
import re
from contextlib import suppress

import msgspec

from hwaja.engines.recognition import Abilities
from hwaja.protocol.client_messages import (
    CompleteRegistration,
    InvalidMessageError,
    NameSpeaker,
    RestoreSpeaker,
    ShareSession,
    StartRegistration,
    StartTranscription,
    UpdateTranscription,
)
from hwaja.protocol.parse import parse
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import Error
from hwaja.protocol.values import (
    MAX_HOTWORD_BOOST,
    MAX_HOTWORD_CHARS,
    MAX_HOTWORDS,
    MAX_NAME_CHARS,
    MAX_REQUEST_ID_CHARS,
    MAX_TICKET_CHARS,
    MOST_SPEAKERS,
    SPEAKERS,
    Options,
)
from hwaja.speakers.voice_tickets import TicketError, VoiceTickets

_TICKETS = VoiceTickets()
_ABLE = Abilities(languages=frozenset({"ko"}), hotword_characters=frozenset("가나다"))


def run(content: bytes) -> None:
    """Read UTF-8, since a WebSocket brings no other; JSON's escapes can say what it cannot."""
    text = content[1:].decode("utf-8", "replace")
    most = SPEAKERS + (content[0] if content else 0) % (MOST_SPEAKERS - SPEAKERS + 1)
    try:
        message = parse(text, most)
    except InvalidMessageError as error:
        _check_refusal(error, most)
        return
    assert message.request_id is None or len(str(message.request_id)) <= MAX_REQUEST_ID_CHARS
    match message:
        case StartRegistration() | CompleteRegistration():
            assert 0 <= message.speaker_id < most
        case RestoreSpeaker(speaker_id, ticket):
            assert 0 <= speaker_id < most
            assert len(ticket) <= MAX_TICKET_CHARS
            with suppress(TicketError):
                _TICKETS.open(ticket, ())
                raise AssertionError("nobody can guess a ticket")
        case StartTranscription():
            _check(message.options)
            assert 8000 <= message.audio.rate <= 48000
            assert message.audio.channels in (1, 2)
        case NameSpeaker():
            assert 0 <= message.speaker_id < MOST_SPEAKERS
            assert len(message.name) <= MAX_NAME_CHARS
            assert message.name.isprintable()
        case ShareSession(key):
            assert key is None or re.fullmatch("[A-Za-z0-9_-]{32}", key)
        case UpdateTranscription():
            _check(message.applied_to(StartTranscription()).options)


def _check_refusal(error: InvalidMessageError, max_speakers: int) -> None:
    assert str(error) == f"{error.code}: {error.reason}"
    told = Error(error.code, error.reason, error.speaker_id)
    for details in (True, False):
        answer = serialize(
            told, details=details, max_speakers=max_speakers, request_id=error.request_id
        )
        assert len(answer.encode()) < 1000


def _check(options: Options) -> None:
    """Options cross to another process and to sherpa-onnx."""
    assert (
        msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(options)), Options) == options
    )
    assert len(options.hotwords) <= MAX_HOTWORDS
    for hotword in options.hotwords:
        assert 0 < len(hotword.text) <= MAX_HOTWORD_CHARS
        assert hotword.text.replace(" ", "").isprintable()
        assert hotword.boost is None or 0 < hotword.boost <= MAX_HOTWORD_BOOST
        assert hotword.boost is None or math.isfinite(hotword.boost)
    _ABLE.refusal(options)
