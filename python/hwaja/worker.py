"""The inference process: `python -m hwaja.worker`.

Speaks `wire` frames on stdin and stdout, one request at a time. It ends when stdin does, so it
never outlives the front. It may also end at any moment because the engine ended it: the front
notices and sends the work again to another.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase
from pathlib import Path

import numpy as np

from hwaja import runtime, wire
from hwaja.engine import Embedder, EngineError, Options, Recognizer, Samples
from hwaja.gate import SAMPLE_RATE
from hwaja.plausible import may_loop, plausible_text

SECOND_LOOK_SILENCE_SECONDS = 0.3
"""Silence put before an utterance that is decoded a second time. Another position in the window
is another try for a greedy decoder: on the test dialogue it ended every loop that was met."""

_SILENCE = np.zeros(round(SECOND_LOOK_SILENCE_SECONDS * SAMPLE_RATE), np.float32)


def serve(requests: BufferedIOBase, replies: BufferedIOBase) -> None:
    """Load what the first request says, then answer requests until there are no more."""
    setup = wire.read_request(requests)
    if not isinstance(setup, wire.Setup):
        return
    try:
        recogniser, embedder = _load(setup)
    except EngineError as error:
        _send(replies, wire.Unusable(str(error)))
        return
    _send(replies, wire.Ready())
    while (request := wire.read_request(requests)) is not None:
        _send(replies, _answer(request, recogniser, embedder))


def _load(setup: wire.Setup) -> tuple[Recognizer, Embedder]:
    if setup.provider == "cuda":
        runtime.put_below_sherpa()
    # Imported here: the import alone takes long, and its failure must reach the front.
    from hwaja import sherpa

    recogniser = sherpa.load_recogniser(Path(setup.recogniser_dir), setup.language, setup.provider)
    return recogniser, sherpa.SpeakerEmbedder(Path(setup.embedder_file), setup.provider)


def _answer(request: wire.Request, recogniser: Recognizer, embedder: Embedder) -> wire.Reply:
    if isinstance(request, wire.Setup):
        raise wire.WireError("set up twice")
    try:
        with _audio_of(request) as samples:
            if isinstance(request, wire.Recognise):
                text = _text_of(samples, recogniser)
                return wire.Recognised(request.job_id, plausible_text(text, request.speech_seconds))
            return wire.Embedded(request.job_id, embedder.embed(samples).data.cast("B"))
    except EngineError:
        return wire.Failed(request.job_id)


def _text_of(samples: Samples, recogniser: Recognizer) -> str:
    """Recognise an utterance; where the text seems to loop, listen once more."""
    text = recogniser.recognise(samples, Options()).text
    if not may_loop(text):
        return text
    later = np.concatenate([_SILENCE, samples])
    try:
        again = recogniser.recognise(later, Options()).text
    finally:
        later.fill(0)
    return text if may_loop(again) else again


@contextmanager
def _audio_of(request: wire.Recognise | wire.Embed) -> Iterator[Samples]:
    """Yield the audio of a request, and overwrite every copy of it afterwards."""
    # A frame puts its bytes anywhere; the engine reads floats at addresses that are aligned.
    samples = np.frombuffer(request.samples, np.float32).copy()
    wire.erase(request.samples)
    try:
        yield samples
    finally:
        samples.fill(0)


def _send(replies: BufferedIOBase, reply: wire.Reply) -> None:
    replies.write(wire.encode(reply))
    replies.flush()


def main() -> None:
    """Serve on stdin and stdout."""
    # Ctrl-C reaches the whole process group; the front decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The engine prints to stdout: keep the real one for frames, and give it stderr instead.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(requests, replies)
    except BrokenPipeError:  # the front is gone
        sys.exit(1)


if __name__ == "__main__":
    main()
