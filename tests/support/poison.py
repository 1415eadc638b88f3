"""Audio that kills the worker that reads it, as sherpa-onnx ends the process on misuse."""

import stat
import sys
from pathlib import Path

from hwaja.engines.interface import Pcm16

_DEADLY_SAMPLE = 0.875

_WORKER = f"""#!{sys.executable}
import os
from functools import partial
from hwaja.engines import sherpa
from hwaja.workers import worker
from hwaja.engines.sherpa import OfflineRecognizer
from hwaja.engines.sherpa_online import OnlineStream
from hwaja.engines.whisper import WhisperRecognizer

def touch(samples):
    if (samples == {_DEADLY_SAMPLE}).any():
        os._exit(255)

def deadly(method):
    def called(self, heard):
        touch(getattr(heard, "samples", heard))
        return method(self, heard)
    return called

def deadly_batch(method):
    def called(self, utterances):
        for each in utterances:
            touch(each.samples)
        return method(self, utterances)
    return called

sherpa.WhisperRecognizer = partial(WhisperRecognizer, batch_size={{batch_size}})
OfflineRecognizer.recognise = deadly(OfflineRecognizer.recognise)
WhisperRecognizer.recognise_batch = deadly_batch(WhisperRecognizer.recognise_batch)
OnlineStream.feed = deadly(OnlineStream.feed)
worker.main()
"""


def poisoned(pcm: Pcm16) -> Pcm16:
    """A copy of audio that kills."""
    deadly = pcm.copy()
    deadly[len(deadly) // 2] = 32768 * _DEADLY_SAMPLE
    return deadly


def write_poisonable_worker(folder: Path, batch_size: int | None = None) -> str:
    """Return an executable to start workers with that die of poisoned audio.

    With a batch size, their Whisper takes so many utterances at once.
    """
    script = folder / "worker"
    script.write_text(_WORKER.format(batch_size=batch_size))
    script.chmod(stat.S_IRWXU)
    return str(script)
