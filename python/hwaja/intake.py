"""The audio of one client on its way in: into the ring, past the detector, to the session."""

import asyncio
import time
from collections.abc import Callable

from hwaja._pcm import RingBuffer
from hwaja.detection import Detection
from hwaja.engines.silero import SileroState
from hwaja.events import Audio
from hwaja.gate import FRAME_SAMPLES
from hwaja.session import Session

PIECE_SAMPLES = 16 * FRAME_SAMPLES
"""A long message is taken in pieces of about 0.5 s, so that no client holds the loop long."""


class Intake:
    """Takes the audio that a session listens to, as fast as its ring has room."""

    def __init__(
        self,
        session: Session,
        ring: RingBuffer,
        detection: Detection[SileroState],
        tell: Callable[[Audio], None],
    ) -> None:
        """Prepare; `tell` is told what is heard."""
        self._session = session
        self._ring = ring
        self._detection = detection
        self._tell = tell
        self._state = detection.new_state()
        self._next_frame = 0  # first sample not yet shown to the detector
        self._roomy = asyncio.Event()

    def begin(self, origin: int) -> None:
        """Forget the detector's past; frames are counted from sample `origin` on."""
        self._next_frame = origin
        self._state.reset()

    def look_again(self) -> None:
        """Learn that the ring may have room again, or that nothing more is wanted."""
        self._roomy.set()

    def forget(self) -> None:
        """Overwrite what was heard."""
        self._ring.release(self._ring.end)
        self._state.reset()

    async def take(self, pcm: memoryview) -> None:
        """Take one message, piece by piece; returns early where no more of it is wanted."""
        received_at = time.time()
        piece_bytes = 2 * PIECE_SAMPLES
        for offset in range(0, len(pcm), piece_bytes):
            piece = pcm[offset : offset + piece_bytes]
            while self._session.listening and self._free_samples < len(piece) // 2:
                self._roomy.clear()
                await self._roomy.wait()
            if not self._session.listening:
                return
            self._ring.push(piece)
            await self._detect(received_at)

    @property
    def _free_samples(self) -> int:
        return self._ring.capacity - len(self._ring)

    async def _detect(self, received_at: float) -> None:
        """Show the new whole frames to the detector and the session."""
        frames = self._ring.frames(self._next_frame, FRAME_SAMPLES)
        if len(frames) == 0:
            return
        levels_dbfs = self._ring.levels(self._next_frame, FRAME_SAMPLES)
        probabilities = await self._detection.probabilities(self._state, frames)
        self._next_frame += frames.size
        frames.fill(0)
        levels = tuple(levels_dbfs.tolist())
        self._tell(Audio(self._next_frame, probabilities, levels, received_at))
