"""The message that answers an utterance, made from its segment, its text and its speaker."""

from dataclasses import dataclass
from datetime import UTC, datetime

from hwaja.attribution.pattern import Said
from hwaja.gate import SAMPLE_RATE
from hwaja.messages import Details, Transcription
from hwaja.recognition import Token
from hwaja.utterances import Answer


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where a transcription lies among the samples of its session, and in time."""

    origin: int
    """Its first sample."""
    began_at: float
    """When that was heard, in seconds since the Unix epoch."""

    def seconds(self, sample: int) -> float:
        """Return the time of a sample since the transcription began."""
        return (sample - self.origin) / SAMPLE_RATE


def transcription(timeline: Timeline, answer: Answer, said: Said) -> Transcription:
    """Return the message with everything that a client may ask for.

    Raises:
        ValueError: where the text or the speaker is not known.

    """
    segment, heard, voice = answer.segment, answer.heard, answer.voice
    if heard is None or not heard.text or voice is None:
        raise ValueError("an answer needs words and a speaker")
    start_seconds = timeline.seconds(segment.speech_start)
    offset_seconds = timeline.seconds(segment.start)
    return Transcription(
        speaker_id=said.speaker_id,
        text=heard.text,
        timestamp=iso_timestamp(timeline.began_at + start_seconds),
        confidence=round(segment.level_dbfs, 1),
        segment_id=answer.segment_id,
        details=Details(
            start_seconds=start_seconds,
            end_seconds=timeline.seconds(segment.stop),
            label=said.label,
            probability=said.probability,
            scores=voice.cosines,
            margin=voice.margin if voice.scores else None,
            overlap_seconds=voice.overlap_seconds,
            tokens=tuple(
                Token(token.text, offset_seconds + token.start_seconds) for token in heard.tokens
            ),
            language=heard.language,
        ),
    )


def iso_timestamp(unix_seconds: float) -> str:
    """Return an instant as the specification writes it: UTC, milliseconds, `Z`."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
