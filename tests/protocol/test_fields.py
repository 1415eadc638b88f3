"""Structs as the fields of JSON objects: what is added to msgspec, and that it is added."""

from typing import Any, get_args

import numpy as np
import pytest
from msgspec import Struct

from hwaja.protocol.fields import from_fields, inlined, to_fields
from hwaja.protocol.server_messages import FromServer, ServerMessage, Transcription
from hwaja.protocol.values import Details, Label

SAID = {"speaker_id": 0, "text": "네", "timestamp": "t", "confidence": -30.0}


def test_a_numpy_number_is_encoded_like_a_python_number() -> None:
    details = Details(np.float64(1.23456), 2.0, Label.SURE, 1.0, (np.float64(0.5),))
    fields = to_fields(Transcription(0, "네", "t", np.float64(-30.5), details=details))
    assert (fields["confidence"], fields["start_seconds"], fields["scores"]) == (
        -30.5,
        1.235,
        [0.5],
    )
    assert {type(fields[name]) for name in ("confidence", "start_seconds")} == {float}


def test_a_nested_struct_is_present_if_one_of_its_required_fields_is() -> None:
    assert from_fields(Transcription, SAID).details is None
    assert from_fields(Transcription, {**SAID, "language": "ko"}).details is None
    with pytest.raises(ValueError, match="start_seconds"):
        from_fields(Transcription, {**SAID, "label": "sure"})


def test_a_nested_struct_is_not_decoded_under_its_own_name() -> None:
    assert from_fields(Transcription, {**SAID, "details": 7}).details is None


def keys(kind: type[Struct]) -> list[str]:
    parts = inlined(kind)
    inner = [key for part in parts.values() for key in keys(part)]
    return [*(name for name in kind.__struct_fields__ if name not in parts), *inner]


@pytest.mark.parametrize("kind", get_args(ServerMessage))
def test_no_field_of_a_message_hides_another(kind: type[FromServer]) -> None:
    named: list[Any] = ["type", "message", "number", *keys(kind)]
    assert len(named) == len(set(named))
