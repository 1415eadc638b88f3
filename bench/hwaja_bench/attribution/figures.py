"""Computes the figures of many conversations, with confidence intervals."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hwaja_bench.attribution.decisions import LABELS
from hwaja_bench.attribution.judging import LENGTH_BINS, Judgement
from hwaja_bench.attribution.outcomes import DIARIZATIONS, Outcome
from hwaja_bench.attribution.wording import Wording
from hwaja_bench.stats import Ratio, Share, ratio, share

ONE_UTTERANCE = ("spaced", "short")
"""Conditions in which each clip is one utterance, so that figures by clip length make sense."""

FROM_ONE_SECOND = ">= 1 s"
"""Name of all clips with at least one second of speech."""


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """Figures of a set of clips."""

    clips: int
    right: Share
    """Among covered clips (an answer overlaps them), the share with the right speaker."""
    missing: Share
    """Among all clips, the share without an answer."""
    false_sure: Share
    """Among all clips, the share that a sure answer assigns to the wrong speaker."""
    labels: dict[str, Share]
    """Among covered clips, the share with this certainty mark."""
    right_by_label: dict[str, Share]
    """Among clips with this certainty mark, the share with the right speaker."""


@dataclass(frozen=True, slots=True)
class TalkFigures:
    """Figures of a set of whole conversations."""

    conversations: int
    refused: int
    """Conversations in which the server refused a voice; all of their clips count as missing."""
    errors: int
    changes: Share
    """Share of detected speaker changes within continuous speech."""
    diarization_error_rates: dict[str, Ratio]
    cer: Ratio | None
    """This and the next four are None without reference texts."""
    kocer: Ratio | None
    cpcer: Ratio | None
    cpcer_best: Ratio | None
    right_chars: Ratio | None


@dataclass(frozen=True, slots=True)
class ClipRow:
    """The figures of the clips with the same properties."""

    name: str
    """Name of a length bin or of a group."""
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
    """All figures of a report."""

    by_length: tuple[ClipRow, ...]
    """For conditions in ONE_UTTERANCE."""
    by_group: tuple[ClipRow, ...]
    """For conditions in ONE_UTTERANCE, clips of at least one second."""
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
    """Return the figures of clips."""
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
    """Return the figures of whole conversations; the seed is that of the bootstrap."""
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
        of_texts(lambda text: text.reading_edits, lambda text: text.reading_chars),
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
    """Return the distinct names in order."""
    return list(dict.fromkeys(names))
