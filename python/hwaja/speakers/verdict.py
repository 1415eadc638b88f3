"""Decides from the measurements of a voice whether to refuse it, and which warnings to give.

A voice is refused only if it would cause wrong labels. Any other defect is a warning: refusing a
good voice costs more than keeping a mediocre one. The thresholds were found with `hwaja bench
experiment enrolment`. bench/RESULTS.md lists what each threshold detects and misses.
"""

from msgspec.structs import replace

from hwaja.protocol.codes import ADVICE, Reason
from hwaja.protocol.texts import REASONS
from hwaja.protocol.values import Quality, QualityWarning

MIN_SPEECH_SECONDS = 2.0
"""Least speech. Less gives an unreliable voice: the cosine to the same voice is 0.57 at 1 s, 0.65
at 1.5 s and 0.73 at 3 s (design notes)."""

ADVISED_SPEECH_SECONDS = 3.0
"""Less speech causes a warning: the specification asks for 3-5 s."""

QUIET_DBFS = -45.0
"""Quieter speech causes a warning. At -50 dBFS, the detector misses one utterance in seven. Of the
speakers measured, nobody is below -36 dBFS at an ordinary distance (bench/RESULTS.md)."""

NOISY_SNR_DB = 15.0
"""A lower ratio causes a warning. The threshold separates takes with noise added at 10 dB (measured
here as 14.8 dB at most) from takes without."""

LITTLE_AGREEMENT = 0.78
"""Less agreement between the parts of a take causes a warning: it may hold two people."""

TWO_VOICES_AGREEMENT = 0.65
"""With less agreement, the take is refused: it holds two people."""

SIMILAR_VOICE = 0.70
"""This `voices.similarity` or more to another enrolled voice causes a warning: it may be the same
person."""

SAME_VOICE = 0.90
"""With this similarity or more to another enrolled voice, the voice is refused: it is the same
person."""

CLIPPED_SHARE = 0.005
"""A larger share of full-scale samples causes a warning. Real clips have none. The cosine to the
unclipped voice is 0.97 at 1 %, 0.90 at 5 % and 0.78 at 20 %."""

OTHER_VOICE = 0.60
"""With a lower similarity to the speaker's earlier takes, an added take is of another person."""


def refusal(quality: Quality) -> Reason | None:
    """Return why the voice is refused; None if it is accepted."""
    if quality.agreement < TWO_VOICES_AGREEMENT:
        return Reason.TWO_VOICES
    if quality.takes_similarity is not None and quality.takes_similarity < OTHER_VOICE:
        return Reason.OTHER_VOICE
    if is_same_voice(quality.other_similarity):
        return Reason.SAME_VOICE
    return None


def is_same_voice(other_similarity: float | None) -> bool:
    """Return whether a voice is that of another speaker, by its similarity to the nearest one."""
    return _reaches(other_similarity, SAME_VOICE)


def warnings(quality: Quality) -> tuple[Reason, ...]:
    """Return the warnings, the gravest first, without the one that `refusal` already covers."""
    reason = refusal(quality)
    is_mixed = quality.agreement < LITTLE_AGREEMENT
    is_similar = _reaches(quality.other_similarity, SIMILAR_VOICE)
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
    """Return a copy of `quality` with its warnings, as the client gets it."""
    told = tuple(QualityWarning(reason, REASONS[reason]) for reason in warnings(quality))
    return replace(quality, warnings=told)


def _reaches(other_similarity: float | None, limit: float) -> bool:
    return other_similarity is not None and other_similarity >= limit
