"""Removes hallucinated text, which nobody spoke.

On noise, Whisper writes a bare vowel, the last words of captions ("감사합니다."), stage directions
("(음악)"), or a few words of no meaning. The recogniser's score, its probability that nobody speaks
and the pauses of the speech decide. For captions and vowels a higher score is needed. Stage
directions are found by the text alone, for every recogniser.
"""

import re
from dataclasses import replace

from hwaja.engines.recognition import Hypothesis, compression_ratio
from hwaja.engines.texts.repeats import (
    first_time_log_probability,
    letters_of,
    may_count,
    may_loop,
)

MAX_SYLLABLES_PER_SECOND = 12.0
"""Maximum rate of speech in scripts that write syllables: fast Korean has about 9."""

MAX_LETTERS_PER_SECOND = 25.0
"""Maximum rate of letters and digits: fast English has about 20."""

UNCOUNTED_SECONDS = 0.2
"""Speech that VAD may have missed: the soft ends of a word, most of a quiet word."""

BRIEF_SECONDS = 0.2
"""Speech that is too brief for a word, most of the time."""

SLOW_SECONDS = 1.0
SLOW_SHARE = 0.33
"""Speech of this length is slow if its text can be said in a smaller share of it: less than 4
syllables a second. Of a murmur Whisper writes few words."""

MIN_SCORE = -3.5
MIN_DOUBTED_SCORE = -2.5
MIN_MURMUR_SCORE = -2.1
MIN_CAPTION_SCORE = -1.8
MIN_LETTER_SCORE = -1.8
MIN_REPEATED_SCORE = -1.5
MIN_VOWEL_SCORE = -1.0
"""Minimum `recognition.Hypothesis.score` of a text; of one above `MAX_NO_SPEECH_PROBABILITY`; of
one of brief or slow speech, or of speech with pauses; of a caption; of a single letter, as Whisper
writes of a hum; of a text that repeats itself (each repeat raises the mean); of a bare vowel.

Text with a lower score counts as hallucinated (bench/RESULTS.md, "Invented text").
"""

MIN_FIRST_TIME_LOG_PROBABILITY = -2.0
"""Minimum `repeats.first_time_log_probability` of a text that repeats itself or counts. Words that
people repeated have -1.7 and more, also at 10 dB, and so have numbers that were counted aloud; of
the loops in babble, most have less (bench/RESULTS.md, "Loops")."""

SURE_NO_SPEECH_PROBABILITY = 0.1
"""Below it, the recogniser is sure that somebody speaks: lines alone have 0.08 at the most, and
babble has 0.2 at the least. Then an unlikely beginning does not count."""

MAX_NO_SPEECH_PROBABILITY = 0.45
"""Above it, the recogniser doubts that somebody speaks."""

MIN_SPEECH_SHARE = 0.6
"""Speech with a lower share of speech frames, from the first one to the last, has pauses, as
murmurs and knocks have."""

ROLLS_SECONDS = 0.392
"""Audio of an utterance before and after its speech, at most (`vad.gate.GateSettings`)."""

MAX_COMPRESSION_RATIO = 4.5
"""A text that repeats itself more than this is a loop. People who said a line three times or a word
six times reached 3.6; loops that fit their speech had 6 to 30 (bench/RESULTS.md)."""

_MARKUP = re.compile(r"\[[^\[\]]*\]?|\*[^*]*\*|[♪♫♬]+")
_BRACKETS = re.compile(r"\([^()]*\)?")
_DIRECTION = re.compile(
    r".*(음악|박수|웃음|노래|소리|효과음|환호|환호성|함성|한숨|기침|울음|비명|침묵)|끝"
    r"|.*(music|applause|laugh\w*|cheer\w*|cough\w*|sigh\w*|singing|silence|noise|inaudible)"
)
_DASHES = re.compile(r"(^|\s)[-–—]+(?!\d)")
_LOOP = re.compile(r"(.{2,40}?)(?:[\s,.!?~]*\1){3,}", re.DOTALL)
_ENDLESS = re.compile(r"(.{1,10}?)\1{11}")  # people repeated a syllable nine times
_SYLLABLE = re.compile(r"[가-힣ぁ-ヿ一-鿿]")

# Matched against the letters and digits of a text, in lower case.
_CAPTION = re.compile(
    r"(감사합니다|감사드립니다|고맙습니다)+"
    r"|(mbc|kbs|sbs|ytn|jtbc)뉴스.{0,12}"
    r"|.{0,10}시청해?주(셔서|신).{0,15}"
    r"|.{0,15}구독.{0,4}좋아요.{0,20}"
    r"|.{0,6}다음(영상|시간)에.{0,10}(만나요|뵙겠습니다)"
    r"|(한글)?자막(by|제공|제작).{0,20}"
    r"|(thankyou|thanks)(so|very)?(much)?(for(watching|listening))?"
    r"|(please)?(likeand)?subscribe.{0,20}"
    r"|subtitlesby.{0,30}|seeyou(nexttime|inthenextvideo)|bye(bye)?|you"
    r"|ご視聴ありがとうございました"
)
_VOWEL = re.compile(r"[음흠응아에어으]+|에이|ah+|oh+|h?mm+|uh+|um+")


