"""What the clients of a soak say: tones, whose texts are exact, or lines of real speech."""

import random
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import cycle
from pathlib import Path

import numpy as np

from hwaja.client import Transcription
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.selection.error_counts import edits, normalise
from hwaja_bench.conversations.talking import Conversation, Report, Script
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.load.figures import doubled, lost
from hwaja_bench.speech.dialogue import Dialogue, Placed, load_dialogue
from hwaja_bench.tones.sentences import random_sentences, spoken, voices
from hwaja_bench.tones.visitor import sentences_in

SENTENCES = 8
"""Of a conversation, unless asked otherwise."""

Answers = Sequence[Transcription]


def tones(number: int, sentences: int = SENTENCES) -> Script:
    """Return sentences of tones, whose texts must be right to the letter.

    Args:
        number: of the client. The voices of every second one are enrolled the other way round.
        sentences: of each conversation.

    """
    hummed, other = voices()
    if number % 2 == 0:
        return Script((hummed, other), _hummed(number, sentences, speaker_id=0))
    return Script((other, hummed), _hummed(number, sentences, speaker_id=1))


def _hummed(number: int, sentences: int, speaker_id: int) -> Iterator[Conversation]:
    chance = random.Random(number)  # noqa: S311 (no secret)
    while True:
        said = random_sentences(chance, sentences)
        texts = [sentence.text for sentence in said]
        yield Conversation(spoken(said), partial(_compare_tones, texts, speaker_id))


def _compare_tones(said: Sequence[str], speaker_id: int, answers: Answers, report: Report) -> None:
    texts = [answer.text for answer in answers]
    report.tally.compare(said, texts)
    # The server may take a single tone for the other voice, and divide the sentence.
    begun = [answers[place] for _, place in sentences_in(said, texts)]
    report.swapped += sum(answer.speaker_id != speaker_id for answer in begun)
    report.check_order(begun)


def lines(speech: Path, pair: str, count: int = SENTENCES) -> Script:
    """Return real lines of two people, again and again.

    Args:
        speech: the speech folder.
        pair: of voices, as `load_dialogue`.
        count: of each conversation.

    Raises:
        BenchmarkError: if the two have fewer lines.

    """
    dialogue = load_dialogue(speech, pair)
    if count > len(dialogue.placed):
        raise BenchmarkError(f"{pair} has {len(dialogue.placed)} lines, and {count} are asked for.")
    return Script(dialogue.voices, _spoken(dialogue, count))


def _spoken(dialogue: Dialogue, count: int) -> Iterator[Conversation]:
    for first in cycle(range(0, len(dialogue.placed) - count + 1, count)):
        placed = dialogue.placed[first : first + count]
        (pcm,) = dialogue.cut([(placed[0].start_seconds, placed[-1].end_seconds)])
        yield Conversation(pcm + bytes(2 * SAMPLE_RATE), partial(compare_lines, placed))


def compare_lines(placed: Sequence[Placed], answers: Answers, report: Report) -> None:
    """Count what became of lines, of which the first one begins the stream."""
    begin = placed[0].start_seconds
    spans = [(each.start_seconds - begin, each.speech_end_seconds - begin) for each in placed]
    details = [answer.details for answer in answers if answer.details is not None]
    report.tally.sessions += 1
    report.tally.spoken += len(spans)
    report.tally.lost += lost(spans, details)
    report.tally.doubled += doubled(details)
    for (start, end), line in zip(spans, placed, strict=True):
        shared = [min(end, each.end_seconds) - max(start, each.start_seconds) for each in details]
        if shared and max(shared) > 0:
            answer = answers[int(np.argmax(shared))]
            report.swapped += answer.speaker_id != line.clip.speaker_id
    reference = normalise("".join(line.clip.text for line in placed))
    report.unlike += edits(reference, normalise("".join(answer.text for answer in answers)))
    report.characters += len(reference)
    report.check_order(answers)
