"""Recognises a recording as the server does: speech detection, gate, workers, and voices.

Each recording is a session of its own. There is no socket, no enrolment and no attribution.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from hwaja._pcm import RingBuffer
from hwaja.asr.context import RecognitionContext
from hwaja.asr.utterance import Recognition
from hwaja.client.sound_files import paced
from hwaja.engines.interface import Pcm16, Samples, VoiceTrack, to_float32
from hwaja.engines.recognition import Hypothesis
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import Options
from hwaja.session.channel import OpenSpeech
from hwaja.session.effects import Extend, Speculate
from hwaja.vad.gate import GateSettings, Segment, SpeechGate
from hwaja.vad.silero import SileroDetector, frames_to_detect
from hwaja.workers.generations import Generations
from hwaja.workers.overload import Overload
from hwaja.workers.session_work import SessionWork, Work

_PAUSE_SECONDS = 0.7
"""Silence before each recording, as speech follows a pause. Of recordings that begin with speech,
Whisper base would write a third more characters wrong."""

_TAIL_SECONDS = 0.5
"""Silence after each recording, beyond the hang-over."""

_MOST_UNANSWERED = 4
"""Utterances of a recording that wait at the same time, when it is not played in real time."""


@dataclass(frozen=True, slots=True)
class Listener:
    """What recordings are recognised with."""

    generations: Generations
    detector: SileroDetector
    gate: GateSettings

    async def hear(self, pcm: bytes, speed: float) -> "Heard":
        """Return what was recognised in a recording.

        Args:
            pcm: PCM16, 16 kHz, mono.
            speed: 1: in real time; 0: as fast as the workers answer.

        """
        pauses = (_PAUSE_SECONDS, self.gate.hangover_seconds + _TAIL_SECONDS)
        before, after = (bytes(2 * round(each * SAMPLE_RATE)) for each in pauses)
        pcm = before + pcm + after
        session = _Session(self, len(pcm) // 2)
        try:
            return await session.hear(pcm, speed)
        finally:
            session.forget()


@dataclass(frozen=True, slots=True)
class Heard:
    """The utterances of a recording."""

    text: str
    """Their texts, in order of speech."""
    utterances: tuple[Samples, ...]
    """The audio of those that did not fail."""
    delays_seconds: tuple[float, ...]
    """Of each utterance, from the end of its speech to its text and voice. They mean something only
    if the recording was played in real time."""
    failed: int
    """Utterances on which the engine failed."""


class _Session:
    """One recording."""

    def __init__(self, listener: Listener, samples: int) -> None:
        self._generations, self._detector = listener.generations, listener.detector
        self._state = listener.detector.new_state()
        self._gate = SpeechGate(listener.gate, 0)
        self._open_speech = OpenSpeech(self._gate)
        self._ring = RingBuffer(samples)
        self._work = SessionWork(self, self._generations, self._ring, Overload())
        context = RecognitionContext(self._work, self._answered, report_interim=lambda *_: None)
        self._recognition = Recognition(context)
        self._recognition.begin(Options(), interims=False)
        self._began = 0.0
        self._segments: list[Segment] = []
        self._texts: dict[int, asyncio.Future[Hypothesis | None]] = {}
        self._answers: list[asyncio.Task[float]] = []

    async def hear(self, pcm: bytes, speed: float) -> Heard:
        """See `Listener.hear`."""
        self._generations.set_ahead(
            self, speed == 0
        )  # as a file does, so that it counts as one talker
        self._began = time.monotonic()
        async for piece in paced(pcm, speed):
            self._take(piece)
            await asyncio.sleep(0)
            if speed == 0 and len(self._answers) > _MOST_UNANSWERED:
                await self._answers[-_MOST_UNANSWERED]
        for segment in self._gate.flush():
            self._finish(segment)
        delays_seconds = await asyncio.gather(*self._answers)
        found = [text.result() for text in self._texts.values()]
        answered = [
            segment for segment, text in zip(self._segments, found, strict=True) if text is not None
        ]
        return Heard(
            " ".join(each.text for each in found if each is not None and each.text),
            tuple(to_float32(self._ring.read(each.start, each.stop)) for each in answered),
            tuple(delays_seconds),
            len(found) - len(answered),
        )

    def forget(self) -> None:
        """Cancel the work, and overwrite the audio."""
        self._recognition.end()
        self._work.forget()
        for answer in self._answers:
            answer.cancel()
        self._generations.set_ahead(self, False)
        self._generations.leave(self)
        self._ring.release(self._ring.end)

    def _take(self, piece: bytes) -> None:
        """Take the next audio, as `server/sessions/intake.py` and `session/transcribing.py` do."""
        self._ring.push(piece)
        frames, levels_dbfs = frames_to_detect(self._ring, self._gate.processed_stop, 0)
        (probabilities,) = self._detector.detect([(self._state, frames)])
        for segment in self._gate.feed(probabilities, levels_dbfs):
            self._finish(segment)
        segment_id = len(self._segments)
        for effect in self._open_speech.due(segment_id):
            match effect:
                case Extend(segment_id, start, stop):
                    self._recognition.extend(segment_id, start, stop)
                case Speculate(segment_id, segment):
                    self._recognition.speculate(segment_id, segment)
                    self._work.begin("voices", segment_id, segment, self._voices(segment))

    def _finish(self, segment: Segment) -> None:
        segment_id = len(self._segments)
        self._segments.append(segment)
        self._texts[segment_id] = asyncio.get_running_loop().create_future()
        self._recognition.finish(segment_id, segment)
        voices = self._work.take("voices", segment_id, segment, self._voices(segment))
        self._answers.append(asyncio.create_task(self._answer(segment_id, segment, voices)))

    def _voices(self, segment: Segment) -> Work[VoiceTrack]:
        def read() -> Pcm16:
            return self._ring.read(segment.start, segment.stop)

        return lambda: self._work.embed(read, segment.stop - segment.start, overlaps=True)

    def _answered(self, segment_id: int, hypothesis: Hypothesis | None) -> None:
        self._texts[segment_id].set_result(hypothesis)

    async def _answer(self, segment_id: int, segment: Segment, voices: asyncio.Task[Any]) -> float:
        """Wait for text and voice; return the delay in seconds."""
        await asyncio.gather(self._texts[segment_id], voices)
        return time.monotonic() - self._began - segment.speech_stop / SAMPLE_RATE
