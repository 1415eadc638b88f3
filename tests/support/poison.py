"""Audio that kills the worker that reads it, as sherpa-onnx ends the process on misuse."""

import stat
import sys
from pathlib import Path

from hwaja.engines.interface import Pcm16

_DEADLY_SAMPLE = 0.875

_WORKER = f"""#!{sys.executable}
import os
from hwaja.workers import worker
from hwaja.engines.sherpa import OfflineRecognizer
from hwaja.engines.sherpa_online import OnlineStream
from hwaja.engines.whisper import WhisperRecognizer

def deadly(method):
    def touch(self, samples, *rest):
        if (samples == {_DEADLY_SAMPLE}).any():
            os._exit(255)
        return method(self, samples, *rest)
    return touch

OfflineRecognizer.recognise = deadly(OfflineRecognizer.recognise)
WhisperRecognizer.recognise = deadly(WhisperRecognizer.recognise)
OnlineStream.feed = deadly(OnlineStream.feed)
worker.main()
"""


def poisoned(pcm: Pcm16) -> Pcm16:
    """A copy of audio that kills."""
    deadly = pcm.copy()
    deadly[len(deadly) // 2] = 32768 * _DEADLY_SAMPLE
    return deadly


def write_poisonable_worker(folder: Path) -> str:
    """Return an executable to start workers with that die of poisoned audio."""
    script = folder / "worker"
    script.write_text(_WORKER)
    script.chmod(stat.S_IRWXU)
    return str(script)
