"""Decoding: every encoding and rate, in messages of any length, and what cannot be decoded."""

from contextlib import suppress
from itertools import pairwise

import clips
import numpy as np
import pytest
from encoders import at_rate, encoded, packets
from hypothesis import given, settings
from hypothesis import strategies as st

from hwaja.audio.decoder import BadAudioError, Decoder, Pcm16, fault_of
from hwaja.audio.g711 import A_LAW, MU_LAW
from hwaja.audio.opus import OpusDecoder
from hwaja.protocol.audio import PLAIN, SAMPLE_RATE, AudioConfig, AudioEncoding, opus_samples
from hwaja.protocol.codes import Reason

PCM16, F32, MULAW, ALAW, OPUS = AudioEncoding
CHIRP = clips.pcm16(np.sin(np.cumsum(np.linspace(0.02, 1.0, SAMPLE_RATE))).astype("f4") / 2)
"""1 s that rises to 2.5 kHz: below the band of every rate."""

configs = st.builds(
    AudioConfig,
    encoding=st.sampled_from([PCM16, F32, MULAW, ALAW]),
    sample_rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 44101, 48000]),
    channels=st.sampled_from([1, 2]),
)


def decoded(config: AudioConfig, messages: list[bytes]) -> Pcm16:
    decoder = Decoder(config)
    parts = [decoder.decode(message) for message in messages]
    return np.concatenate([*parts, decoder.drain()], axis=1)


