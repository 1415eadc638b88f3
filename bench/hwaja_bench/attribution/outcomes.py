"""The result of one conversation in one acoustic condition, without text."""

from dataclasses import dataclass, replace

from hwaja_bench.attribution.conversation import Conversation
from hwaja_bench.attribution.decisions import Decision, SessionResult
from hwaja_bench.attribution.diarization import COLLARS_SECONDS, Diarization, diarization
from hwaja_bench.attribution.judging import Changes, Judgement, changes, judge
from hwaja_bench.attribution.wording import Wording, wording

DIARIZATIONS = {
    f"collar {collar:g} s, {'without' if skips else 'with'} overlap": (collar, skips)
    for collar in COLLARS_SECONDS
    for skips in (True, False)
}
"""Variants of the DER: the collar, and whether overlaps are excluded."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The server's answers and their scores."""

    conversation: str
    group: str
    condition: str
    snr: str
    audio_seconds: float
    """Audio played to the server, with the enrolment."""
    answers: tuple[Decision, ...]
    """The decisions without their texts."""
    judgements: tuple[Judgement, ...]
    changes: Changes
    diarizations: dict[str, Diarization]
    wording: Wording | None
    errors: int
    is_refused: bool


def outcome(conversation: Conversation, snr: str, heard: SessionResult) -> Outcome:
    """Judge a conversation; where the server refused a voice, all clips count as missing."""
    return Outcome(
        conversation.name,
        conversation.group,
        conversation.condition.name,
        snr,
        heard.audio_seconds,
        tuple(replace(decision, text="") for decision in heard.decisions),
        tuple(judge(conversation, heard)),
        changes(conversation, heard),
        {
            name: diarization(conversation, heard, collar, skips_overlap=skips)
            for name, (collar, skips) in DIARIZATIONS.items()
        },
        wording(conversation, heard),
        heard.errors,
        heard.is_refused,
    )
