"""Fake engines with results that the test sets."""

import asyncio
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import clips
import numpy as np
from msgspec.structs import replace

from hwaja.audio.stream import RING_SECONDS
from hwaja.engines.interface import (
    HOP_SAMPLES,
    Embedding,
    Embeddings,
    EngineError,
    Pcm16,
    Samples,
    Utterance,
    VoiceTrack,
)
from hwaja.engines.recognition import (
    NORMAL,
    Abilities,
    Candidate,
    Effort,
    Hypothesis,
)
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options, Token
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.session.states import State
from hwaja.speakers.voices import NEAREST, Cohort
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import CONTEXT_SAMPLES, Detection, SileroDetector, SileroState
from hwaja.workers.generations import Generation, Generations
from hwaja.workers.interim_streams import InterimStreams
from hwaja.workers.interim_worker import InterimWorker
from hwaja.workers.overload import DegradationLevel, Overload
from hwaja.workers.pool import Pool
from hwaja.workers.shared_workers import SessionInterimStreams, SessionInterimWorker, SessionPool
from hwaja.workers.transport import wire
from hwaja.workers.utterance_stream import UtteranceStream


class FakeDetector:
    """Takes the first sample of each frame for its speech probability.

    A frame that begins with a negative sample fails the whole call.
    """

    def __init__(self) -> None:
        self.batches: list[int] = []  # streams in each call
        self.states: list[SileroState] = []  # of each stream in each call

    def new_state(self) -> SileroState:
        return SileroState()

    def detect(self, streams: Sequence[tuple[SileroState, Samples]]) -> list[tuple[float, ...]]:
        self.batches.append(len(streams))
        self.states += [state for state, _ in streams]
        if any((frames < 0).any() for _, frames in streams):
            raise RuntimeError("the detector failed")
        return [tuple(frames[:, CONTEXT_SAMPLES].tolist()) for _, frames in streams]


RING_FRAMES = RING_SECONDS * SAMPLE_RATE // 4096 * 4096 // FRAME_SAMPLES
"""Frames in the whole messages of 4096 samples that a session's ring has room for."""


class WatchedDetection(Detection[SileroState]):
    """The real detection, which counts its frames."""

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
        """Wait until this many frames were processed."""
        async with asyncio.timeout(30):
            while self.frames < frames:
                self._more.clear()
                await self._more.wait()


class WatchedOverload(Overload):
    """The real overload, which counts its checks and can be given a minimum lag."""

    def __init__(self) -> None:
        super().__init__()
        self.at_least_seconds = 0.0
        self.checks = asyncio.Semaphore(0)

    def observe(self, lag_seconds: float, now: float) -> bool:
        changed = super().observe(max(lag_seconds, self.at_least_seconds), now)
        self.checks.release()
        return changed

    async def until(self, level: DegradationLevel) -> None:
        """Wait until exactly this much is left out."""
        async with asyncio.timeout(30):
            while self.level is not level:
                await self.checks.acquire()

    async def until_at_least(self, level: DegradationLevel) -> None:
        """Wait until this much is left out, or more: a level may pass between two checks."""
        async with asyncio.timeout(30):
            while self.level < level:
                await self.checks.acquire()


class EagerInterimWorker(InterimWorker):
    """The interim worker with normal priority, since a machine that runs tests may be busy."""

    def __init__(self, setup: wire.Setup) -> None:
        super().__init__(setup)
        self._pool = Pool(replace(setup, voices=None), workers=1)


class EagerInterimStreams(InterimStreams):
    """The streaming interim worker with normal priority, for the same reason."""

    def __init__(self, setup: wire.Setup) -> None:
        super().__init__(setup)
        self._pool = Pool(replace(setup, voices=None), workers=1)


def no_cohort(dim: int = 2) -> Cohort:
    """A cohort without similar voices, so that scores are cosines."""
    return Cohort(np.zeros((NEAREST, dim), np.float32))