@given(configs, st.lists(st.integers(0, 9000), max_size=8), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_the_division_into_messages_changes_no_sample(
    config: AudioConfig, cuts: list[int], seed: int
) -> None:
    noise = np.random.default_rng(seed).uniform(-1, 1, (9000, config.channels)).astype("f4")
    data = encoded(noise, config.encoding)
    step = config.frame_bytes or 1
    edges = [0, *(step * cut for cut in sorted(cuts)), len(data)]
    pieces = [data[start:stop] for start, stop in pairwise(edges)]
    whole, divided = decoded(config, [data]), decoded(config, pieces)
    assert np.array_equal(whole, divided)
    assert abs(whole.shape[1] - 9000 * SAMPLE_RATE / config.rate) <= 0.5


@pytest.mark.parametrize("encoding", [PCM16, F32, MULAW, ALAW])
@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
def test_the_same_sound_comes_out_of_every_encoding_and_rate(
    encoding: AudioEncoding, rate: int
) -> None:
    data = encoded(at_rate(CHIRP.tobytes(), rate), encoding)
    (heard,) = decoded(AudioConfig(encoding=encoding, sample_rate=rate), [data])
    inner = slice(800, 15200)
    error = heard[inner].astype(float) - CHIRP[inner]
    assert np.var(error) < np.var(CHIRP[inner]) / 1000


def test_opus_packets_give_their_sound_whatever_their_length() -> None:
    for milliseconds in (10, 20, 60):
        (heard,) = decoded(
            AudioConfig(encoding=OPUS), list(packets(CHIRP.tobytes(), None, milliseconds))
        )
        lag = 104  # the encoder looks ahead by 6.5 ms
        error = heard[lag + 1600 : 14400].astype(float) - CHIRP[1600 : 14400 - lag]
        assert np.var(error) < 0.1 * np.var(CHIRP)


def test_each_channel_has_its_own_row() -> None:
    silence = bytes(len(CHIRP.tobytes()))
    stereo = np.stack([clips.samples(CHIRP.tobytes()), clips.samples(silence)], axis=1)
    first, second = decoded(AudioConfig(channels=2), [encoded(stereo, PCM16)])
    assert np.array_equal(first, CHIRP)
    assert not second.any()
    first, second = decoded(
        AudioConfig(encoding=OPUS, channels=2), list(packets(CHIRP.tobytes(), silence))
    )
    assert np.var(first) > 1000 * np.var(second)


def test_the_tables_of_g711_have_the_values_of_the_standard() -> None:
    """ITU-T G.711, tables 1 and 2: the largest value of each sign, and the smallest ones."""
    assert (MU_LAW[0x80], MU_LAW[0x00], MU_LAW[0xFF], MU_LAW[0x7F]) == (32124, -32124, 0, 0)
    assert (A_LAW[0xAA], A_LAW[0x2A], A_LAW[0xD5], A_LAW[0x55]) == (32256, -32256, 8, -8)


def test_reals_beyond_full_scale_are_clipped() -> None:
    loud = np.array([1e30, -3.0, 1.0, 0.5], "<f4").tobytes()
    (heard,) = decoded(AudioConfig(encoding=F32), [loud])
    assert heard.tolist() == [32767, -32768, 32767, 16384]


NAN = np.array([0, np.nan], "<f4").tobytes()
STEREO_PACKET = b"\xfc\x00"
FAULTS = [
    (PLAIN, b"\x00", Reason.ODD_BYTE_COUNT),
    (AudioConfig(sample_rate=8000), b"\x00", Reason.INCOMPLETE_SAMPLE),
    (AudioConfig(channels=2), b"\x00\x00", Reason.INCOMPLETE_SAMPLE),
    (AudioConfig(encoding=F32), b"\x00\x00", Reason.INCOMPLETE_SAMPLE),
    (AudioConfig(encoding=MULAW, channels=2), b"\x00", Reason.INCOMPLETE_SAMPLE),
    (AudioConfig(encoding=F32), NAN, Reason.NOT_FINITE),
    (AudioConfig(encoding=F32), np.array([np.inf], "<f4").tobytes(), Reason.NOT_FINITE),
    (AudioConfig(sample_rate=8000), b"RIFF\x00\x00\x00\x00WAVE", Reason.RIFF_HEADER),
    (AudioConfig(encoding=OPUS), b"", Reason.BAD_PACKET),
    (AudioConfig(encoding=OPUS), b"\xfb", Reason.BAD_PACKET),
    (AudioConfig(encoding=OPUS), b"\xfb\x00", Reason.BAD_PACKET),
    (AudioConfig(encoding=OPUS), b"\x1b\x03", Reason.PACKET_TOO_LONG),  # three times 60 ms
    (AudioConfig(encoding=OPUS), STEREO_PACKET, Reason.WRONG_CHANNELS),
]


@pytest.mark.parametrize(("config", "message", "reason"), FAULTS)
def test_a_message_that_cannot_be_decoded_is_named(
    config: AudioConfig, message: bytes, reason: Reason
) -> None:
    assert fault_of(message, config) is reason


def test_good_messages_have_no_fault() -> None:
    assert fault_of(b"", PLAIN) is None
    assert fault_of(b"\x00", AudioConfig(encoding=MULAW)) is None
    assert fault_of(STEREO_PACKET, AudioConfig(encoding=OPUS, channels=2)) is None
    packet = packets(CHIRP.tobytes())[0]
    assert fault_of(packet, AudioConfig(encoding=OPUS)) is None
    assert fault_of(packet, AudioConfig(encoding=OPUS, channels=2)) is None  # a stereo encoder's


@given(st.binary(max_size=64))
@settings(deadline=None, max_examples=300)
def test_no_packet_harms_a_decoder(packet: bytes) -> None:
    config = AudioConfig(encoding=OPUS)
    if fault_of(packet, config) is not None:
        return
    decoder = Decoder(config)
    with suppress(BadAudioError):
        decoder.decode(packet)
    good = packets(CHIRP.tobytes())
    parts = [decoder.decode(each) for each in good]
    assert sum(part.shape[1] for part in (*parts, decoder.drain())) > 15000


@pytest.mark.parametrize("milliseconds", [10, 20, 40, 60])
def test_the_length_of_a_packet_is_known_from_its_head(milliseconds: int) -> None:
    lengths = {opus_samples(packet) for packet in packets(CHIRP.tobytes(), None, milliseconds)}
    assert lengths == {48 * milliseconds}


def test_a_decoded_packet_is_not_found_in_the_memory_of_later_arrays() -> None:
    """NumPy hands small freed blocks out again as they are, such as one of 10 ms of one channel."""
    config = AudioConfig(encoding=OPUS)
    sent = packets(CHIRP.tobytes(), milliseconds=10)
    samples = opus_samples(sent[0])
    decoder = Decoder(config)
    for packet in sent:
        decoder.decode(packet)
    later = [np.empty(samples, np.int16) for _ in range(16)]
    plain = OpusDecoder(config.channels)
    said = {plain.decode(packet).tobytes() for packet in sent}
    assert said.isdisjoint(array.tobytes() for array in later)
