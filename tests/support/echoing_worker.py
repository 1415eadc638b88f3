"""A worker that sends back each byte that it gets, and ends at the end of them."""

import os

from hwaja.workers.inference import child
from hwaja.workers.transport import frames


def serve(requests: frames.Pipe, replies: frames.Pipe) -> None:
    while data := requests.read(1 << 16):
        view = memoryview(data)
        while view:
            view = view[replies.write(view) :]


if __name__ == "__main__":
    child.run(serve)
    os._exit(0)
