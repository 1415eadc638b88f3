"""The message that answers an utterance, made from its segment, its text and its speaker."""

from dataclasses import dataclass
from datetime import UTC, datetime

from hwaja.events import Attributed, Recognised
from hwaja.gate import SAMPLE_RATE, Segment
from hwaja.messages import Details, Transcription
from hwaja.recognition import Token


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


def transcription(
    timeline: Timeline, segment: Segment, recognised: Recognised, attributed: Attributed
) -> Transcription:
    """Return the answer with everything that a client may ask for.

    Raises:
        ValueError: where the text or the speaker is not known.

    """
    if not recognised.text or attributed.speaker_id is None:
        raise ValueError("an answer needs words and a speaker")
    start_seconds = timeline.seconds(segment.speech_start)
    offset_seconds = timeline.seconds(segment.start)
    return Transcription(
        speaker_id=attributed.speaker_id,
        text=recognised.text,
        timestamp=iso_timestamp(timeline.began_at + start_seconds),
        confidence=round(segment.level_dbfs, 1),
        segment_id=recognised.segment_id,
        details=Details(
            start_seconds=start_seconds,
            end_seconds=timeline.seconds(segment.stop),
            scores=attributed.scores,
            tokens=tuple(
                Token(token.text, offset_seconds + token.start_seconds)
                for token in recognised.tokens
            ),
            language=recognised.language,
        ),
    )


def iso_timestamp(unix_seconds: float) -> str:
    """Return an instant as the specification writes it: UTC, milliseconds, `Z`."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
