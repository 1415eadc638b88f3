"""A worker without an engine, which answers at once: what is left is the way to it and back.

It takes batches. The text of an utterance is its place among those of its batch.
"""

import os
from functools import partial

from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.workers.inference import child
from hwaja.workers.transport import frames, wire


def serve(requests: frames.Pipe, replies: frames.Pipe) -> None:
    send = partial(frames.write_reply, replies)
    if isinstance(frames.read_request(requests), wire.Setup):
        send(wire.Ready(Abilities(batch_size=wire.MAX_BATCH)))
    while (request := frames.read_request(requests)) is not None:
        jobs = request.jobs if isinstance(request, wire.Batch) else [request]
        for place, job in enumerate(jobs, start=1):
            if isinstance(job, wire.Recognise):
                send(wire.Recognised(job.job_id, Hypothesis(f"{place} of {len(jobs)}")))


if __name__ == "__main__":
    child.run(serve)
    os._exit(0)
