"""A session's recognition with fake workers, which records what it reports."""

import asyncio

from gating import segment

from hwaja._pcm import RingBuffer
from hwaja.asr.context import RecognitionContext
from hwaja.asr.utterance import Recognition
from hwaja.engines.recognition import Hypothesis
from hwaja.workers.generations import Generations
from hwaja.workers.overload import Overload
from hwaja.workers.session_work import SessionWork


async def settle() -> None:
    """Run every task until it waits."""
    for _ in range(10):
        await asyncio.sleep(0)


class RecordedRecognition:
    """A session's recognition, with its reported texts."""

    def __init__(self, ring: RingBuffer, generations: Generations) -> None:
        self.overload = Overload()
        self.work = SessionWork("session", generations, ring, self.overload)
        self.interims: list[tuple[int, str]] = []
        self._texts: dict[int, asyncio.Future[Hypothesis | None]] = {}
        self.recognition = Recognition(
            RecognitionContext(
                self.work,
                report_text=self._take_text,
                report_interim=lambda *interim: self.interims.append(interim),
            )
        )

    def _take_text(self, segment_id: int, heard: Hypothesis | None) -> None:
        self._texts[segment_id].set_result(heard)

    async def finish(self, segment_id: int, start: int, stop: int, speech: int) -> str | None:
        """Finish an utterance. Return its reported text."""
        self._texts[segment_id] = asyncio.get_running_loop().create_future()
        self.recognition.finish(segment_id, segment(start, stop, speech))
        async with asyncio.timeout(5):
            heard = await self._texts[segment_id]
        return None if heard is None else heard.text
