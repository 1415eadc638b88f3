"""A FastAPI application between browsers and hwaja: uvicorn fastapi_relay:app

A browser opens /talk and sends binary messages: the first speaker's voice, the second speaker's,
and then the conversation in chunks, an empty message at its end; all PCM16, 16 kHz, mono. It gets
JSON.
The application decides who may come, and what becomes of the text.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from hwaja.client import Client, ClientError, RefusedError, connect

SERVER = os.environ["HWAJA_URL"]
CERTIFICATE = Path(os.environ["HWAJA_CERT"])

app = FastAPI()


@app.websocket("/talk")
async def talk(browser: WebSocket) -> None:
    await browser.accept()
    try:
        async with connect(SERVER, cafile=CERTIFICATE) as client:
            for speaker_id in (0, 1):
                await enrol(client, speaker_id, browser)
            async for told in client.transcribe(chunks(browser), interim_results=True):
                await browser.send_json({"told": type(told).__name__, **msgspec.to_builtins(told)})
        await browser.close()
    except ClientError as error:
        await browser.close(1011, str(error))
    except WebSocketDisconnect:
        pass  # the browser is gone, and the session with it


async def enrol(client: Client, speaker_id: int, browser: WebSocket) -> None:
    """Take voices until one is good."""
    while True:
        try:
            await client.enrol(speaker_id, await browser.receive_bytes())
        except RefusedError as error:
            await browser.send_json({"refused": speaker_id, "why": str(error)})
        else:
            await browser.send_json({"enrolled": speaker_id})
            return


async def chunks(browser: WebSocket) -> AsyncIterator[bytes]:
    while chunk := await browser.receive_bytes():
        yield chunk
