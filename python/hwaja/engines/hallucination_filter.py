"""A guard against text that nobody spoke.

Whisper, given noise, writes stage directions ("(음악)", "[끝]"), loops, or what captions end with
("감사합니다."). The text alone tells most of it, for every recogniser; what people say as well is
judged by the recogniser's own score.
"""

import re

MAX_SYLLABLES_PER_SECOND = 12.0
"""Per second of speech, in scripts that write syllables: fast Korean has about 9."""

MAX_LETTERS_PER_SECOND = 25.0
"""The same of letters and digits: fast English has about 20."""

UNCOUNTED_SECONDS = 0.2
"""Speech that the gate may not have counted: the soft ends of a word, most of a quiet one."""

BRIEF_SECONDS = 0.5
"""Speech of a door, a chord or a hum is shorter; so is "네"."""

MIN_BRIEF_SCORE = -2.5
MIN_CAPTION_SCORE = -1.8
MIN_VOWEL_SCORE = -1.4
"""`recognition.Hypothesis.score` from which on a brief text, a caption and a bare vowel count as
spoken (bench/RESULTS.md, "Invented text")."""

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

# Of letters alone, in lower case.
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


def plausible_text(text: str, speech_seconds: float, score: float | None = None) -> str:
    """Return what of `text` was plausibly spoken in `speech_seconds`; empty if nothing.

    Stage directions and the dashes of subtitles go. Text that is longer than its speech has room
    for is a loop: its repeats are folded into one, and where that does not make it fit, all of it
    goes. So does text of a low `score` that is brief or often written of sounds.

    Args:
        text: what the recogniser wrote.
        speech_seconds: how much of the utterance the gate took for speech.
        score: see `recognition.Hypothesis.score`; without one nothing is judged by it.

    """
    spoken = _without_dashes(_without_directions(text))
    if not _letters(spoken):
        return ""
    room_seconds = max(speech_seconds, 0) + UNCOUNTED_SECONDS
    if _needed_seconds(spoken) > room_seconds:
        spoken = _LOOP.sub(r"\1", spoken)
    if _needed_seconds(spoken) > room_seconds:
        return ""
    doubted = score is not None and score < _least_score(_letters(spoken), speech_seconds)
    return "" if doubted else spoken


def may_loop(text: str) -> bool:
    """Return whether words follow themselves, as people say them seldom and a stuck decoder often.

    Two letters or more three times in a row, or four letters or more twice. Worth hearing the
    audio once more; not enough to throw the text away.
    """
    return _REPEATED.search(_letters(text)) is not None


def _without_directions(text: str) -> str:
    """Leave out markup, and brackets with a direction or at the beginning; others were spoken."""
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
    """Leave out the dashes before what each speaker says, if the text begins with one."""
    if not _DASHES.match(text):
        return text
    return " ".join(_DASHES.sub(r"\1", text).split())


def _needed_seconds(text: str) -> float:
    """Return how long saying it takes at least."""
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
    """Return the letters and digits, in lower case."""
    return "".join(character for character in text.lower() if character.isalnum())
