"""Refusals and warnings from the measurements of a voice."""

import pytest
from msgspec.structs import replace

from hwaja.protocol.codes import Reason
from hwaja.protocol.values import Quality
from hwaja.speakers.verdict import refusal, warnings, with_warnings

GOOD = Quality(
    speech_seconds=4.0,
    takes=1,
    level_dbfs=-30.0,
    snr_db=30.0,
    clipped_share=0.0,
    agreement=0.9,
    other_similarity=0.3,
)


@pytest.mark.parametrize(
    "quality",
    [GOOD, replace(GOOD, other_similarity=None), replace(GOOD, takes=2, takes_similarity=0.8)],
)
def test_a_good_voice_is_kept_without_a_warning(quality: Quality) -> None:
    assert (refusal(quality), warnings(quality)) == (None, ())


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        (replace(GOOD, agreement=0.1), Reason.TWO_VOICES),
        (replace(GOOD, other_similarity=0.91), Reason.SAME_VOICE),
        (replace(GOOD, takes_similarity=0.2), Reason.OTHER_VOICE),
        # A fault of the take itself comes first: it affects the comparisons.
        (replace(GOOD, agreement=0.1, other_similarity=0.95), Reason.TWO_VOICES),
    ],
)
def test_a_voice_that_would_make_labels_wrong_is_refused_without_further_warnings(
    quality: Quality, reason: Reason
) -> None:
    assert refusal(quality) is reason
    milder = {
        Reason.TWO_VOICES: Reason.PERHAPS_TWO_VOICES,
        Reason.SAME_VOICE: Reason.SIMILAR_VOICE,
    }
    assert milder.get(reason) not in warnings(quality)


@pytest.mark.parametrize(
    ("quality", "reason"),
    [
        (replace(GOOD, speech_seconds=2.4), Reason.LITTLE_SPEECH),
        (replace(GOOD, level_dbfs=-47.0), Reason.QUIET),
        (replace(GOOD, snr_db=5.0), Reason.NOISY),
        (replace(GOOD, clipped_share=0.02), Reason.CLIPPED),
        (replace(GOOD, agreement=0.76), Reason.PERHAPS_TWO_VOICES),
        (replace(GOOD, other_similarity=0.71), Reason.SIMILAR_VOICE),
        (replace(GOOD, takes=2, takes_similarity=0.62, level_dbfs=-55.0), Reason.QUIET),
    ],
)
def test_a_voice_with_a_minor_fault_is_kept_with_a_warning(
    quality: Quality, reason: Reason
) -> None:
    assert (refusal(quality), warnings(quality)) == (None, (reason,))


@pytest.mark.parametrize("snr_db", [5.0, 30.0])
def test_similar_voices_are_kept_with_and_without_noise(snr_db: float) -> None:
    """Two Koreans of one sex had 0.71. It would be the worse fault to refuse two women."""
    alike = replace(GOOD, other_similarity=0.78, snr_db=snr_db)
    assert refusal(alike) is None
    assert Reason.SIMILAR_VOICE in warnings(alike)


def test_warnings_have_figures_in_korean_with_the_most_serious_first() -> None:
    told = with_warnings(replace(GOOD, speech_seconds=2.4, clipped_share=0.02)).warnings
    assert [warning.reason for warning in told] == [Reason.CLIPPED, Reason.LITTLE_SPEECH]
    assert "마이크에서 조금 떨어져" in told[0].message
    assert with_warnings(GOOD) == GOOD
