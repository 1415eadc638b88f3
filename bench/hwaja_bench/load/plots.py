"""Draws the plot of a load test as a PNG file."""

import itertools
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from hwaja_bench.load.playing import Transcript
from hwaja_bench.processes import Look

_SIZE_INCHES = (8.0, 6.0)
_DOTS_PER_INCH = 110


def draw(transcripts: Sequence[Transcript], looks: Sequence[Look], file: Path) -> None:
    """Draw delays, memory and processor time over time."""
    figure = Figure(_SIZE_INCHES, layout="constrained")
    delays, memory, cpu = figure.subplots(3, sharex=True)
    for each in transcripts:
        at = [each.began_seconds + final.at_seconds for final in each.finals]
        delays.plot(at, [final.delay_seconds for final in each.finals], ".", markersize=3)
    delays.set_ylabel("delay of texts, s")
    began = looks[0].at_seconds
    for name in looks[-1].resident_bytes:
        known = [look for look in looks if name in look.resident_bytes]
        at = [look.at_seconds - began for look in known]
        memory.plot(at, [look.resident_bytes[name] / 2**20 for look in known], label=name)
    memory.set_ylabel("memory, MiB")
    for name in looks[-1].cpu_seconds:
        pairs = [
            (before, after)
            for before, after in itertools.pairwise(looks)
            if name in before.cpu_seconds and name in after.cpu_seconds
        ]
        at = [after.at_seconds - began for _, after in pairs]
        used = [
            100
            * (after.cpu_seconds[name] - before.cpu_seconds[name])
            / (after.at_seconds - before.at_seconds)
            for before, after in pairs
        ]
        cpu.plot(at, used, label=name, linewidth=0.8)
    cpu.set_ylabel("of a core, %")
    cpu.set_xlabel("seconds")
    for axes in (memory, cpu):
        axes.legend(loc="upper left", ncols=5, fontsize="small", frameon=False)
    for axes in (delays, memory, cpu):
        axes.set_ylim(bottom=0)
        axes.grid(axis="y", alpha=0.3)
    figure.savefig(file, dpi=_DOTS_PER_INCH)
