"""Real workers within a context."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hwaja.workers.pool import Pool
from hwaja.workers.transport import wire


@asynccontextmanager
async def running(setup: wire.Setup, workers: int = 1) -> AsyncIterator[Pool]:
    """A pool that has started, and is closed when the block ends."""
    pool = Pool(setup, workers)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()
