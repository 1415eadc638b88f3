"""One transcription: what was said in it, by whom, and what the client is told of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from msgspec.structs import replace

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.messages import (
    Details,
    Error,
    Interim,
    ServerMessage,
    SpeakerUpdate,
    StartTranscription,
    Summary,
    Transcription,
)
from hwaja.protocol.values import Token
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
from hwaja.session.interims import Interims
from hwaja.session.tally import Tally
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import Awaited, Utterances
from hwaja.speakers.parts import Part
from hwaja.speakers.turn_prior import Said, TurnPrior
from hwaja.vad.gate import Segment


@dataclass(slots=True)
class Conversation:
    """What its client wants, and how far it has got."""

    wants: StartTranscription
    details: bool
    """Whether the client asked for more than the specification's fields."""
    timeline: Timeline
    """Where it lies among the samples of the session."""
    _utterances: Utterances = field(default_factory=Utterances)
    _interims: Interims = field(default_factory=Interims)
    _pattern: TurnPrior = field(default_factory=TurnPrior)
    _tally: Tally = field(default_factory=Tally)
    _answered_until: int = 0
    """Where the speech of the last answer ended."""

    @property
    def open_id(self) -> int:
        """The id of the utterance that is being spoken, or will be next."""
        return self._utterances.open_id

    @property
    def oldest(self) -> Segment | None:
        """The first utterance that is not answered; None where all are."""
        return self._utterances.oldest

    def summary(self, heard: int) -> Summary:
        """Return what was said before sample `heard`, where the transcription ends."""
        audio_seconds = (heard - self.timeline.origin) / SAMPLE_RATE
        tally = self._tally
        return Summary(tally.utterances, tally.failed, audio_seconds, tally.shares())

    def add(self, segment: Segment) -> Finish:
        """Take an utterance that is over; return what is to be done about it."""
        return Finish(self._utterances.add(segment), segment)

    def take_partial_text(self, event: PartialText, *, is_open: bool) -> Interim | None:
        """Return what is new in an interim text, unless the utterance has its final one.

        Args:
            event: what was overheard.
            is_open: whether anything is still being spoken.

        """
        goes_on = is_open and event.segment_id == self.open_id
        if not self.wants.interim_results:
            return None
        if not goes_on and not self._utterances.lacks_text(event.segment_id):
            return None
        return self._interims.take(event.segment_id, event.text)

    def learn_text(self, event: Recognised) -> list[Effect]:
        """Learn the text of an utterance; return what follows, in the order of speech."""
        self._utterances.take_text(event)
        return self._deliver()

    def learn_voices(self, event: Attributed) -> list[Effect]:
        """Learn who speaks in an utterance; return what follows, in the order of speech."""
        self._utterances.take_voice(event)
        return self._deliver()

    def _deliver(self) -> list[Effect]:
        answers, unheard = self._utterances.due()
        effects: list[Effect] = [*unheard]
        for answer in answers:
            effects += self._answer(answer)
        return effects

    def _answer(self, answer: Awaited) -> list[Effect]:
        heard = answer.heard
        has_text = heard is not None and heard.text != ""
        withdrawn = self._interims.end(answer.segment_id, has_text=has_text)
        effects = [] if withdrawn is None else [self._send(withdrawn)]
        if heard is None or (has_text and answer.voice is None):
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
        """Say who said it, and what that changes of the answer before."""
        segment = answer.segment
        effects: list[Effect] = []
        self.timeline.settle()
        spoke_until = self.timeline.seconds_behind(self._answered_until)
        pause_seconds = self.timeline.seconds(segment.speech_start) - spoke_until
        self._answered_until = segment.speech_stop
        revised = self._pattern.revise(voice, pause_seconds)
        if revised is not None and self.wants.speaker_updates:
            self._tally.correct(revised.segment_id, revised.speaker_id)
            effects.append(self._send(SpeakerUpdate(revised.segment_id, revised.speaker_id)))
        said = self._pattern.take(answer.segment_id, voice, pause_seconds)
        effects.append(self._send(self._message(answer, said)))
        self._tally.take(answer.segment_id, said.speaker_id, segment.speech_samples / SAMPLE_RATE)
        if self.wants.adapt and voice.is_exemplary:
            effects.append(Learn(said.speaker_id, segment))
        return effects

    def _message(self, answer: Awaited, said: Said) -> ServerMessage:
        message = _transcription(self.timeline, answer, said)
        if self.details:
            return message
        wants_ids = self.wants.interim_results or self.wants.speaker_updates
        return replace(message, details=None, segment_id=message.segment_id if wants_ids else None)

    def _send(self, message: ServerMessage) -> Effect:
        return Send(message, self.details)


def _transcription(timeline: Timeline, answer: Awaited, said: Said) -> Transcription:
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
