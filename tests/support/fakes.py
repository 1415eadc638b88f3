"""Fake engines with results that the test sets."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext

import clips
import numpy as np
from msgspec.structs import replace

from hwaja.engines.interface import HOP_SAMPLES, Embedding, Pcm16, Samples, VoiceTrack
from hwaja.engines.recognition import Abilities, Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.server.session_runner import RING_SECONDS
from hwaja.speakers.voices import NEAREST, Cohort
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import CONTEXT_SAMPLES, Detection, SileroDetector, SileroState
from hwaja.workers import wire
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.pool import Pool


class FakeState:
    """Counts the frames of one stream."""

    def __init__(self) -> None:
        self.heard = 0

    def reset(self) -> None:
        self.heard = 0


class FakeDetector:
    """Takes the first sample of each frame for its speech probability.

    A frame that begins with a negative sample fails the whole call.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []  # streams in each call

    def new_state(self) -> FakeState:
        return FakeState()

    def detect(self, streams: Sequence[tuple[FakeState, Samples]]) -> list[tuple[float, ...]]:
        self.batches.append(len(streams))
        if any((frames < 0).any() for _, frames in streams):
            raise RuntimeError("the detector failed")
        for state, frames in streams:
            state.heard += len(frames)
        return [tuple(frames[:, CONTEXT_SAMPLES].tolist()) for _, frames in streams]


RING_FRAMES = RING_SECONDS * SAMPLE_RATE // 4096 * 4096 // FRAME_SAMPLES
"""Frames in the whole messages of 4096 samples that a session's ring has room for."""


class WatchedDetection(Detection[SileroState]):
    """The real detection, and how many frames it was shown."""

    def __init__(self, detector: SileroDetector) -> None:
        super().__init__(detector)
        self.frames = 0
        self._more = asyncio.Event()

    async def probabilities(self, state: SileroState, frames: Samples) -> tuple[float, ...]:
        found = await super().probabilities(state, frames)
        self.frames += len(frames)
        self._more.set()
        return found

    async def heard(self, frames: int) -> None:
        """Wait until so many frames were shown."""
        async with asyncio.timeout(30):
            while self.frames < frames:
                self._more.clear()
                await self._more.wait()


class EagerInterimWorker(InterimWorker):
    """Drafts whose worker yields to nobody: a machine that runs tests may be busy for long."""

    def __init__(self, setup: wire.Setup) -> None:
        super().__init__(setup)
        self._pool = Pool(replace(setup, voices=None), workers=1)


def no_cohort(dim: int = 2) -> Cohort:
    """A cohort without similar voices, so that scores are cosines."""
    return Cohort(np.zeros((NEAREST, dim), np.float32))


class FakePool:
    """Replaces the worker processes and gives the results that a test sets.

    A text is "a" for the first utterance of the pool, "b" for the second and so on; a voice is the
    next of `voices`, and once there are none one of two. While `working` is clear, jobs wait;
    `asked` is set when one begins to wait for a text. What is in `failures` is raised by the next
    recognitions, one each, and what is in `voice_failures` by the next embeddings.
    """

    def __init__(self) -> None:
        self.working = asyncio.Event()
        self.working.set()
        self.asked = asyncio.Event()
        self.failures: list[Exception] = []
        self.voice_failures: list[Exception] = []
        self.voices: list[tuple[float, ...]] = []
        self.idle_workers = self.running_workers = 1
        self.queue_seconds = 0.0
        self.restarts = 0
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        self.abilities = Abilities()
        self.ahead: set[Hashable] = set()
        self.heard: list[Pcm16] = []  # what each recognition was given
        self.embedded: list[tuple[int, bool]] = []
        """Of each embedding, how much it was given, and whether overlaps were looked for."""

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        (self.ahead.add if is_ahead else self.ahead.discard)(owner)

    def shares(self, _owner: Hashable) -> float:
        return 0.0

    def leave(self, _owner: Hashable) -> None:
        pass

    def sparing(self, _owner: Hashable) -> AbstractContextManager[None]:
        return nullcontext()

    async def recognise(
        self,
        _owner: Hashable,
        read: Callable[[], Samples],
        samples: int,
        _options: Options,
        _speech_seconds: float | None = None,
    ) -> Hypothesis:
        self.asked.set()
        await self.working.wait()
        self.heard.append(read().copy())
        assert len(self.heard[-1]) == samples
        if self.failures:
            raise self.failures.pop(0)
        return Hypothesis(chr(ord("a") + (len(self.heard) - 1) % 26))

    async def embed(
        self, _owner: Hashable, read: Callable[[], Pcm16], samples: int, *, overlaps: bool
    ) -> VoiceTrack:
        await self.working.wait()
        heard = read()
        self.embedded.append((len(heard), overlaps))
        assert len(heard) == samples
        if self.voice_failures:
            raise self.voice_failures.pop(0)
        hops = -(-samples // HOP_SAMPLES)
        voice = np.array(self.voices.pop(0), np.float32) if self.voices else voice_in(heard)
        return VoiceTrack(voice, np.tile(voice, (hops, 1)), np.zeros(hops, np.float32))


def voice_in(samples: Pcm16) -> Embedding:
    """Return one voice for what is from the clip of speaker 0, another for everything else."""
    is_first = samples[:400].tobytes() in clips.clip("beckett")
    return np.array([is_first, not is_first], np.float32)
