"""A guard against text that nobody spoke.

Whisper, given noise, writes stage directions ("(음악)", "[끝]") or loops. This file judges the text
alone, so it holds for every recogniser.
"""

import re

MAX_CHARS_PER_SECOND = 25.0
"""Letters and digits per second of speech that nobody utters: fast Korean has about 9 syllables a
second, fast English about 20 letters."""

_ANNOTATION = re.compile(r"\([^()]*\)?|\[[^\[\]]*\]?|\*[^*]*\*|[♪♫♬]+")
_LOOP = re.compile(r"(.{2,40}?)(?:[\s,.!?~]*\1){3,}", re.DOTALL)
_REPEATED = re.compile(r"(.{2,}?)\1{2}|(.{4,}?)\2")


def plausible_text(text: str, speech_seconds: float) -> str:
    """Return what of `text` was plausibly spoken in `speech_seconds`; empty if nothing.

    Stage directions go. Text that is longer than its speech has room for is a loop: its repeats
    are folded into one, and where that does not make it fit, all of it goes.
    """
    spoken = " ".join(_ANNOTATION.sub(" ", text).split())
    if _letters(spoken) == 0:
        return ""
    room = MAX_CHARS_PER_SECOND * max(speech_seconds, 0.5)
    if _letters(spoken) > room:
        spoken = _LOOP.sub(r"\1", spoken)
    return spoken if _letters(spoken) <= room else ""


def may_loop(text: str) -> bool:
    """Return whether words follow themselves, as people say them seldom and a stuck decoder often.

    Two letters or more three times in a row, or four letters or more twice. Worth hearing the
    audio once more; not enough to throw the text away.
    """
    letters = "".join(character for character in text.lower() if character.isalnum())
    return _REPEATED.search(letters) is not None


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)
