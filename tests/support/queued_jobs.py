"""Jobs of sessions for a queue of jobs, and its clock."""

import asyncio

from hwaja.workers.jobs import Job
from hwaja.workers.transport import wire


def job(owner: str, samples: int = 0) -> Job:
    return Job(
        owner,
        lambda job_id, suspect: wire.Embed(job_id, memoryview(b""), suspect),
        10.0,
        asyncio.Future[wire.JobReply](),
        samples=samples,
    )


def now() -> float:
    return asyncio.get_running_loop().time()
