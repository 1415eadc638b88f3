"""The process with the language model: `python -m hwaja.workers.inference.language_worker`.

The language model needs much memory, so one process serves all workers. It exchanges `wire` frames
as the workers do.
"""

from hwaja.engines.interface import EngineError
from hwaja.engines.recognition import Abilities
from hwaja.engines.texts.language_model import Kiwi, likeliest
from hwaja.workers.inference.child import run
from hwaja.workers.transport import frames, wire


def serve(requests: frames.Pipe, replies: frames.Pipe) -> None:
    """Load the model, then answer requests until `requests` ends.

    Raises:
        WireError: the bytes are not requests that this worker takes.
        OSError: a pipe failed, for example because the server has ended.

    """
    if not isinstance(frames.read_request(requests), wire.LanguageSetup):
        return
    try:
        model = Kiwi()
    except EngineError as error:
        frames.write_reply(replies, wire.Unusable(str(error)))
        return
    frames.write_reply(replies, wire.Ready(Abilities()))
    while (request := frames.read_request(requests)) is not None:
        if not isinstance(request, wire.Rank):
            raise frames.WireError(f"the language worker takes no {type(request).__name__}")
        index = likeliest(request.candidates, model)
        del request.candidates[:]
        frames.write_reply(replies, wire.Ranked(request.rank_id, index))


def main() -> None:
    """Serve requests on stdin and stdout."""
    run(serve)


if __name__ == "__main__":
    main()
