"""Writes a transcript as SubRip, WebVTT or plain text."""

from collections.abc import Callable
from html import escape

from hwaja.protocol.values import Label
from hwaja.transcripts.cues import Cue, cues_of
from hwaja.transcripts.transcript import Message, Transcript


def subrip(transcript: Transcript) -> str:
    """Return a transcript as SubRip (.srt). The speaker stands before each utterance."""
    name_of = namer(transcript)
    utterances = transcript.utterances
    cues = [cue for each in utterances for cue in cues_of(each, f"{name_of(each)}:")]
    blocks = []
    for number, cue in enumerate(sorted(cues, key=_start), 1):
        # A reader may take any line with an arrow for the times of the next cue.
        text = "\n".join(cue.lines).replace("-->", "→")
        blocks.append(f"{number}\n{_span(cue, ',')}\n{text}\n")
    return "\n".join(blocks)


def webvtt(transcript: Transcript) -> str:
    """Return a transcript as WebVTT (.vtt). Each cue names its speaker in a voice span."""
    name_of = namer(transcript)
    cues = [(cue, name_of(each)) for each in transcript.utterances for cue in cues_of(each)]
    blocks = ["WEBVTT\n"]
    for cue, name in sorted(cues, key=lambda pair: _start(pair[0])):
        text = escape("\n".join(cue.lines), quote=False)
        blocks.append(f"{_span(cue, '.')}\n<v {escape(name, quote=False)}>{text}</v>\n")
    return "\n".join(blocks)


def plain_text(transcript: Transcript) -> str:
    """Return a transcript as one line for each utterance: time, speaker, text."""
    name_of = namer(transcript)
    lines = []
    for each in transcript.utterances:
        text = " ".join(each["text"].split())
        lines.append(f"[{_clock(int(each['start_seconds']))}] {name_of(each)}: {text}\n")
    return "".join(lines)


def namer(transcript: Transcript) -> Callable[[Message], str]:
    """Return a function that says what the speaker of an utterance is called.

    That is the given name, or a number from 1. The word before the number is Korean where the
    transcript has Korean text.
    """
    texts = (each["text"] for each in transcript.utterances)
    word = "화자" if any("가" <= char <= "힣" for text in texts for char in text) else "Speaker"

    def name_of(utterance: Message) -> str:
        if utterance["label"] == Label.UNKNOWN:
            return f"{word} ?"
        speaker_id = utterance["speaker_id"]
        return transcript.names.get(speaker_id) or f"{word} {speaker_id + 1}"

    return name_of


def _start(cue: Cue) -> int:
    return cue.start_ms


def _clock(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}"


def _span(cue: Cue, mark: str) -> str:
    return f"{_stamp(cue.start_ms, mark)} --> {_stamp(cue.end_ms, mark)}"


def _stamp(at_ms: int, mark: str) -> str:
    seconds, ms = divmod(at_ms, 1000)
    return f"{_clock(seconds)}{mark}{ms:03}"
