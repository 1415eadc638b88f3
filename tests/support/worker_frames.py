"""Requests to a worker and its replies, as frames."""

import io

import clips
import numpy as np

from hwaja.engines.interface import Samples
from hwaja.workers.transport import frames, wire

SETUP = wire.Setup("/models/asr", wire.VoiceModels("/voice.onnx", "/segments.onnx"), "en")
SOUND = np.array([0.5, -0.25, 0.125], np.float32)


def audio(samples: Samples) -> memoryview:
    return clips.pcm16(samples).data.cast("B")


def read_reply(stream: io.BufferedIOBase) -> wire.Reply | None:
    header = stream.read(frames.HEADER_BYTES)
    return frames.decode_reply(stream.read(frames.body_bytes(header))) if header else None
