"""The quality of a voice, as the client receives it."""

import json

from msgspec.structs import replace

from hwaja.protocol.codes import ErrorCode, Reason
from hwaja.protocol.serialize import serialize
from hwaja.protocol.server_messages import Error, RegistrationCompleted
from hwaja.protocol.values import Quality
from hwaja.speakers.verdict import with_warnings

QUALITY = Quality(4.1234, 1, -30.04, 25.06, 0.00123, 0.56789, other_similarity=0.31234)


def test_the_quality_of_a_voice_follows_the_fields_of_the_specification() -> None:
    fields = json.loads(serialize(RegistrationCompleted(1, QUALITY)))
    assert list(fields) == ["type", "speaker_id", "message", "quality"]
    assert list(fields["quality"].items()) == [
        ("speech_seconds", 4.12),
        ("takes", 1),
        ("level_dbfs", -30.0),
        ("snr_db", 25.1),
        ("clipped_share", 0.0012),
        ("agreement", 0.5679),
        ("other_similarity", 0.3123),
        ("warnings", []),
    ]


def test_a_warning_has_advice_for_people_and_a_name_for_programs() -> None:
    pooled = replace(QUALITY, takes=2, takes_similarity=0.8, snr_db=3.0, other_similarity=None)
    quality = json.loads(serialize(RegistrationCompleted(0, with_warnings(pooled))))["quality"]
    assert (quality["takes_similarity"], "other_similarity" in quality) == (0.8, False)
    assert quality["warnings"] == [
        {"reason": "noisy", "message": "주변 소음이 큽니다. 조용한 곳에서 말씀해주세요."}
    ]


def test_a_refusal_contains_the_measurements_that_it_is_based_on() -> None:
    code = ErrorCode.SPEAKER_REGISTRATION_FAILED
    error = Error(code, Reason.SAME_VOICE, 1, quality=QUALITY)
    fields = json.loads(serialize(error, details=True))
    assert list(fields) == ["type", "code", "speaker_id", "message", "reason", "quality"]
