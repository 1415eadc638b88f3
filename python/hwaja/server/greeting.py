"""What the server tells of itself to a client that asks."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import get_args

from hwaja.protocol.audio import AudioEncoding
from hwaja.protocol.client_messages import ClientMessage
from hwaja.protocol.fields import by_tag
from hwaja.protocol.values import Event, Hello, ServerAbilities, ServerLimits
from hwaja.server.config import Config
from hwaja.session.settings import SessionSettings

PROTOCOL_VERSION = "1.1"
"""1.0 is the specification. The second number rises with each addition."""


def hello(config: Config, settings: SessionSettings) -> Hello:
    """Return the abilities and limits of the server as they are now."""
    recogniser = settings.abilities()
    return Hello(
        protocol_version=PROTOCOL_VERSION,
        server_version=_version(),
        abilities=ServerAbilities(
            languages=tuple(sorted(recogniser.languages)),
            hotwords=recogniser.takes_any_hotword or bool(recogniser.hotword_characters),
            interim_results=True,
            discovery=True,
            events=tuple(Event),
            messages=tuple(sorted(by_tag(get_args(ClientMessage)))),
            encodings=tuple(each for each in AudioEncoding if each in settings.encodings),
        ),
        limits=ServerLimits(
            max_speakers=settings.max_speakers,
            max_session_seconds=config.max_session_seconds,
            max_audio_seconds=settings.max_audio_seconds,
            max_enrolment_seconds=settings.max_enrolment_seconds,
            idle_seconds=config.idle_seconds,
            resume_seconds=config.resume_seconds,
            max_message_bytes=config.max_message_bytes,
        ),
    )


@cache
def _version() -> str:
    try:
        return version("hwaja")
    except PackageNotFoundError:  # a checkout that was not installed
        return "unknown"
