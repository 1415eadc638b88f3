"""The audio of one client on its way in: into the ring, past the detector, to the session."""

import asyncio
import time
from collections.abc import Callable

from hwaja._pcm import RingBuffer
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.events import Arrival, Audio, AudioStopped, OddAudio
from hwaja.session.state_machine import Session
from hwaja.vad.audio_format import FormatWatch
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import Detection, SileroState

STOPPED_SECONDS = 1.5
"""How long after it was due the next message is not waited for any more: a network is stuck for as
long now and then, and who waits for an answer notices."""

PIECE_SAMPLES = 16 * FRAME_SAMPLES
"""A long message is taken in pieces of about 0.5 s, so that no client holds the loop long."""


class Intake:
    """Takes the audio that a session listens to, as fast as its ring has room."""

    def __init__(
        self,
        session: Session,
        ring: RingBuffer,
        detection: Detection[SileroState],
        tell: Callable[[Audio | AudioStopped | OddAudio], asyncio.Future[None]],
        is_behind: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            session: says when it listens, and how far it has heard.
            ring: is filled.
            detection: hears the frames.
            tell: has the session take what is heard, and once that nothing comes any more; what it
                returns is done once the session has.
            is_behind: whether something has come that was not taken yet.

        """
        self._session = session
        self._ring = ring
        self._detection = detection
        self._tell = tell
        self._is_behind = is_behind
        self._due: asyncio.TimerHandle | None = None  # at the latest, the next message
        self._state = detection.new_state()
        self._format_watch = FormatWatch()
        self._taken: asyncio.Future[None] = asyncio.Future()  # by the session, the last frames
        self._taken.set_result(None)
        self._roomy = asyncio.Event()
        self.idle_since = time.monotonic()
        """Since when there has been nothing to do, unless something is being taken."""
        self.is_connected = True
        """Whether what waits for room is to be had: it is not, once its connection is gone."""

    def begin(self) -> None:
        """Forget the detector's past."""
        self._state.reset()

    def watch_format(self) -> None:
        """Look in what comes for the signs of another format than PCM16, mono, of 16 kHz."""
        self._format_watch.begin()

    def look_again(self) -> None:
        """Learn that the ring may have room again, or that nothing more is wanted."""
        self._roomy.set()

    def forget(self) -> None:
        """Overwrite what was heard, and expect nothing more."""
        self._cease()
        self._ring.release(self._ring.end)
        self._state.reset()
        self._format_watch.forget()

    async def take(self, pcm: memoryview, received_at: float) -> None:
        """Take one message, piece by piece; returns early where no more of it is wanted.

        Args:
            pcm: PCM16.
            received_at: when it came, in seconds of `time.monotonic`.

        """
        arrival = Arrival(
            stop=self._ring.end + len(pcm) // 2,
            at=received_at,
            unix_seconds=time.time() - (time.monotonic() - received_at),
            waited_seconds=max(0.0, received_at - self.idle_since),
        )
        try:
            await self._take(pcm, arrival)
        finally:
            self.idle_since = time.monotonic()
        if pcm:  # the next is due when as much time has passed as this one is long
            self._expect(len(pcm) / 2 / SAMPLE_RATE)

    async def _take(self, pcm: memoryview, arrival: Arrival) -> None:
        piece_bytes = 2 * PIECE_SAMPLES
        for offset in range(0, len(pcm), piece_bytes):
            piece = pcm[offset : offset + piece_bytes]
            await self._taken  # before it is asked what it wants
            while self._is_wanted and self._free_samples < len(piece) // 2:
                self._roomy.clear()
                await self._roomy.wait()
            if not self._is_wanted:
                return
            self._ring.push(piece)
            looks_like = self._format_watch.hear(piece)
            if looks_like is not None:
                self._tell(OddAudio(looks_like))
            await self._detect(arrival)

    def _expect(self, due_seconds: float) -> None:
        self._cease()
        loop = asyncio.get_running_loop()
        self._due = loop.call_later(due_seconds + STOPPED_SECONDS, self._miss)

    def _miss(self) -> None:
        if self._is_behind():
            self._expect(0.0)
        else:
            self._tell(AudioStopped())

    def _cease(self) -> None:
        if self._due is not None:
            self._due.cancel()

    @property
    def _is_wanted(self) -> bool:
        return self.is_connected and self._session.listening

    @property
    def _free_samples(self) -> int:
        return self._ring.capacity - len(self._ring)

    async def _detect(self, arrival: Arrival) -> None:
        """Show the new whole frames to the detector and the session."""
        heard = self._session.heard
        frames = self._ring.frames(heard, FRAME_SAMPLES)
        if len(frames) == 0:
            return
        levels_dbfs = self._ring.levels(heard, FRAME_SAMPLES)
        probabilities = await self._detection.probabilities(self._state, frames)
        frames.fill(0)
        levels = tuple(levels_dbfs.tolist())
        self._taken = self._tell(Audio(heard + frames.size, probabilities, levels, arrival))
