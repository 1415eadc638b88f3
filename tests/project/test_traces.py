"""The search for traces, on which the privacy tests rely."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from traces import MATCH_BYTES, Numbers, Search, Trace

_SPOKEN = np.random.default_rng(1).integers(-9000, 9000, 4000).astype("<i2").tobytes()


def found(memory: bytes) -> set[Trace]:
    numbers = Numbers()
    numbers.add_audio("voice", _SPOKEN)
    return Search(numbers, {"text": "마음"}).in_bytes(memory, "here")


@settings(deadline=None)
@given(start=st.integers(0, 7000), offset=st.integers(0, 200))
def test_a_piece_of_audio_is_found_at_any_address(start: int, offset: int) -> None:
    piece = _SPOKEN[start : start + MATCH_BYTES]
    assert found(b"\x01" * offset + piece + b"\x02" * 99) == {Trace("voice as PCM16", "here")}


def test_a_piece_of_audio_as_float32_is_found() -> None:
    floats = np.frombuffer(_SPOKEN, "<i2").astype(np.float32) / np.float32(32768)
    assert found(floats[100:200].tobytes()) == {Trace("voice as float32", "here")}


def test_a_few_samples_do_not_count_as_a_trace() -> None:
    assert found(_SPOKEN[: MATCH_BYTES // 2] + b"\x01" * 99) == set()


def test_a_text_is_found_in_the_encodings_of_python_and_json() -> None:
    for form in ("마음".encode(), "마음".encode("utf-16-le"), b"\\ub9c8\\uc74c"):
        assert found(b"\x01" * 99 + form) == {Trace("text", "here")}
