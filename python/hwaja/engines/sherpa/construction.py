"""Constructs sherpa-onnx's recognisers, offline and streaming, and their streams."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from hwaja.engines.interface import EngineError
from hwaja.engines.sherpa.hotwords import HotwordUnits, encode_hotwords, hotword_arguments
from hwaja.protocol.values import Hotword

FAILURES = (RuntimeError, ValueError, IndexError)
"""What sherpa-onnx raises where a graph fails or writes a token that is not in the table."""


class Export(Protocol):
    """The part of `OfflineExport` and `StreamingExport` that a constructor needs."""

    @property
    def files(self) -> Mapping[str, Path]:
        """Files, and the folder of a tokenizer, by the constructor's parameter names."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Further constructor parameters."""

    @property
    def hotwords(self) -> HotwordUnits | None:
        """Units of hotwords; None where the decoding method does not support hotwords."""


def construct(constructor: Callable[..., Any], export: Export, **further: object) -> Any:
    """Return sherpa-onnx's recogniser of a checked model; it computes on one thread."""
    arguments = {name: str(path) for name, path in export.files.items()} | dict(export.settings)
    with hotword_arguments(export.hotwords) as of_hotwords:
        # One thread has the lowest cost per utterance (design notes).
        return constructor(**arguments, **of_hotwords, **further, num_threads=1)


@contextmanager
def failures_explained(export: Export) -> Iterator[None]:
    """Raise an EngineError with one sentence where sherpa-onnx cannot load or run a model."""
    try:
        yield
    except FAILURES as error:
        reason = str(error).strip().splitlines()[0]
        name = next(iter(export.files.values())).parent.name
        raise EngineError(f"sherpa-onnx cannot run the model {name} ({reason}).") from error


def new_stream(recogniser: Any, hotwords: Sequence[Hotword], units: HotwordUnits | None) -> Any:
    """Return a stream of a recogniser. It has the hotwords if there are units for them.

    Raises:
        EngineError: where a hotword is invalid; see `hotwords.encode_hotwords`.

    """
    if hotwords and units is not None:
        return recogniser.create_stream(encode_hotwords(hotwords, units))
    return recogniser.create_stream()
