"""Takes the audio of one client: writes it to the ring, runs VAD, and passes it to the session."""

import asyncio
import time
from collections.abc import Callable

from hwaja.audio.stream import AudioStream
from hwaja.protocol.audio import AudioConfig
from hwaja.session.events import Arrival, Audio, AudioStopped, Ignored, SuspectAudio
from hwaja.session.state_machine import Session
from hwaja.vad.audio_format import FormatWatch
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import CONTEXT_SAMPLES, Detection, SileroState, frames_to_detect

STOPPED_SECONDS = 1.5
"""The client's audio has stopped if the next message is this much overdue. A network sometimes
stalls for this long. A user who waits for an answer notices a longer wait."""


class Intake:
    """Takes the audio of a session while the session listens and its ring has room."""

    def __init__(
        self,
        session: Session,
        stream: AudioStream,
        detection: Detection[SileroState],
        post: Callable[[Audio | AudioStopped | Ignored | SuspectAudio], asyncio.Future[None]],
        is_behind: Callable[[], bool],
    ) -> None:
        """Create the intake of a session.

        Args:
            session: tells whether it listens, and which samples it has processed.
            stream: the audio is decoded into its ring.
            detection: runs VAD on the frames.
            post: passes an event to the session. The future is done once the event is handled.
            is_behind: returns whether a received message is not taken yet.

        """
        self._session = session
        self._stream = stream
        self._ring = stream.ring
        self._detection = detection
        self._post = post
        self._is_behind = is_behind
        self._due: asyncio.TimerHandle | None = None  # when the next message is overdue
        self._states = [detection.new_state()]  # one for each channel
        self._origin = 0  # the detector's context begins at this sample
        self._format_watch = FormatWatch()
        self._taken: asyncio.Future[None] = asyncio.Future()  # the last frames, by the session
        self._taken.set_result(None)
        self._arrival = Arrival(0, 0.0, 0.0, 0.0)  # of the last message
        self._roomy = asyncio.Event()
        self.idle_since = time.monotonic()
        """When the last message was taken, or this was created, in seconds of `time.monotonic`."""
        self.is_connected = True
        """Whether the client is connected. If not, a message that waits for room is given up."""

    def begin(self) -> None:
        """Reset the VAD for new audio, which begins at the session's next sample."""
        self._origin = self._session.processed_stop
        for state in self._states:
            state.reset()

    def decode(self, config: AudioConfig) -> None:
        """Begin another stream, whose audio is encoded as `config` says."""
        self._stream.begin(config)
        self._states[1:] = [self._detection.new_state() for _ in self._stream.rings[1:]]

    def watch_format(self) -> None:
        """Check the next audio for another format, if it should be PCM16, mono, at 16 kHz."""
        self._format_watch.begin()

    def release(self, index: int) -> None:
        """Overwrite the audio before sample `index`.

        While the session listens, the detector's context of the next frame is kept.
        """
        if self._session.listening:
            index = min(index, max(self._origin, self._session.processed_stop - CONTEXT_SAMPLES))
        self._stream.release(index)
        self.wake()

    def wake(self) -> None:
        """Wake `take`: the ring may have room, or the session may want no more audio."""
        self._roomy.set()

    def forget(self) -> None:
        """Overwrite all audio, and stop waiting for the next message."""
        self._cease()
        self._stream.forget()
        for state in self._states:
            state.reset()
        self._format_watch.forget()

    async def take(self, message: memoryview, received_at: float) -> None:
        """Take one message, piece by piece. Returns early if its rest is not wanted.

        Args:
            message: audio, encoded as the stream is; `AudioStream.fault_of` returns None for it.
            received_at: when the message arrived, in seconds of `time.monotonic`.

        Raises:
            BadAudioError: for an Opus packet that libopus refuses. None of it was taken.

        """
        self._arrival = Arrival(
            stop=self._stream.stop_of(message),
            at=received_at,
            unix_seconds=time.time() - (time.monotonic() - received_at),
            waited_seconds=max(0.0, received_at - self.idle_since),
        )
        try:
            await self._take(message)
        finally:
            self.idle_since = time.monotonic()
        if message:  # the next message is due after the duration of this one
            self._expect(self._stream.seconds_of(message))

    async def _take(self, message: memoryview) -> None:
        for piece in self._stream.pieces_of(message):
            await self._taken  # first: afterwards the session may want no more
            while self._is_wanted and not self._stream.has_room(piece):
                self._roomy.clear()
                await self._roomy.wait()
            if not self._is_wanted:
                return
            self._stream.push(piece)
            if self._stream.is_specified and not self._session.is_paused:
                self._watch(piece)
            await self._hear()

    async def drain(self) -> None:
        """Pass on the audio that a resampler has held back: a message of the client follows it."""
        await self._taken
        if self._is_wanted and self._stream.drain():
            await self._hear()

    def _watch(self, piece: memoryview) -> None:
        looks_like = self._format_watch.add(piece)
        if looks_like is not None:
            self._post(SuspectAudio(looks_like))

    async def _hear(self) -> None:
        if self._session.is_paused:
            self._taken = self._post(Ignored(self._ring.end, self._arrival))
        else:
            await self._detect()

    async def heard(self) -> None:
        """Wait until the session has handled all audio that was taken."""
        await self._taken

    def _expect(self, due_seconds: float) -> None:
        self._cease()
        loop = asyncio.get_running_loop()
        self._due = loop.call_later(due_seconds + STOPPED_SECONDS, self._miss)

    def _miss(self) -> None:
        if self._is_behind():
            self._expect(0.0)
        else:
            self._stream.drain()
            self._post(AudioStopped(self._ring.end))

    def _cease(self) -> None:
        if self._due is not None:
            self._due.cancel()

    @property
    def _is_wanted(self) -> bool:
        return self.is_connected and self._session.listening

    async def _detect(self) -> None:
        """Run VAD on the new whole frames of each channel, and pass the results to the session."""
        start = self._session.processed_stop
        found = [frames_to_detect(ring, start, self._origin) for ring in self._stream.rings]
        count = len(found[0][0])
        if count == 0:
            return
        calls = zip(self._states, found, strict=True)
        detecting = [self._detection.probabilities(state, frames) for state, (frames, _) in calls]
        probabilities = await asyncio.gather(*detecting)
        stop = start + count * FRAME_SAMPLES
        for channel, (frames, levels_dbfs) in enumerate(found):
            frames.fill(0)
            audio = Audio(stop, probabilities[channel], levels_dbfs, self._arrival, channel)
            self._taken = self._post(audio)
