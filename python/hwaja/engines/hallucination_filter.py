"""Removes hallucinated text, which nobody spoke.

On noise, Whisper writes stage directions ("(음악)", "[끝]"), loops, or the last words of captions
("감사합니다."). The text alone identifies most hallucinations, for every recogniser. For phrases
that people also say, the recogniser's score decides.
"""

import re
from dataclasses import replace

from hwaja.engines.recognition import Hypothesis

MAX_SYLLABLES_PER_SECOND = 12.0
"""Maximum rate of speech in scripts that write syllables: fast Korean has about 9."""

MAX_LETTERS_PER_SECOND = 25.0
"""Maximum rate of letters and digits: fast English has about 20."""

UNCOUNTED_SECONDS = 0.2
"""Speech that VAD may have missed: the soft ends of a word, most of a quiet word."""

BRIEF_SECONDS = 0.5
"""VAD detects less speech than this in a door, a chord or a hum, but also in "네"."""

MIN_BRIEF_SCORE = -2.5
MIN_CAPTION_SCORE = -1.8
MIN_VOWEL_SCORE = -1.4
"""Minimum `recognition.Hypothesis.score` of a brief text, a caption and a bare vowel.

Text with a lower score counts as hallucinated (bench/RESULTS.md, "Invented text").
"""

_MARKUP = re.compile(r"\[[^\[\]]*\]?|\*[^*]*\*|[♪♫♬]+")
_BRACKETS = re.compile(r"\([^()]*\)?")
_DIRECTION = re.compile(
    r".*(음악|박수|웃음|노래|소리|효과음|환호|환호성|함성|한숨|기침|울음|비명|침묵)|끝"
    r"|.*(music|applause|laugh\w*|cheer\w*|cough\w*|sigh\w*|singing|silence|noise|inaudible)"
)
_DASHES = re.compile(r"(^|\s)[-–—]+(?!\d)")
_LOOP = re.compile(r"(.{2,40}?)(?:[\s,.!?~]*\1){3,}", re.DOTALL)
_REPEATED = re.compile(r"(.{2,}?)\1{2}|(.{4,}?)\2")
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
_VOWEL = re.compile(r"[음흠아에어으]+|에이|ah+|oh+|h?mm+|uh+|um+")


def plausible_hypothesis(hypothesis: Hypothesis, speech_seconds: float) -> Hypothesis:
    """Return a hypothesis with its `plausible_text`. Changed text has no tokens."""
    text = plausible_text(hypothesis.text, speech_seconds, hypothesis.score)
    if text == hypothesis.text:
        return hypothesis
    return replace(hypothesis, text=text, tokens=())


def plausible_text(text: str, speech_seconds: float, score: float | None = None) -> str:
    """Return what of `text` was plausibly spoken in `speech_seconds`; empty if nothing.

    Stage directions and the dashes of subtitles are removed. Text that is too long for its speech
    is a loop: its repeats are merged into one, and where it is still too long, all of it is
    removed. Text with a low `score` is removed where its speech is brief, or where it is a phrase
    that recognisers often write for sounds.

    Args:
        text: the recogniser's text.
        speech_seconds: duration of speech in the utterance, as detected by VAD.
        score: see `recognition.Hypothesis.score`; None: no text is removed for its score.

    """
    spoken = _without_dashes(_without_directions(text))
    if not _letters(spoken):
        return ""
    if not fits_speech(spoken, speech_seconds):
        spoken = _LOOP.sub(r"\1", spoken)
    if not fits_speech(spoken, speech_seconds):
        return ""
    doubted = score is not None and score < _least_score(_letters(spoken), speech_seconds)
    return "" if doubted else spoken


def fits_speech(text: str, speech_seconds: float) -> bool:
    """Return whether a fast speaker can say a text in this much speech, as detected by VAD."""
    return _needed_seconds(text) <= max(speech_seconds, 0) + UNCOUNTED_SECONDS


def may_loop(text: str) -> bool:
    """Return whether a text repeats words immediately, as a stuck decoder does.

    People do so seldom. A repeat is two letters or more three times in a row, or four letters or
    more twice. It justifies a second recognition of the audio, but not the removal of the text.
    """
    return _REPEATED.search(_letters(text)) is not None


def _without_directions(text: str) -> str:
    """Remove markup, and brackets with a stage direction or at the beginning of the text."""
    kept, end = "", 0
    text = _MARKUP.sub(" ", text)
    for found in _BRACKETS.finditer(text):
        kept += text[end : found.start()]
        begins = not _letters(kept) and not text[found.end() : found.end() + 1].isalnum()
        is_direction = begins or _DIRECTION.fullmatch(_letters(found[0]))
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
    letters = len(_letters(text)) - syllables
    return syllables / MAX_SYLLABLES_PER_SECOND + letters / MAX_LETTERS_PER_SECOND


def _least_score(letters: str, speech_seconds: float) -> float:
    if _VOWEL.fullmatch(letters):
        return MIN_VOWEL_SCORE
    if _CAPTION.fullmatch(letters):
        return MIN_CAPTION_SCORE
    return MIN_BRIEF_SCORE if speech_seconds < BRIEF_SECONDS else float("-inf")


def _letters(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return "".join(character for character in text.lower() if character.isalnum())
