"""Runs WhisperLiveKit on streams, with its defaults for voice activity. It prints its port.

python -m hwaja_bench.peers.livekit_server FOLDER POLICY

FOLDER is a Whisper model for CTranslate2. POLICY is "localagreement" or "simulstreaming".
SimulStreaming runs the encoder in CTranslate2 and the decoder in PyTorch, so it gets the decoder's
weights as a checkpoint of PyTorch.

Each committed word is a text of its own. It has the time of its middle, since Whisper often dates
the start of a word into the pause before it.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from whisperlivekit import AudioProcessor, TranscriptionEngine

from hwaja_bench.peers.answering import TextSpan, answer_streams
from hwaja_bench.peers.decoder_weights import read_decoder


def load(folder: str, policy: str) -> TranscriptionEngine:
    """Load WhisperLiveKit for Korean, without its warm-up, which downloads a recording."""
    common = {"backend_policy": policy, "lan": "ko", "pcm_input": True, "warmup_file": ""}
    if policy == "localagreement":
        return TranscriptionEngine(**common, backend="faster-whisper", model_path=folder)
    with TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "decoder.pt"
        write_checkpoint(Path(folder), checkpoint)
        return TranscriptionEngine(
            **common, encoder_model_path=folder, decoder_model_path=str(checkpoint)
        )


def write_checkpoint(folder: Path, target: Path) -> None:
    """Write the decoder of a model for CTranslate2 as a checkpoint of PyTorch."""
    decoder = read_decoder(folder)
    state = {name: torch.from_numpy(weights) for name, weights in decoder.weights.items()}
    state["alignment_heads"] = torch.tensor(decoder.alignment_heads)
    torch.save({"dims": dict(decoder.dimensions), "model_state_dict": state}, target)


async def main() -> None:
    folder, policy = sys.argv[1:]
    logging.disable(logging.INFO)
    engine = load(folder, policy)

    async def hear(chunks: AsyncIterator[bytes]) -> AsyncIterator[TextSpan]:
        processor = AudioProcessor(transcription_engine=engine)
        states = await processor.create_tasks()

        async def feed() -> None:
            async for chunk in chunks:
                await processor.process_audio(chunk)
            await processor.process_audio(b"")  # the end of the stream

        feeding = asyncio.create_task(feed())
        sent = 0
        async for state in states:
            words = [word for line in state.lines for word in line.tokens or ()]
            for word in words[sent:]:
                middle_seconds = float(word.start + word.end) / 2
                yield word.text.strip(), middle_seconds, middle_seconds
            sent = len(words)
        await feeding
        await processor.cleanup()

    await answer_streams(hear)


if __name__ == "__main__":
    asyncio.run(main())
