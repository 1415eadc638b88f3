"""Any message of audio, in any encoding: it is refused with a reason, or all of it is taken."""

from fuzzing.choices import Choices
from hwaja.audio.decoder import BadAudioError
from hwaja.audio.stream import AudioStream
from hwaja.protocol.audio import SAMPLE_RATE, AudioConfig, AudioEncoding
from hwaja.protocol.codes import Reason

_RATES = (8000, 16_000, 44_100, 48_000, 11_025)


def run(content: bytes) -> None:
    choices = Choices(content)
    encoding = choices.one_of(tuple(AudioEncoding))
    rate = None if encoding is AudioEncoding.OPUS else choices.one_of(_RATES)
    config = AudioConfig(encoding=encoding, sample_rate=rate, channels=1 + choices.flag())
    stream = AudioStream(SAMPLE_RATE)
    stream.begin(config)
    seconds = 0.0
    while choices.are_left:
        message = bytearray(choices.take(choices.number(255)))
        fault = stream.fault_of(message)
        assert fault is None or isinstance(fault, Reason)
        if fault is None:
            seconds += _take(stream, message)
        if choices.flag():
            stream.drain()
        assert all(ring.end == stream.ring.end for ring in stream.rings)
        assert stream.ring.end <= stream.sent_stop
        stream.release(stream.ring.end)
    stream.drain()
    assert abs(stream.ring.end / SAMPLE_RATE - seconds) < 0.01 * (1 + len(content))


def _take(stream: AudioStream, message: bytearray) -> float:
    """Return how much was taken, in seconds: a piece that libopus refuses is skipped."""
    taken = 0.0
    for piece in stream.pieces_of(memoryview(message)):
        assert stream.has_room(piece)
        try:
            stream.push(piece)
        except BadAudioError:
            continue
        taken += stream.seconds_of(piece)
    return taken
