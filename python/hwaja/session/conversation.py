"""One transcription: its answers, in the order of speech, and the messages to the client."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.server_messages import (
    Error,
    Interim,
    ServerMessage,
    SpeakerShare,
    SpeakerUpdate,
    Summary,
    Transcription,
)
from hwaja.protocol.values import Details, SpeakerSpeech, Token
from hwaja.session.events import (
    Attributed,
    Effect,
    Finish,
    Learn,
    Outcome,
    PartialText,
    Recognised,
    Send,
    Settled,
)
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import Awaited, OpenSpeech, Utterances
from hwaja.speakers.parts import Correction, Part
from hwaja.speakers.turn_prior import SpeakerDecision, TurnPrior
from hwaja.text.words import confidence_of, words_of
from hwaja.vad.gate import Segment

Names = Mapping[int, str]
"""What the client calls its speakers, by speaker id."""


class Interims:
    """The last interim text of each unfinished segment.

    With more audio, a recogniser often changes the end of a text and seldom its beginning. The
    client gets as stable what two successive hypotheses agree on (LocalAgreement-2 of Liu,
    Spanakis and Niehues, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by
    Partial Hypothesis Selection", 2020).
    """

    def __init__(self) -> None:
        self._last: dict[int, Interim] = {}

    def take(self, segment_id: int, text: str) -> Interim | None:
        """Take the next hypothesis of a segment. Return the message to send; None if unchanged."""
        last = self._last.get(segment_id, Interim(segment_id, "", 0))
        now = Interim(segment_id, text, _agreed_chars(last.text, text))
        self._last[segment_id] = now
        return None if now == last else now

    def end(self, segment_id: int, *, has_text: bool) -> Interim | None:
        """Forget a segment.

        Returns:
            An empty interim text that withdraws the last one, if no final text replaces it; None
            otherwise.

        """
        last = self._last.pop(segment_id, None)
        was_shown = last is not None and last.text != ""
        return Interim(segment_id, "", 0) if was_shown and not has_text else None

    def clear(self) -> None:
        """Forget every segment."""
        self._last.clear()


def _agreed_chars(before: str, now: str) -> int:
    """Return the length of the common prefix, without trailing space."""
    agreed = 0
    for one, other in zip(before, now, strict=False):
        if one != other:
            break
        agreed += 1
    return len(now[:agreed].rstrip())


@dataclass(slots=True)
class Tally:
    """Counts each speaker's utterances and speech. `correct` moves one to another speaker."""

    failed: int = 0
    """Number of utterances on which the engine failed."""
    _said: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Speaker id and seconds of speech, by segment id."""

    @property
    def utterances(self) -> int:
        """Number of answered utterances."""
        return len(self._said)

    def take(self, segment_id: int, speaker_id: int, speech_seconds: float) -> None:
        """Count an answer."""
        self._said[segment_id] = (speaker_id, speech_seconds)

    def speaker_of(self, segment_id: int) -> int:
        """Return the speaker of an answer."""
        return self._said[segment_id][0]

    def correct(self, segment_id: int, speaker_id: int) -> None:
        """Count an earlier answer for `speaker_id` instead."""
        self._said[segment_id] = (speaker_id, self._said[segment_id][1])

    def shares(self, names: Names) -> tuple[SpeakerShare, ...]:
        """Return each speaker's share of the speech, by ascending speaker id."""
        ids = sorted({speaker_id for speaker_id, _ in self._said.values()})
        return tuple(_share(speaker_id, self._said.values(), names) for speaker_id in ids)


def _share(speaker_id: int, spoken: Iterable[tuple[int, float]], names: Names) -> SpeakerShare:
    speech_seconds = [seconds for speaker, seconds in spoken if speaker == speaker_id]
    return SpeakerShare(speaker_id, len(speech_seconds), sum(speech_seconds), names.get(speaker_id))


@dataclass(slots=True)
class Conversation:
    """The options of one transcription, and its state."""

    wants: StartTranscription
    details: bool
    """Whether the client asked for more than the specification's fields."""
    timeline: Timeline
    """Maps samples of the session to times of the transcription."""
    open_speech: OpenSpeech
    """Decides which work begins on the open utterance."""
    names: Names
    """The names of now."""
    _utterances: Utterances = field(default_factory=Utterances)
    _interims: Interims = field(default_factory=Interims)
    _turn_prior: TurnPrior = field(default_factory=TurnPrior)
    _tally: Tally = field(default_factory=Tally)
    _answered_until: int = 0
    """Index of the sample at which the speech of the last answer ended."""
    _answered: dict[int, int] = field(default_factory=dict)
    """Segment ids of the answered parts, by their first sample; only where speakers are
    discovered."""
    _corrected: dict[int, int] = field(default_factory=dict)
    """Speakers of unanswered parts that were corrected already, by their first sample."""

    @property
    def open_id(self) -> int:
        """Id of the open utterance, or of the next one if none is open."""
        return self._utterances.open_id

    @property
    def oldest(self) -> Segment | None:
        """The first utterance that is not answered. None: all are answered."""
        return self._utterances.oldest

    def summary(self, processed_stop: int) -> Summary:
        """Return the summary of the transcription, which ends at sample `processed_stop`."""
        audio_seconds = (processed_stop - self.timeline.origin) / SAMPLE_RATE
        tally = self._tally
        return Summary(tally.utterances, tally.failed, audio_seconds, tally.shares(self.names))

    def early_work(self) -> list[Effect]:
        """Return the effects that request new work on the open utterance."""
        return self.open_speech.due(self.open_id)

    def add(self, segment: Segment) -> Finish:
        """Take a finished utterance. Return the effect that requests its text and speakers."""
        return Finish(self._utterances.add(segment), segment)

    def take_partial_text(self, event: PartialText, *, is_open: bool) -> Interim | None:
        """Return the interim text to send; None if it is unchanged, unwanted or too late.

        Args:
            event: the interim text.
            is_open: whether the transcription still takes audio.

        """
        goes_on = is_open and event.segment_id == self.open_id
        if not self.wants.interim_results:
            return None
        if not goes_on and not self._utterances.lacks_text(event.segment_id):
            return None
        return self._interims.take(event.segment_id, event.text)

    def learn_text(self, event: Recognised) -> list[Effect]:
        """Store the text of an utterance. Return the effects that follow, in order of speech."""
        self._utterances.take_text(event)
        return self._deliver()

    def learn_voices(self, event: Attributed) -> list[Effect]:
        """Store the voices of an utterance. Return the effects that follow, in order of speech."""
        effects = [effect for each in event.corrections for effect in self._correct(each)]
        self._utterances.take_voice(event)
        return effects + self._deliver()

    def _correct(self, correction: Correction) -> list[Effect]:
        """Correct an earlier answer, or one that is still to come."""
        segment_id = self._answered.get(correction.start)
        if segment_id is None:
            self._corrected[correction.start] = correction.speaker_id
            return []
        return self._update(segment_id, correction.speaker_id)

    def _update(self, segment_id: int, speaker_id: int) -> list[Effect]:
        if self._tally.speaker_of(segment_id) == speaker_id:
            return []
        self._tally.correct(segment_id, speaker_id)
        return [self._send(SpeakerUpdate(segment_id, speaker_id))]

    def _deliver(self) -> list[Effect]:
        answers, unheard = self._utterances.due()
        effects: list[Effect] = [*unheard]
        for answer in answers:
            effects += self._answer(answer)
        return effects

    def _answer(self, answer: Awaited) -> list[Effect]:
        hypothesis = answer.hypothesis
        has_text = hypothesis is not None and hypothesis.text != ""
        withdrawn = self._interims.end(answer.segment_id, has_text=has_text)
        effects = [] if withdrawn is None else [self._send(withdrawn)]
        if hypothesis is None or (has_text and answer.voice is None):
            self._tally.failed += 1
            failure = Error(ErrorCode.TRANSCRIPTION_FAILED, Reason.ENGINE_FAILED)
            effects.append(self._send(failure))
            outcome = Outcome.FAILED
        elif has_text and answer.voice is not None:
            effects += self._attribute(answer, answer.voice)
            outcome = Outcome.ANSWERED
        else:
            outcome = Outcome.EMPTY
        return [*effects, Settled(answer.segment, outcome, answer.ends_utterance)]

    def _attribute(self, answer: Awaited, voice: Part) -> list[Effect]:
        """Send an answer with its speaker, and a correction of the previous answer if needed."""
        segment = answer.segment
        effects: list[Effect] = []
        self.timeline.settle()
        spoke_until = self.timeline.seconds_behind(self._answered_until)
        pause_seconds = self.timeline.seconds(segment.speech_start) - spoke_until
        self._answered_until = segment.speech_stop
        revised = self._turn_prior.revise(voice, pause_seconds)
        if revised is not None and self.wants.corrects:
            effects += self._update(revised.segment_id, revised.speaker_id)
        decision = self._turn_prior.take(answer.segment_id, voice, pause_seconds)
        if self.wants.most_speakers is not None:
            self._answered[voice.start] = answer.segment_id
            corrected_id = self._corrected.pop(voice.start, decision.speaker_id)
            decision = dataclasses.replace(decision, speaker_id=corrected_id)
        effects.append(self._send(self._message(answer, decision)))
        self._tally.take(
            answer.segment_id, decision.speaker_id, segment.speech_samples / SAMPLE_RATE
        )
        if self.wants.adapt and voice.is_exemplary:
            effects.append(Learn(decision.speaker_id, segment))
        return effects

    def _message(self, answer: Awaited, decision: SpeakerDecision) -> ServerMessage:
        message = _transcription(self.timeline, answer, decision, self.names)
        if self.wants.answered_samples:
            stop = answer.segment.stop - self.timeline.origin
            message = replace(message, answered_samples=stop)
        if self.details:
            return message
        wants_ids = self.wants.interim_results or self.wants.corrects
        return replace(message, details=None, segment_id=message.segment_id if wants_ids else None)

    def _send(self, message: ServerMessage) -> Effect:
        return Send(message, self.details)


def _transcription(
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