def spoken(hypothesis: Hypothesis, speech_seconds: float, seconds: float) -> Hypothesis:
    """Return a hypothesis without text that the recogniser wrote for noise.

    Changed text has no tokens.

    Args:
        hypothesis: a recogniser's; without a score only stage directions and dashes are removed.
        speech_seconds: duration of speech in the utterance, as detected by VAD.
        seconds: duration of the utterance.

    """
    text = _without_dashes(_without_directions(hypothesis.text))
    if not letters_of(text) or _is_sound(hypothesis, letters_of(text), speech_seconds, seconds):
        text = ""
    return _changed(hypothesis, text)


def plausible_hypothesis(hypothesis: Hypothesis, speech_seconds: float) -> Hypothesis:
    """Return a hypothesis with its `plausible_text`. Changed text has no tokens."""
    return _changed(hypothesis, plausible_text(hypothesis.text, speech_seconds))


def plausible_text(text: str, speech_seconds: float) -> str:
    """Return what of `text` was plausibly spoken in `speech_seconds`; empty if nothing.

    For recognisers that report no score and cannot decode again. Stage directions and the dashes of
    subtitles are removed. Text that is too long for its speech is a loop: its repeats are merged
    into one, and where it is still too long, all of it is removed.

    Args:
        text: the recogniser's text.
        speech_seconds: duration of speech in the utterance, as detected by VAD.

    """
    left = _without_dashes(_without_directions(text))
    if not fits_speech(left, speech_seconds):
        left = _LOOP.sub(r"\1", left)
    return left if letters_of(left) and fits_speech(left, speech_seconds) else ""


def is_stuck(text: str, speech_seconds: float) -> bool:
    """Return whether a text is one of a decoder in a loop: nobody says it in so much speech."""
    return (
        not fits_speech(text, speech_seconds)
        or compression_ratio(text) > MAX_COMPRESSION_RATIO
        or _ENDLESS.search(letters_of(text)) is not None
    )


def fits_speech(text: str, speech_seconds: float) -> bool:
    """Return whether a fast speaker can say a text in this much speech, as detected by VAD."""
    return _needed_seconds(text) <= max(speech_seconds, 0) + UNCOUNTED_SECONDS


def _changed(hypothesis: Hypothesis, text: str) -> Hypothesis:
    if text == hypothesis.text:
        return hypothesis
    return replace(hypothesis, text=text, tokens=(), is_noise=not text)


def _is_sound(hypothesis: Hypothesis, letters: str, speech_seconds: float, seconds: float) -> bool:
    """Return whether the recogniser wrote a text for noise."""
    score = hypothesis.score
    if score is None:
        return False
    repeats = may_loop(letters)
    if (repeats or may_count(hypothesis.text)) and _was_unlikely(hypothesis):
        return True
    if _VOWEL.fullmatch(letters):
        return score < MIN_VOWEL_SCORE
    if repeats:
        return score < MIN_REPEATED_SCORE
    if _CAPTION.fullmatch(letters):
        return score < MIN_CAPTION_SCORE
    if len(letters) == 1:
        return score < MIN_LETTER_SCORE
    has_pauses = speech_seconds < MIN_SPEECH_SHARE * (seconds - ROLLS_SECONDS)
    is_slow = (
        speech_seconds >= SLOW_SECONDS and _needed_seconds(letters) < SLOW_SHARE * speech_seconds
    )
    if has_pauses or is_slow or speech_seconds < BRIEF_SECONDS:
        return score < MIN_MURMUR_SCORE
    is_doubted = (hypothesis.no_speech_probability or 0.0) > MAX_NO_SPEECH_PROBABILITY
    return score < (MIN_DOUBTED_SCORE if is_doubted else MIN_SCORE)


def _was_unlikely(hypothesis: Hypothesis) -> bool:
    """Return whether the words of a text that repeats itself were unlikely the first time.

    They were not if the recogniser is sure that somebody speaks.
    """
    no_speech = hypothesis.no_speech_probability
    if no_speech is not None and no_speech < SURE_NO_SPEECH_PROBABILITY:
        return False
    first = first_time_log_probability(hypothesis.tokens)
    return first is not None and first < MIN_FIRST_TIME_LOG_PROBABILITY


def _without_directions(text: str) -> str:
    """Remove markup, and brackets with a stage direction or at the beginning of the text."""
    kept, end = "", 0
    text = _MARKUP.sub(" ", text)
    for found in _BRACKETS.finditer(text):
        kept += text[end : found.start()]
        begins = not letters_of(kept) and not text[found.end() : found.end() + 1].isalnum()
        is_direction = begins or _DIRECTION.fullmatch(letters_of(found[0]))
        kept += " " if is_direction else found[0]
        end = found.end()
    return " ".join((kept + text[end:]).split())


def _without_dashes(text: str) -> str:
    """Remove the dashes before each speaker's words, if the text begins with a dash."""
    if not _DASHES.match(text):
        return text
    return " ".join(_DASHES.sub(r"\1", text).split())


def _needed_seconds(text: str) -> float:
    """Return the minimum duration of speech for a text."""
    syllables = len(_SYLLABLE.findall(text))
    letters = len(letters_of(text)) - syllables
    return syllables / MAX_SYLLABLES_PER_SECOND + letters / MAX_LETTERS_PER_SECOND
