"""Speech as clients send it: at another rate, and encoded in another way than PCM16."""

from functools import cache

import clips
import numpy as np
import soxr

from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.client.sound_files import to_pcm16
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import OPUS_RATE, SAMPLE_RATE, AudioConfig, AudioEncoding
from hwaja_bench.speech.wrong_formats import g711

PACKET_SAMPLES = 960
"""20 ms at 48 kHz."""


def at_rate(pcm: bytes, rate: int) -> Samples:
    """PCM16 of 16 kHz as samples at another rate."""
    return soxr.resample(clips.samples(pcm), SAMPLE_RATE, rate).astype(np.float32)


def encoded(channels: Samples, encoding: AudioEncoding) -> bytes:
    """Samples of shape (n,) or (n, channels), interleaved."""
    if encoding is AudioEncoding.F32:
        return channels.astype("<f4").tobytes()
    if encoding is AudioEncoding.PCM16:
        return to_pcm16(channels.reshape(-1))
    return g711(MU_LAW if encoding is AudioEncoding.MULAW else A_LAW)(channels.reshape(-1))


@cache
def packets(pcm: bytes, other: bytes | None = None, milliseconds: int = 20) -> tuple[bytes, ...]:
    """PCM16 of 16 kHz as Opus packets; of two channels with `other`, which is as long."""
    import av

    layout = "mono" if other is None else "stereo"
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = OPUS_RATE, layout, "flt"
    encoder.bit_rate = 64_000
    encoder.options = {"frame_duration": str(milliseconds), "vbr": "off"}
    encoder.open()
    channels = [at_rate(each, OPUS_RATE) for each in (pcm, other) if each is not None]
    samples = np.stack(channels, axis=1)
    step = OPUS_RATE * milliseconds // 1000
    found = []
    for start in range(0, len(samples) - step + 1, step):
        piece = np.ascontiguousarray(samples[start : start + step]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(piece, format="flt", layout=layout)
        frame.sample_rate, frame.pts = OPUS_RATE, start
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return tuple(found)


def messages(pcm: bytes, config: AudioConfig, seconds: float = 0.1) -> list[bytes]:
    """PCM16 of 16 kHz as the messages of a client with one channel."""
    if config.encoding is AudioEncoding.OPUS:
        return list(packets(pcm))
    data = encoded(at_rate(pcm, config.rate), config.encoding)
    size = round(seconds * config.rate) * (config.frame_bytes or 1)
    return [data[at : at + size] for at in range(0, len(data), size)]
