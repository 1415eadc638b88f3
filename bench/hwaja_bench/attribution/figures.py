"""The figures of many conversations, with their intervals."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hwaja_bench.attribution.decisions import LABELS
from hwaja_bench.attribution.judging import LENGTH_BINS, Judgement
from hwaja_bench.attribution.outcomes import DIARIZATIONS, Outcome
from hwaja_bench.attribution.wording import Wording
from hwaja_bench.stats import Ratio, Share, ratio, share

ONE_UTTERANCE = ("spaced", "short")
"""The conditions in which each clip is an utterance of its own, so that its length counts."""

FROM_ONE_SECOND = ">= 1 s"
"""Name of all clips with at least one second of speech."""


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """What became of some clips."""

    clips: int
    right: Share
    """Of the clips that an answer covers, those given to their speaker."""
    missing: Share
    """Of all clips, those that no answer covers."""
    false_sure: Share
    """Of all clips, those given to the other speaker by an answer that is sure."""
    labels: dict[str, Share]
    """Of the clips that an answer covers, those whose answer is marked so."""
    right_by_label: dict[str, Share]
    """Of the clips whose answer is marked so, those given to their speaker."""


@dataclass(frozen=True, slots=True)
class TalkFigures:
    """What became of some conversations as a whole."""

    conversations: int
    refused: int
    """Those of which a voice was not accepted; all of their clips are missing."""
    errors: int
    changes: Share
    """Of the changes of speaker inside continuous speech, those found."""
    diarization_error_rates: dict[str, Ratio]
    cer: Ratio | None
    """These four are None where no text is known."""
    cpcer: Ratio | None
    cpcer_best: Ratio | None
    right_chars: Ratio | None


@dataclass(frozen=True, slots=True)
class ClipRow:
    """The figures of the clips that have these properties."""

    name: str
    """Of a bin of lengths, or of a group."""
    snr: str
    clips: ClipFigures


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """The figures of one condition."""

    condition: str
    snr: str
    clips: ClipFigures
    talk: TalkFigures


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that a report shows."""

    by_length: tuple[ClipRow, ...]
    """Of ONE_UTTERANCE."""
    by_group: tuple[ClipRow, ...]
    """Of ONE_UTTERANCE, from one second on."""
    by_condition: tuple[ConditionRow, ...]


def figures(outcomes: Sequence[Outcome], seed: int) -> Figures:
    """Return the figures of all conversations; the seed is that of the bootstrap."""
    snrs = _known(outcome.snr for outcome in outcomes)
    single = [outcome for outcome in outcomes if outcome.condition in ONE_UTTERANCE]
    groups = _known(outcome.group for outcome in single)
    return Figures(
        tuple(
            ClipRow(length, snr, _of_length(single, snr, length))
            for length in (*LENGTH_BINS, FROM_ONE_SECOND)
            for snr in snrs
        ),
        tuple(
            ClipRow(g, snr, _of_length([o for o in single if o.group == g], snr, FROM_ONE_SECOND))
            for g in groups
            for snr in snrs
        ),
        tuple(
            _condition_row([o for o in outcomes if (o.condition, o.snr) == (condition, snr)], seed)
            for condition in _known(outcome.condition for outcome in outcomes)
            for snr in snrs
        ),
    )


def _condition_row(outcomes: Sequence[Outcome], seed: int) -> ConditionRow:
    judgements = [judgement for outcome in outcomes for judgement in outcome.judgements]
    names = outcomes[0].condition, outcomes[0].snr
    return ConditionRow(*names, clip_figures(judgements), talk_figures(outcomes, seed))


def clip_figures(judgements: Sequence[Judgement]) -> ClipFigures:
    """Count clips."""
    answered = [judgement for judgement in judgements if not judgement.is_missing]
    right = sum(judgement.is_right for judgement in answered)
    marked = Counter(judgement.label for judgement in answered)
    right_marked = Counter(judgement.label for judgement in answered if judgement.is_right)
    return ClipFigures(
        len(judgements),
        share(right, len(answered)),
        share(len(judgements) - len(answered), len(judgements)),
        share(sum(judgement.is_false_sure for judgement in judgements), len(judgements)),
        {label: share(marked[label], len(answered)) for label in LABELS},
        {label: share(right_marked[label], marked[label]) for label in LABELS},
    )


def talk_figures(outcomes: Sequence[Outcome], seed: int) -> TalkFigures:
    """Sum up conversations."""
    texts = [outcome.wording for outcome in outcomes if outcome.wording is not None]

    def of_texts(
        numerator: Callable[[Wording], int], denominator: Callable[[Wording], int]
    ) -> Ratio | None:
        return ratio([(numerator(text), denominator(text)) for text in texts], seed)

    rates = {}
    for name in DIARIZATIONS:
        found = [outcome.diarizations[name] for outcome in outcomes]
        rate = ratio([(d.error_seconds, d.reference_seconds) for d in found], seed)
        if rate is not None:
            rates[name] = rate
    return TalkFigures(
        len(outcomes),
        sum(outcome.is_refused for outcome in outcomes),
        sum(outcome.errors for outcome in outcomes),
        share(sum(o.changes.found for o in outcomes), sum(o.changes.count for o in outcomes)),
        rates,
        of_texts(lambda text: text.edits, lambda text: text.reference_chars),
        of_texts(lambda text: text.edits_by_speaker, lambda text: text.reference_chars),
        of_texts(lambda text: text.edits_by_best_speaker, lambda text: text.reference_chars),
        of_texts(lambda text: text.right_speaker_chars, lambda text: text.aligned_chars),
    )


def _of_length(outcomes: Iterable[Outcome], snr: str, length: str) -> ClipFigures:
    judgements = [j for outcome in outcomes if outcome.snr == snr for j in outcome.judgements]
    if length == FROM_ONE_SECOND:
        return clip_figures([j for j in judgements if j.speech_seconds >= 1])
    return clip_figures([j for j in judgements if j.length_bin == length])


def _known(names: Iterable[str]) -> list[str]:
    """Return each name once, in order."""
    return list(dict.fromkeys(names))
