"""The message that answers an utterance, made from its segment, its text and its speaker."""

from datetime import UTC, datetime

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.messages import Details, Transcription
from hwaja.protocol.values import Token
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import Answer
from hwaja.speakers.turn_prior import Said
from hwaja.vad.gate import Segment


def transcription(timeline: Timeline, answer: Answer, said: Said) -> Transcription:
    """Return the message with everything that a client may ask for.

    Raises:
        ValueError: where the text or the speaker is not known.

    """
    segment, heard, voice = answer.segment, answer.heard, answer.voice
    if heard is None or not heard.text or voice is None:
        raise ValueError("an answer needs words and a speaker")
    start_seconds = timeline.seconds(segment.speech_start)
    return Transcription(
        speaker_id=said.speaker_id,
        text=heard.text,
        timestamp=iso_timestamp(timeline.began_at + start_seconds),
        confidence=round(segment.level_dbfs, 1),
        segment_id=answer.segment_id,
        details=Details(
            start_seconds=start_seconds,
            end_seconds=timeline.seconds_behind(segment.stop),
            label=said.label,
            probability=said.probability,
            scores=voice.cosines,
            margin=voice.margin if voice.scores else None,
            overlap_seconds=voice.overlap_seconds,
            tokens=tuple(
                Token(token.text, timeline.seconds(_sample_of(token, segment)))
                for token in heard.tokens
            ),
            language=heard.language,
        ),
    )


def _sample_of(token: Token, segment: Segment) -> int:
    sample = segment.start + round(token.start_seconds * SAMPLE_RATE)
    return min(sample, segment.stop - 1)  # behind it there may be a gap


def iso_timestamp(unix_seconds: float) -> str:
    """Return an instant as the specification writes it: UTC, milliseconds, `Z`."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
