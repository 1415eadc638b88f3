"""Sound files, and a client that uploads them by HTTP."""

import io
import json
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import av
import httpx
import numpy as np
from loopback import PATIENCE_SECONDS, Endpoint

from hwaja.protocol.audio import SAMPLE_RATE

PATH = "/v1/transcripts"


def wav(pcm: bytes, rate: int = SAMPLE_RATE, channels: int = 1) -> bytes:
    """A WAV file with this PCM16."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((channels, 2, rate, 0, "NONE", ""))
        written.writeframes(pcm)
    return file.getvalue()


def encoded(pcm: bytes, container: str, codec: str, rate: int = 48_000) -> bytes:
    """A sound file of another kind; the PCM16 has this rate."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as written:
        stream = written.add_stream(codec, rate=rate)
        stream.layout = "mono"
        formats = stream.codec_context.codec.audio_formats
        resampler = av.AudioResampler(formats[0].name, "mono", rate, frame_size=960)
        frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2")[None], "s16", "mono")
        frame.rate = rate
        for each in (*resampler.resample(frame), *resampler.resample(None), None):
            for packet in stream.encode(each):
                written.mux(packet)
    return file.getvalue()


Parts = Sequence[tuple[str, Any]]
"""Parts of a form: texts, and the contents of files."""


@asynccontextmanager
async def uploading(endpoint: Endpoint) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server."""
    scheme_and_port = f"https://localhost:{endpoint.port}"
    async with httpx.AsyncClient(
        verify=endpoint.trust, base_url=scheme_and_port, timeout=PATIENCE_SECONDS, trust_env=False
    ) as client:
        yield client


async def post(
    endpoint: Endpoint, content: Any = b"", query: str = "", **headers: str
) -> httpx.Response:
    """Upload a file as the body of a request."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    async with uploading(endpoint) as client:
        return await client.post(PATH + query, content=content, headers=fields)


async def post_form(
    endpoint: Endpoint, *parts: tuple[str, str | bytes], **headers: str
) -> httpx.Response:
    """Upload a form; parts that are bytes are files."""
    files = [
        (name, ("sound", value) if isinstance(value, bytes) else (None, value))
        for name, value in parts
    ]
    async with uploading(endpoint) as client:
        return await client.post(PATH, files=files, headers=headers)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and reason of a refused upload."""
    error = response.json()
    assert error["type"] == "error"
    assert error["message"]
    return response.status_code, error["reason"]


def lines_of(response: httpx.Response) -> list[dict[str, Any]]:
    """The objects of an NDJSON response."""
    return [json.loads(line) for line in response.text.splitlines()]
