"""One transcription: its answers, in the order of speech, and the messages to the client."""

import dataclasses
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.client_messages import StartTranscription, UpdateTranscription
from hwaja.protocol.codes import DropReason, ErrorCode, Reason
from hwaja.protocol.server_messages import (
    Error,
    Finalized,
    Interim,
    Lag,
    ServerMessage,
    SpeakerUpdate,
    SpeechEnded,
    SpeechStarted,
    Transcription,
    UtteranceDropped,
)
from hwaja.protocol.values import Event, RequestId, SpeakerShare, Summary
from hwaja.session.answers import Names, transcription_of
from hwaja.session.channel import Channel
from hwaja.session.effects import Change, Effect, Finish, Learn, Outcome, SealVoices, Send, Settled
from hwaja.session.events import Attributed, PartialText, Recognised
from hwaja.session.timeline import Timeline
from hwaja.session.utterances import Awaited, Utterances
from hwaja.speakers.parts import Correction, Part
from hwaja.speakers.turn_prior import SpeakerDecision, TurnPrior
from hwaja.vad.gate import Segment

MOST_FINALS = 1024
"""Most answers to `finalize` that wait for the texts before them: as many as
`server/sessions/outbox.py` holds of other answers."""


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
    """The options of the next utterances."""
    details: bool
    """Whether the client asked for more than the specification's fields."""
    timeline: Timeline
    """Maps samples of the session to times of the transcription."""
    channels: tuple[Channel, ...]
    """What is heard in each channel."""
    names: Names
    """The names of now."""
    received_samples: Callable[[int], int]
    """Returns how many samples the client sent before a sample of the session."""
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
    _recognised: StartTranscription | None = None
    """The options with which the recogniser begins utterances. None: as at the beginning."""
    _finals: deque[tuple[int, Send]] = field(default_factory=deque)
    """What to send once all audio before a sample is answered, in the order of samples."""

    def channel_of(self, segment_id: int) -> Channel | None:
        """Return the channel whose open utterance has this id. None: it is not open any more."""
        ids = zip(self._utterances.open_ids, self.channels, strict=True)
        return next((channel for open_id, channel in ids if open_id == segment_id), None)

    @property
    def oldest(self) -> Segment | None:
        """The first utterance that is not answered. None: all are answered."""
        return self._utterances.oldest

    def unanswered_from(self, answers: Iterable[Awaited] = ()) -> int:
        """Return the first sample that is not answered, nor certain to be without words.

        The `answers` are due, but not sent yet.
        """
        needed = [channel.gate.needed_from for channel in self.channels]
        needed += [answer.segment.start for answer in answers]
        unanswered = self._utterances.unanswered_from
        return min(needed if unanswered is None else [*needed, unanswered])

    def summary(self, audio_seconds: float) -> Summary:
        """Return the summary of the transcription, in which so much audio was heard."""
        tally = self._tally
        return Summary(tally.utterances, tally.failed, audio_seconds, tally.shares(self.names))

    def change(self, message: UpdateTranscription) -> list[Effect]:
        """Take other options, which an open utterance does not get."""
        self.wants = self.changed(message)
        return self.settle_change()

    def changed(self, message: UpdateTranscription) -> StartTranscription:
        """Return the options of the next utterances, as a message changes them."""
        return message.applied_to(self.wants)

    def settle_change(self) -> list[Effect]:
        """Begin with the changed options where no utterance is open that keeps the earlier ones."""
        closed = (channel for channel in self.channels if not channel.gate.is_open)
        return [effect for channel in closed for effect in self._begin_next(channel)]

    def _begin_next(self, channel: Channel) -> list[Effect]:
        """Give the next utterance of a channel the options of now."""
        if channel.wants is self.wants:
            return []
        channel.wants = self.wants
        if self._recognised is self.wants:  # another channel came first
            return []
        self._recognised = self.wants
        return [Change(self.wants.options, self.wants.interim_results)]

    def early_work(self) -> list[Effect]:
        """Return the effects for new speech in open utterances: their events, and early work."""
        effects: list[Effect] = []
        for channel, open_id in zip(self.channels, self._utterances.open_ids, strict=True):
            start = channel.gate.speech_start
            effects += [] if start is None else self._announce(channel, start)
            effects += channel.open_speech.due(open_id)
        return effects

    def add(self, segment: Segment, *, is_urgent: bool = False) -> list[Effect]:
        """Take a finished utterance. Return its events, and what requests its text and speakers."""
        channel = self.channels[segment.channel]
        effects = self._announce(channel, segment.speech_start)
        segment_id = self._utterances.add(segment, channel.wants)
        if Event.SPEECH_ENDED in channel.wants.events:
            ended = SpeechEnded(segment_id, self.timeline.seconds_behind(segment.speech_stop))
            effects.append(self._send(ended))
        effects.append(Finish(segment_id, segment, is_urgent))
        return effects + self._begin_next(channel)

    def _announce(self, channel: Channel, speech_start: int) -> list[Effect]:
        """Tell once that the open utterance of a channel begins, if the client asked."""
        open_id = self._utterances.open_ids[channel.gate.channel]
        if channel.announced == open_id:
            return []
        channel.announced = open_id
        if Event.SPEECH_STARTED not in channel.wants.events:
            return []
        return [self._send(SpeechStarted(open_id, self.timeline.seconds(speech_start)))]

    def lag(self, seconds: float) -> list[Effect]:
        """Tell how late answers come, if the client asked."""
        wanted = any(Event.LAG in channel.wants.events for channel in self.channels)
        return [self._send(Lag(seconds))] if wanted else []

    @property
    def has_room_to_finalize(self) -> bool:
        """Whether another answer to `finalize` may wait."""
        return len(self._finals) < MOST_FINALS

    def finalize(self, at: int, answer: Finalized, request_id: RequestId | None) -> list[Effect]:
        """Send an answer once all audio before sample `at` is answered, or now."""
        self._finals.append((at, Send(answer, self.details, request_id)))
        return self._due_finals()

    def _due_finals(self, answered_until: float = math.inf) -> list[Effect]:
        """Return the answers to `finalize` up to a sample before which all audio is answered."""
        unanswered = self._utterances.unanswered_from
        limit = answered_until if unanswered is None else min(unanswered, answered_until)
        due: list[Effect] = []
        while self._finals and self._finals[0][0] <= limit:
            due.append(self._finals.popleft()[1])
        return due

    def take_partial_text(self, event: PartialText, *, is_open: bool) -> Interim | None:
        """Return the interim text to send; None if it is unchanged, unwanted or too late.

        Args:
            event: the interim text.
            is_open: whether the transcription still takes audio.

        """
        awaited = self._utterances.without_text(event.segment_id)
        if awaited is not None:
            wanted = awaited.wants.interim_results
        else:
            channel = self.channel_of(event.segment_id) if is_open else None
            wanted = channel is not None and channel.wants.interim_results
        return self._interims.take(event.segment_id, event.text) if wanted else None

    def learn_text(self, event: Recognised) -> list[Effect]:
        """Store the text of an utterance. Return the effects that follow, in order of speech."""
        self._utterances.take_text(event)
        return self._deliver()

    def learn_voices(self, event: Attributed) -> list[Effect]:
        """Store the voices of an utterance. Return the effects that follow, in order of speech."""
        effects = [effect for each in event.corrections for effect in self._correct(each)]
        self._utterances.take_voice(event)
        if self.wants.seals:  # before the answer, behind which the transcription may be over
            effects.append(SealVoices())
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
        for place, answer in enumerate(answers, 1):
            effects += self._due_finals(answer.segment.start)
            effects += self._answer(answer, self.unanswered_from(answers[place:]))
        return effects + self._due_finals()

    def _answer(self, answer: Awaited, unanswered_from: int) -> list[Effect]:
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
            effects += self._attribute(answer, answer.voice, unanswered_from)
            outcome = Outcome.ANSWERED
        else:
            outcome = Outcome.EMPTY
        if outcome is not Outcome.ANSWERED and Event.UTTERANCE_DROPPED in answer.wants.events:
            effects.append(self._send(UtteranceDropped(answer.segment_id, _drop_reason(answer))))
        return [*effects, Settled(answer.segment, outcome, answer.ends_utterance)]

    def _attribute(self, answer: Awaited, voice: Part, unanswered_from: int) -> list[Effect]:
        """Send an answer with its speaker, and a correction of the previous answer if needed."""
        segment = answer.segment
        effects: list[Effect] = []
        self.timeline.settle()
        spoke_until = self.timeline.seconds_behind(self._answered_until)
        pause_seconds = self.timeline.seconds(segment.speech_start) - spoke_until
        self._answered_until = segment.speech_stop
        revised = self._turn_prior.revise(voice, pause_seconds)
        if revised is not None and answer.wants.corrects:
            effects += self._update(revised.segment_id, revised.speaker_id)
        decision = self._turn_prior.take(answer.segment_id, voice, pause_seconds)
        if self.wants.most_speakers is not None:
            self._answered[voice.start] = answer.segment_id
            corrected_id = self._corrected.pop(voice.start, decision.speaker_id)
            decision = dataclasses.replace(decision, speaker_id=corrected_id)
        message = self._message(answer, decision)
        if answer.wants.answered_samples:
            answered_until = min(segment.stop, unanswered_from)
            message = replace(message, answered_samples=self.received_samples(answered_until))
        effects.append(self._send(message))
        self._tally.take(
            answer.segment_id, decision.speaker_id, segment.speech_samples / SAMPLE_RATE
        )
        if answer.wants.adapt and voice.is_exemplary:
            effects.append(Learn(decision.speaker_id, segment))
        return effects

    def _message(self, answer: Awaited, decision: SpeakerDecision) -> Transcription:
        message = transcription_of(self.timeline, answer, decision, self.names)
        if self.details:
            return message
        wants = answer.wants
        wants_ids = wants.interim_results or wants.corrects or wants.events != ()
        return replace(message, details=None, segment_id=message.segment_id if wants_ids else None)

    def _send(self, message: ServerMessage) -> Effect:
        return Send(message, self.details)


def _drop_reason(answer: Awaited) -> DropReason:
    hypothesis = answer.hypothesis
    if hypothesis is None or hypothesis.text:
        return DropReason.FAILED
    return DropReason.NOISE if hypothesis.is_noise else DropReason.NO_WORDS
