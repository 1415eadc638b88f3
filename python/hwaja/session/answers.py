"""Builds the message of an answer."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.server_messages import Transcription
from hwaja.protocol.values import Details, SpeakerSpeech, Token
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import Awaited
from hwaja.speakers.parts import Part
from hwaja.speakers.turn_prior import SpeakerDecision
from hwaja.text.words import confidence_of, words_of
from hwaja.vad.gate import Segment

Names = Mapping[int, str]
"""What the client calls its speakers, by speaker id."""


def transcription_of(
    timeline: Timeline, answer: Awaited, decision: SpeakerDecision, names: Names
) -> Transcription:
    """Return the message with every field that a client may ask for.

    Raises:
        ValueError: if the text or the speaker is missing.

    """
    segment, hypothesis, voice = answer.segment, answer.hypothesis, answer.voice
    if hypothesis is None or not hypothesis.text or voice is None:
        raise ValueError("an answer needs words and a speaker")
    start_seconds = timeline.seconds(segment.speech_start)
    tokens = tuple(_dated(token, segment, timeline) for token in hypothesis.tokens)
    words = words_of(tokens, timeline.seconds_behind(segment.speech_stop))
    return Transcription(
        speaker_id=decision.speaker_id,
        text=hypothesis.text,
        timestamp=iso_timestamp(timeline.began_at + start_seconds),
        confidence=round(segment.level_dbfs, 1),
        segment_id=answer.segment_id,
        details=Details(
            start_seconds=start_seconds,
            end_seconds=timeline.seconds_behind(segment.stop),
            label=decision.label,
            probability=decision.probability,
            scores=voice.cosines,
            margin=voice.margin if voice.scores else None,
            overlap_seconds=voice.overlap_seconds,
            speakers=_speakers(voice, decision.speaker_id, segment.speech_samples / SAMPLE_RATE),
            tokens=tokens,
            language=hypothesis.language,
            text_confidence=confidence_of(words),
            words=words,
            speaker_name=names.get(decision.speaker_id),
        ),
    )


def _speakers(voice: Part, speaker_id: int, speech_seconds: float) -> tuple[SpeakerSpeech, ...]:
    """Return who speaks in a part that is given to `speaker_id`, by ascending id."""
    speaking = {speaker_id: speech_seconds}
    for place in () if voice.other is None else (voice.nearest, voice.other):
        shared_seconds = min(voice.overlap_seconds, speech_seconds)
        speaking.setdefault(voice.speaker_ids[place], shared_seconds)
    return tuple(SpeakerSpeech(who, seconds) for who, seconds in sorted(speaking.items()))


def _dated(token: Token, segment: Segment, timeline: Timeline) -> Token:
    """Return a token with its time in the transcription."""
    sample = segment.start + round(token.start_seconds * SAMPLE_RATE)
    return Token(
        token.text,
        timeline.seconds(min(sample, segment.stop - 1)),  # a gap may follow the segment
        None if token.probability is None else round(token.probability, 3),
    )


def iso_timestamp(unix_seconds: float) -> str:
    """Return Unix seconds in the specification's ISO 8601 format: UTC, milliseconds, `Z`."""
    moment = datetime.fromtimestamp(unix_seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
