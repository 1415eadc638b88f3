"""Measures peers that process one utterance after the other at full speed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import normalise
from hwaja_bench.peers.process import running
from hwaja_bench.peers.table import Row
from hwaja_bench.speech.dialogue import Dialogue
from hwaja_bench.speech.texts import error_rate, reading_error_rate
from hwaja_bench.stats import spread


@dataclass(frozen=True)
class Pieces:
    """The utterances for the peers, by room."""

    name: str
    of_room: Mapping[str, Sequence[bytes]]

    @property
    def seconds(self) -> float:
        """Duration of all pieces."""
        return sum(len(pcm) for pieces in self.of_room.values() for pcm in pieces) / 2 / SAMPLE_RATE


def loop(
    name: str, rooms: Sequence[Dialogue], pieces: Pieces, module: str, arguments: Sequence[str]
) -> Row:
    """Run a peer on the pieces of each room.

    Raises:
        UnavailableError: where the peer cannot run here.

    """
    with running(module, arguments) as peer:
        before_seconds = peer.cpu_seconds
        heard = {room.room: [peer.hear(pcm) for pcm in pieces.of_room[room.room]] for room in rooms}
        cpu_seconds, peak_bytes = peer.cpu_seconds - before_seconds, peer.peak_bytes
    every = [each for of_room in heard.values() for each in of_room]
    texts = {r.room: [each.text for each in heard[r.room]] for r in rooms}
    return Row(
        name=name,
        hears=pieces.name,
        error_rates={r.room: error_rate(r.texts, texts[r.room]) for r in rooms},
        reading_error_rates={r.room: reading_error_rate(r.texts, texts[r.room]) for r in rooms},
        cpu_per_second=cpu_seconds / sum(room.seconds for room in rooms),
        real_time_factor=sum(each.seconds for each in every) / pieces.seconds,
        decoding_seconds=spread([each.seconds for each in every]),
        delay_seconds=None,
        without_text=sum(not normalise(each.text) for each in every),
        peak_mib=peak_bytes / 2**20,
    )
