"""Audio that kills the worker that reads it, as sherpa-onnx ends the process on misuse."""

import stat
import sys
from pathlib import Path

from deadly_worker import DEADLY_SAMPLE, STUCK_SAMPLE

from hwaja.engines.interface import Pcm16

_WORKER = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import deadly_worker
deadly_worker.main({{batch_size}})
"""


def poisoned(pcm: Pcm16, sample: float = DEADLY_SAMPLE) -> Pcm16:
    """A copy of audio that kills."""
    deadly = pcm.copy()
    deadly[len(deadly) // 2] = round(32768 * sample)
    return deadly


def sticky(pcm: Pcm16) -> Pcm16:
    """A copy of audio on which a worker hangs."""
    return poisoned(pcm, STUCK_SAMPLE)


def write_poisonable_worker(folder: Path, batch_size: int | None = None) -> str:
    """Return an executable to start workers with that die of poisoned audio.

    With a batch size, their Whisper takes so many utterances at once.
    """
    script = folder / "worker"
    script.write_text(_WORKER.format(batch_size=batch_size))
    script.chmod(stat.S_IRWXU)
    return str(script)
