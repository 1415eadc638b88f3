"""What the figures of a voice forbid, and what they advise against.

A refusal is for what would make labels wrong; everything else that could be better is a warning,
since a good voice that is refused costs more than a mediocre one that is kept. The thresholds were
found with `hwaja bench experiment enrolment`; bench/RESULTS.md has what each of them catches, and
misses.
"""

from msgspec.structs import replace

from hwaja.protocol.codes import ADVICE, Reason
from hwaja.protocol.texts import REASONS
from hwaja.protocol.values import Quality, QualityWarning

MIN_SPEECH_SECONDS = 2.0
"""Less speech makes an unreliable voice: the cosine to the same voice is 0.57 at 1 s, 0.65 at
1.5 s and 0.73 at 3 s (design notes)."""

ADVISED_SPEECH_SECONDS = 3.0
"""Less is warned of: the specification asks for 3-5 s."""

QUIET_DBFS = -50.0
"""Speech as quiet as this is warned of: the gate takes frames under -60 dBFS for silence."""

NOISY_SNR_DB = 15.0
"""Less is warned of. It parts what has noise added at 10 dB (14.8 dB at most as measured here) from
what has not."""

LITTLE_AGREEMENT = 0.75
"""A take whose parts are less alike is warned of: it may hold two people."""

TWO_VOICES_AGREEMENT = 0.65
"""A take whose parts are less alike holds two people."""

SIMILAR_VOICE_COSINE = 0.60
"""As near as this to another enrolled voice is warned of: it may be the same person."""

SAME_VOICE_COSINE = 0.82
"""As near as this to another enrolled voice is the same person. Two people of one sex who speak the
same language in the same room come to 0.7, and to 0.8 in a hall."""

CLIPPED_SHARE = 0.005
"""A larger share of full-scale samples is warned of. Real clips have none; the cosine to the
unclipped voice is 0.97 at 1 %, 0.90 at 5 % and 0.78 at 20 %."""

OTHER_VOICE_COSINE = 0.50
"""A take that is less like the earlier takes, to which it was to be added, is of another person."""


def refusal(quality: Quality) -> Reason | None:
    """Return why the voice is not kept; None where it is."""
    if quality.agreement < TWO_VOICES_AGREEMENT:
        return Reason.TWO_VOICES
    if quality.takes_similarity is not None and quality.takes_similarity < OTHER_VOICE_COSINE:
        return Reason.OTHER_VOICE
    if _other_similarity(quality) >= SAME_VOICE_COSINE:
        return Reason.SAME_VOICE
    return None


def warnings(quality: Quality) -> tuple[Reason, ...]:
    """Return what could be better, beside what `refusal` says; the gravest first."""
    reason = refusal(quality)
    is_mixed = quality.agreement < LITTLE_AGREEMENT
    is_similar = _other_similarity(quality) >= SIMILAR_VOICE_COSINE
    found = {
        Reason.PERHAPS_TWO_VOICES: is_mixed and reason is not Reason.TWO_VOICES,
        Reason.SIMILAR_VOICE: is_similar and reason is not Reason.SAME_VOICE,
        Reason.CLIPPED: quality.clipped_share > CLIPPED_SHARE,
        Reason.NOISY: quality.snr_db < NOISY_SNR_DB,
        Reason.QUIET: quality.level_dbfs < QUIET_DBFS,
        Reason.LITTLE_SPEECH: quality.speech_seconds < ADVISED_SPEECH_SECONDS,
    }
    return tuple(reason for reason in ADVICE if found[reason])


def with_warnings(quality: Quality) -> Quality:
    """Return the figures together with what they are warned of, as the client is told."""
    told = tuple(QualityWarning(reason, REASONS[reason]) for reason in warnings(quality))
    return replace(quality, warnings=told)


def _other_similarity(quality: Quality) -> float:
    return -1.0 if quality.other_similarity is None else quality.other_similarity
