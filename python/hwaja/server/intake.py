"""Takes the audio of one client: writes it to the ring, runs VAD, and passes it to the session."""

import asyncio
import time
from collections.abc import Callable

from hwaja._pcm import RingBuffer
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.events import Arrival, Audio, AudioStopped, Ignored, SuspectAudio
from hwaja.session.state_machine import Session
from hwaja.vad.audio_format import FormatWatch
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import CONTEXT_SAMPLES, Detection, SileroState, frames_to_detect

STOPPED_SECONDS = 1.5
"""The client's audio has stopped if the next message is this much overdue. A network sometimes
stalls for this long. A user who waits for an answer notices a longer wait."""

PIECE_SAMPLES = 16 * FRAME_SAMPLES
"""A long message is taken in pieces of about 0.5 s, so that no client blocks the loop for long."""


class Intake:
    """Takes the audio of a session while the session listens and its ring has room."""

    def __init__(
        self,
        session: Session,
        ring: RingBuffer,
        detection: Detection[SileroState],
        post: Callable[[Audio | AudioStopped | Ignored | SuspectAudio], asyncio.Future[None]],
        is_behind: Callable[[], bool],
    ) -> None:
        """Create the intake of a session.

        Args:
            session: tells whether it listens, and which samples it has processed.
            ring: the audio is written here.
            detection: runs VAD on the frames.
            post: passes an event to the session. The future is done once the event is handled.
            is_behind: returns whether a received message is not taken yet.

        """
        self._session = session
        self._ring = ring
        self._detection = detection
        self._post = post
        self._is_behind = is_behind
        self._due: asyncio.TimerHandle | None = None  # when the next message is overdue
        self._state = detection.new_state()
        self._origin = 0  # the detector's context begins at this sample
        self._format_watch = FormatWatch()
        self._taken: asyncio.Future[None] = asyncio.Future()  # the last frames, by the session
        self._taken.set_result(None)
        self._roomy = asyncio.Event()
        self.idle_since = time.monotonic()
        """When the last message was taken, or this was created, in seconds of `time.monotonic`."""
        self.is_connected = True
        """Whether the client is connected. If not, a message that waits for room is given up."""

    def begin(self) -> None:
        """Reset the VAD for new audio, which begins at the session's next sample."""
        self._origin = self._session.processed_stop
        self._state.reset()

    def watch_format(self) -> None:
        """Check the next audio for another format than PCM16, mono, at 16 kHz."""
        self._format_watch.begin()

    def release(self, index: int) -> None:
        """Overwrite the audio before sample `index`.

        While the session listens, the detector's context of the next frame is kept.
        """
        if self._session.listening:
            index = min(index, max(self._origin, self._session.processed_stop - CONTEXT_SAMPLES))
        self._ring.release(max(index, self._ring.start))
        self.wake()

    def wake(self) -> None:
        """Wake `take`: the ring may have room, or the session may want no more audio."""
        self._roomy.set()

    def forget(self) -> None:
        """Overwrite all audio, and stop waiting for the next message."""
        self._cease()
        self._ring.release(self._ring.end)
        self._state.reset()
        self._format_watch.forget()

    async def take(self, pcm: memoryview, received_at: float) -> None:
        """Take one message, piece by piece. Returns early if its rest is not wanted.

        Args:
            pcm: int16 little-endian, mono, 16 kHz.
            received_at: when the message arrived, in seconds of `time.monotonic`.

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
        if pcm:  # the next message is due after the duration of this one
            self._expect(len(pcm) / 2 / SAMPLE_RATE)

    async def _take(self, pcm: memoryview, arrival: Arrival) -> None:
        piece_bytes = 2 * PIECE_SAMPLES
        for offset in range(0, len(pcm), piece_bytes):
            piece = pcm[offset : offset + piece_bytes]
            await self._taken  # first: afterwards the session may want no more
            while self._is_wanted and self._free_samples < len(piece) // 2:
                self._roomy.clear()
                await self._roomy.wait()
            if not self._is_wanted:
                return
            self._ring.push(piece)
            if self._session.is_paused:
                self._taken = self._post(Ignored(self._ring.end, arrival))
                continue
            looks_like = self._format_watch.add(piece)
            if looks_like is not None:
                self._post(SuspectAudio(looks_like))
            await self._detect(arrival)

    def _expect(self, due_seconds: float) -> None:
        self._cease()
        loop = asyncio.get_running_loop()
        self._due = loop.call_later(due_seconds + STOPPED_SECONDS, self._miss)

    def _miss(self) -> None:
        if self._is_behind():
            self._expect(0.0)
        else:
            self._post(AudioStopped())

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
        """Run VAD on the new whole frames, and pass the result to the session."""
        start = self._session.processed_stop
        frames, levels_dbfs = frames_to_detect(self._ring, start, self._origin)
        if len(frames) == 0:
            return
        probabilities = await self._detection.probabilities(self._state, frames)
        frames.fill(0)
        start += len(frames) * FRAME_SAMPLES
        self._taken = self._post(Audio(start, probabilities, levels_dbfs, arrival))
