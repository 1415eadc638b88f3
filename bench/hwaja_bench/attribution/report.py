"""Writes the report on one page in Markdown."""

from collections.abc import Mapping, Sequence

from hwaja_bench.attribution.figures import ClipFigures, ClipRow, ConditionRow, Figures
from hwaja_bench.attribution.outcomes import DIARIZATIONS
from hwaja_bench.stats import Ratio, Share, percent

PLOTS = {
    "accuracy.png": "Clips given to the right speaker, by seconds of speech and SNR",
    "margins.png": "Margins of right and of wrong answers",
    "labels.png": "How often the answers of each label are right",
}
"""File names and captions of the plots beside the report."""

_CLIP_HEADS = ("SNR", "clips", "right, of those answered", "sure but wrong", "missing", "doubtful")

Line = tuple[str, ...]


def report(figures: Figures, facts: Mapping[str, str]) -> str:
    """Return the page; `facts` are the circumstances of the measurement."""
    rows = figures.by_condition
    sections = [
        "# Attribution benchmark",
        "What each figure means, and how to repeat it: docs/benchmark.md. In brackets: intervals "
        "of 95 % confidence. SNR is in dB; clean has no reverberation either.",
        _facts(facts, rows),
        "## Clips that are utterances of their own (spaced, short), by seconds of speech",
        _clip_table("speech", figures.by_length),
        "By group, from one second on:",
        _clip_table("group", figures.by_group),
        "## Conversations, by condition",
        _table(
            ("condition", *_CLIP_HEADS, "changes found"),
            [(row.condition, *_clips(row.snr, row.clips), str(row.talk.changes)) for row in rows],
        ),
        "Diarization error rate:",
        _table(("condition", "SNR", *DIARIZATIONS), [_diarization(row) for row in rows]),
        "Words, where the texts are known:",
        _table(
            (
                "condition",
                "SNR",
                "CER",
                "kocer",
                "cpCER",
                "cpCER, best mapping",
                "characters with the right speaker",
            ),
            [_words(row) for row in rows if row.talk.cer is not None],
        ),
        *(f"![{text}]({file})" for file, text in PLOTS.items()),
    ]
    return "\n\n".join(sections) + "\n"


def _facts(facts: Mapping[str, str], rows: Sequence[ConditionRow]) -> str:
    refused, errors = (
        sum(getattr(row.talk, name) for row in rows) for name in ("refused", "errors")
    )
    whole = {**facts, "refused enrolments, errors": f"{refused}, {errors}"}
    return "\n".join(f"- {name}: {fact}" for name, fact in whole.items() if fact)


def _clip_table(name: str, rows: Sequence[ClipRow]) -> str:
    counted = [row for row in rows if row.clips.clips]
    return _table((name, *_CLIP_HEADS), [(r.name or "-", *_clips(r.snr, r.clips)) for r in counted])


def _clips(snr: str, clips: ClipFigures) -> Line:
    """Return the cells under _CLIP_HEADS."""
    marks = (clips.missing, clips.labels["doubtful"])
    return (
        snr,
        str(clips.clips),
        *map(str, (clips.right, clips.false_sure)),
        *map(_count, marks),
    )


def _diarization(row: ConditionRow) -> Line:
    rates = row.talk.diarization_error_rates
    return (row.condition, row.snr, *(_ratio(rates.get(name)) for name in DIARIZATIONS))


def _words(row: ConditionRow) -> Line:
    talk = row.talk
    ratios = (talk.cer, talk.kocer, talk.cpcer, talk.cpcer_best, talk.right_chars)
    return (row.condition, row.snr, *map(_ratio, ratios))


def _table(heads: Line, lines: Sequence[Line]) -> str:
    if not lines:
        return "None."
    rows = [heads, ("---",) * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _count(share: Share) -> str:
    return "-" if share.share is None else f"{percent(share.share)} ({share.count}/{share.of})"


def _ratio(ratio: Ratio | None) -> str:
    return "-" if ratio is None else str(ratio)
