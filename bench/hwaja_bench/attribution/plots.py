"""Draws the plots of a report as PNG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hwaja_bench.attribution.figures import ONE_UTTERANCE, Figures, clip_figures
from hwaja_bench.attribution.judging import LENGTH_BINS, Judgement
from hwaja_bench.attribution.outcomes import Outcome
from hwaja_bench.stats import Share

_COLOURS = ("#0072b2", "#e69f00", "#cc3311")  # distinct for colour-blind people too
_SIZE_INCHES = (7.0, 3.8)
_DOTS_PER_INCH = 130


def draw(figures: Figures, outcomes: Sequence[Outcome], folder: Path) -> None:
    """Write the report's plots into a folder."""
    everything = [judgement for outcome in outcomes for judgement in outcome.judgements]
    single = [j for o in outcomes if o.condition in ONE_UTTERANCE for j in o.judgements]
    _accuracy(figures, folder / "accuracy.png")
    _margins(single, folder / "margins.png")
    _labels(everything, folder / "labels.png")


def _accuracy(figures: Figures, file: Path) -> None:
    """Draw the shares of right answers by length, for each SNR."""
    figure, axes = _axes("speech in the clip", "right speaker, % of answered clips")
    snrs = list(dict.fromkeys(row.snr for row in figures.by_length))
    for number, (snr, colour) in enumerate(zip(snrs, _COLOURS, strict=False)):
        shift = 0.16 * (number - (len(snrs) - 1) / 2)
        shares = {
            LENGTH_BINS.index(row.name) + shift: row.clips.right
            for row in figures.by_length
            if row.snr == snr and row.name in LENGTH_BINS
        }
        _points(axes, shares, color=colour, label=snr if snr == "clean" else f"{snr} dB")
    axes.set_xticks(range(len(LENGTH_BINS)), LENGTH_BINS)
    axes.set_xlim(-0.5, len(LENGTH_BINS) - 0.5)
    figure.legend(title="SNR", loc="outside upper right", ncols=len(snrs), frameon=False)
    _save(figure, file)


def _margins(judgements: Sequence[Judgement], file: Path) -> None:
    """Draw the distributions of the margins of right and of wrong answers."""
    figure, axes = _axes("margin between the two voices", "clips")
    known = [j for j in judgements if j.margin is not None]
    edges = np.linspace(0, max([j.margin or 0 for j in known], default=1.0) or 1.0, 31)
    for is_right, name, colour in ((True, "right", _COLOURS[0]), (False, "wrong", _COLOURS[2])):
        margins = [j.margin for j in known if j.is_right == is_right]
        axes.hist(margins, edges, color=colour, alpha=0.6, label=f"{name} ({len(margins)})")
    # Most answers are right: the wrong ones would be invisible on a linear scale.
    axes.set_yscale("symlog", linthresh=1)
    figure.legend(title="speaker", loc="outside upper right", ncols=2, frameon=False)
    _save(figure, file)


def _labels(judgements: Sequence[Judgement], file: Path) -> None:
    """Draw the share of right answers for each label."""
    figure, axes = _axes("label of the answer", "right speaker, % of its clips")
    found = {n: s for n, s in clip_figures(judgements).right_by_label.items() if s.of}
    _points(axes, dict(enumerate(found.values())), color=_COLOURS[0])
    axes.set_xticks(range(len(found)), [f"{name}\n{s.of} clips" for name, s in found.items()])
    axes.set_xlim(-0.5, len(found) - 0.5)
    _save(figure, file)


def _points(axes: Any, shares: dict[float, Share], **style: Any) -> None:
    """Draw shares with their intervals; the keys are x positions."""
    known = {at: found for at, found in shares.items() if found.share is not None}
    values = [100 * (found.share or 0) for found in known.values()]
    low, high = (np.array([100 * s.interval[end] for s in known.values()]) for end in (0, 1))
    # Rounding may put an interval's end on the wrong side of a share of 0 or 1.
    reach = np.maximum(0, [values - low, high - values])
    axes.errorbar(list(known), values, yerr=reach, fmt="o", capsize=3, markersize=5, **style)
    axes.set_ylim(min([*low, 80]) - 2, 101)


def _axes(x_label: str, y_label: str) -> tuple[Figure, Any]:
    figure = Figure(_SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(file, dpi=_DOTS_PER_INCH)
