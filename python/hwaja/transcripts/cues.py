"""Divides utterances into cues: pieces of text that a viewer reads at once.

A cue has at most two lines. Its times are those of its words where the recogniser dates them.
Otherwise the time of the utterance is divided by the number of characters.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from hwaja.transcripts.transcript import Message

MAX_LINES = 2

MAX_LINE_CHARS = 42
"""Longest line of a text in a Latin script, as subtitle editors have it."""

MAX_WIDE_LINE_CHARS = 20
"""Longest line of a text with Korean, Chinese or Japanese characters, which are twice as wide."""

MAX_CUE_SECONDS = 7.0
"""Longest time of a cue of several words."""

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its punctuation, and its time in seconds of the file."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class Cue:
    """One or two lines of what one speaker says."""

    start_ms: int
    end_ms: int
    """Above `start_ms`."""
    lines: tuple[str, ...]


def cues_of(utterance: Message, prefix: str = "") -> list[Cue]:
    """Return the cues of an utterance, a `transcription` message with **details**.

    The first one begins with `prefix`, if it is not empty.
    """
    words = words_of(utterance)
    if words and prefix:
        words.insert(0, Word(prefix, words[0].start_seconds, words[0].start_seconds))
    groups = list(_groups(words))
    starts = [each[0].start_seconds for each in groups]
    spans = [*pairwise([*map(_ms, starts), _ms(utterance["end_seconds"])])]
    cues: list[Cue] = []
    for group, (start_ms, next_ms) in zip(groups, spans, strict=True):
        start_ms = max(start_ms, cues[-1].end_ms if cues else 0)
        is_last = len(cues) == len(groups) - 1
        end_ms = next_ms if is_last else min(next_ms, _ms(group[-1].end_seconds))
        lines = lines_of([word.text for word in group])
        cues.append(Cue(start_ms, max(end_ms, start_ms + 1), tuple(lines)))
    return cues


def words_of(utterance: Message) -> list[Word]:
    """Return the words of an utterance with times that never go back."""
    start, end = utterance["start_seconds"], utterance["end_seconds"]
    texts = utterance["text"].split()
    dated = utterance.get("words", ())
    if [each["text"] for each in dated] == texts:
        times = [(each["start_seconds"], each["end_seconds"]) for each in dated]
    else:
        times = _shared_out(texts, start, end)
    words: list[Word] = []
    at = start
    for text, (begins, ends) in zip(texts, times, strict=True):
        begins = min(max(begins, at), end)
        at = min(max(ends, begins), end)
        words.append(Word(text, begins, at))
    return words


def _shared_out(texts: Sequence[str], start: float, end: float) -> list[tuple[float, float]]:
    """Return a time for each word, in proportion to its characters."""
    total = sum(map(len, texts))
    places = [sum(map(len, texts[:count])) for count in range(len(texts) + 1)]
    times = [start + (end - start) * place / total for place in places] if texts else []
    return [*pairwise(times)]


def _groups(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield the words of each cue."""
    group: list[Word] = []
    for word in words:
        if group and _ends_before(group, word):
            yield group
            group = []
        if not group and len(lines_of([word.text])) > MAX_LINES:
            *whole, rest = _pieces(word)
            yield from ([piece] for piece in whole)
            word = rest
        group.append(word)
    if group:
        yield group


def _ends_before(group: Sequence[Word], word: Word) -> bool:
    """Return whether a cue ends before this word: it does not fit, or a sentence is over."""
    texts = [each.text for each in group]
    lines = lines_of(texts)
    is_too_long = len(lines_of([*texts, word.text])) > MAX_LINES
    is_too_slow = word.end_seconds - group[0].start_seconds > MAX_CUE_SECONDS
    is_sentence = texts[-1].endswith(_SENTENCE_ENDS) and len(lines) == MAX_LINES
    return is_too_long or is_too_slow or is_sentence


def _pieces(word: Word) -> list[Word]:
    """Divide a word that is longer than a cue. Times are in proportion to the characters."""
    most = MAX_LINES * _line_chars([word.text])
    texts = [word.text[at : at + most] for at in range(0, len(word.text), most)]
    times = _shared_out(texts, word.start_seconds, word.end_seconds)
    return [Word(text, *span) for text, span in zip(texts, times, strict=True)]


def lines_of(texts: Sequence[str]) -> list[str]:
    """Return words in lines. A word that is longer than a line is divided."""
    most = _line_chars(texts)
    lines: list[str] = []
    for text in texts:
        if lines and len(lines[-1]) + 1 + len(text) <= most:
            lines[-1] += f" {text}"
        else:
            lines += [text[at : at + most] for at in range(0, len(text), most)]
    return lines


def _line_chars(texts: Sequence[str]) -> int:
    is_wide = any(unicodedata.east_asian_width(char) in "WF" for text in texts for char in text)
    return MAX_WIDE_LINE_CHARS if is_wide else MAX_LINE_CHARS


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