class FakePool:
    """Replaces the worker processes and gives the results that a test sets.

    The text of a whole utterance is "a" for the first of the pool, "b" for the second and so on.
    The text of an utterance stream is "start-stop". A voice is the next of `voices`; if there are
    none, it is one of two. While `working` is clear, jobs wait; `asked` is set when one begins to
    wait for a text. The next recognitions raise the exceptions in `failures`, one each; the next
    embeddings raise those in `voice_failures`.
    """

    def __init__(self, abilities: Abilities = Abilities()) -> None:  # noqa: B008  # it is frozen
        self.working = asyncio.Event()
        self.working.set()
        self.asked = asyncio.Event()
        self.failures: list[Exception] = []
        self.voice_failures: list[Exception] = []
        self.voices: list[tuple[float, ...]] = []
        self.idle_workers = self.running_workers = self.workers = 1
        self.queue_seconds = 0.0
        self.restarts = 0
        self.processes: dict[int, asyncio.subprocess.Process] = {}
        self.abilities = abilities
        self.ahead: set[Hashable] = set()
        self.heard: list[Pcm16] = []  # what each recognition was given
        self.efforts: list[Effort] = []
        self.use = 0.0
        self.embedded: list[tuple[int, bool]] = []
        """Of each embedding, the number of samples, and whether overlaps were requested."""
        self.extended: list[tuple[int, int]] = []  # start and stop of each extended stream
        self.dropped: list[int] = []  # start of each dropped stream
        self.streams: list[UtteranceStream] = []
        self.spared = 0
        """How many interim texts are awaited."""
        self.left: list[Hashable] = []
        self.closed = asyncio.Event()

    def extend(self, utterance: UtteranceStream, stop: int) -> None:
        if utterance not in self.streams:
            self.streams.append(utterance)
        utterance.stop = utterance.sent = stop
        self.extended.append((utterance.start, stop))

    async def finish(
        self, utterance: UtteranceStream, stop: int, speech_seconds: float
    ) -> Hypothesis:
        assert utterance.sent <= stop, "the stream was sent samples after its end"
        self.extend(utterance, stop)
        return Hypothesis(f"{utterance.start}-{stop}")

    def drop(self, utterance: UtteranceStream) -> None:
        self.dropped.append(utterance.start)

    def set_ahead(self, owner: Hashable, is_ahead: bool) -> None:
        (self.ahead.add if is_ahead else self.ahead.discard)(owner)

    def add_worker(self) -> None:
        self.workers += 1

    def remove_worker(self) -> None:
        self.workers -= 1

    def shares(self, owner: Hashable) -> float:
        return 0.0

    def leave(self, owner: Hashable) -> None:
        self.left.append(owner)

    async def start(self, *, one_by_one: bool = False) -> None:
        pass

    async def close(self) -> None:
        self.closed.set()

    @contextmanager
    def sparing(self, owner: Hashable) -> Iterator[None]:
        self.spared += 1
        yield
        self.spared -= 1

    async def recognise(
        self,
        owner: Hashable,
        read: Callable[[], Pcm16],
        samples: int,
        options: Options,
        speech_seconds: float | None = None,
        effort: Callable[[], Effort] = lambda: NORMAL,
        voice: Pcm16 | None = None,
    ) -> Hypothesis:
        self.asked.set()
        await self.working.wait()
        self.heard.append(read().copy())
        self.efforts.append(effort())
        assert len(self.heard[-1]) == samples
        if self.failures:
            raise self.failures.pop(0)
        return Hypothesis(chr(ord("a") + (len(self.heard) - 1) % 26))

    async def embed(
        self, owner: Hashable, read: Callable[[], Pcm16], samples: int, *, overlaps: bool
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


class FakeEngine:
    """The recogniser and embedder of a worker. Keeps the arrays that it was given, and copies."""

    abilities = Abilities(languages=frozenset({"ko"}))

    def __init__(self) -> None:
        self.given: list[Samples] = []
        self.heard: list[list[float]] = []
        self.efforts: list[Effort] = []
        self.batches: list[int] = []
        """Number of utterances of each call that had several."""
        self.texts = ["hello"]
        """The text of each call; "|" separates candidates."""
        self.tokens: tuple[Token, ...] = ()
        self.score: float | None = None

    def _take(self, samples: Samples) -> None:
        assert samples.flags.aligned
        if len(samples) < 2:
            raise EngineError("too little audio")
        self.given.append(samples)
        self.heard.append(samples.tolist())

    def recognise(self, utterance: Utterance) -> Hypothesis:
        self._take(utterance.samples)
        self.efforts.append(utterance.effort)
        texts = self.texts[min(len(self.given), len(self.texts)) - 1].split("|")
        candidates = [Candidate(text, -1.0 - k, 3) for k, text in enumerate(texts)]
        text = texts[utterance.choose(candidates, "ko") if len(texts) > 1 else 0]
        return Hypothesis(text, self.tokens, score=self.score)

    def recognise_batch(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        self.batches.append(len(utterances))
        return [self.recognise(each) for each in utterances]

    def embed(self, samples: Samples) -> Embeddings:
        self._take(samples)
        self.voices = np.array([[3, 4], [1, 2]], np.float32)
        return self.voices

    def overlap(self, samples: Samples) -> Embeddings:
        return np.array([0.5], np.float32)


class FakeRunner:
    """A session in the registry. A test sets its state and whether it has a voice."""

    def __init__(self) -> None:
        self.has_voice = False
        self.state = State.READY
        self.gave_way = False
        self.over = asyncio.Event()

    def end_for_new_client(self) -> None:
        self.gave_way = True
        self.over.set()

    def shut_down(self, *, is_handover: bool = False) -> None:
        self.over.set()

    async def end(self) -> None:
        self.over.set()


@dataclass
class FakeSession:
    """A session as the metrics see it."""

    state: State
    lag_seconds: float = 0.0
    is_ahead: bool = False
    is_expensive: bool = False


class FakeConnection:
    """A connection in the registry. A test sets whether it has ended."""

    def __init__(self) -> None:
        self.has_ended = False

    async def abandon(self) -> None:
        self.has_ended = True

    def shut_down(self) -> None:
        self.has_ended = True


def fake_services(
    engine: FakePool,
    detection: Detection[SileroState],
    settings: SessionSettings = SessionSettings(),  # noqa: B008  # it is frozen
) -> Services:
    """Return services in which `engine` does all work of the worker processes."""
    return Services(one_generation(engine, engine), detection, no_cohort(), settings)


def one_generation(
    pool: SessionPool,
    interim_worker: SessionInterimWorker | None = None,
    interim_streams: SessionInterimStreams | None = None,
) -> Generations:
    """Return generations of which `pool` is the only one.

    Without an interim worker, a `FakePool` does its work.
    """
    return Generations(Generation(pool, interim_worker or FakePool(), interim_streams))


def voice_in(samples: Pcm16) -> Embedding:
    """Return one voice for what is from the clip of speaker 0, another for everything else."""
    is_first = samples[:400].tobytes() in clips.clip("beckett")
    return np.array([is_first, not is_first], np.float32)
