"""A worker that ends its process on some audio, as sherpa-onnx does on misuse, and hangs on other.

It is a module of its own, to be run in place of `hwaja.workers.inference.worker`.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from hwaja.engines import loading
from hwaja.engines.ctranslate2.whisper import WhisperRecognizer
from hwaja.engines.interface import Samples
from hwaja.engines.loading import OfflineRecognizer
from hwaja.engines.sherpa.online import OnlineStream
from hwaja.workers.inference import worker

DEADLY_SAMPLE = 0.875
STUCK_SAMPLE = -0.875


def _touch(samples: Samples) -> None:
    if (samples == DEADLY_SAMPLE).any():
        os._exit(255)
    while (samples == STUCK_SAMPLE).any():
        time.sleep(1)


def _touching(method: Callable[..., Any]) -> Callable[..., Any]:
    def called(self: object, heard: Any) -> Any:
        for each in heard if isinstance(heard, list) else [heard]:
            _touch(getattr(each, "samples", each))
        return method(self, heard)

    return called


def main(batch_size: int | None = None) -> None:
    """Serve requests; see `poison.write_poisonable_worker`."""
    loading.WhisperRecognizer = partial(WhisperRecognizer, batch_size=batch_size)  # type: ignore[assignment,misc]
    for kind, name in (
        (OfflineRecognizer, "recognise"),
        (WhisperRecognizer, "recognise_batch"),
        (OnlineStream, "feed"),
    ):
        setattr(kind, name, _touching(getattr(kind, name)))
    worker.main()


if __name__ == "__main__":
    size = os.environ.get("DEADLY_WORKER_BATCH")
    main(None if size is None else int(size))
