"""Measures what hotwords change: on words that are missed without them, and on all others.

hwaja bench experiment hotwords ../shared/speech AirbnbStudio "Personality 1" [--boost 1.5]

Without a group: sounds without speech (`speech.sounds.HOUSEHOLD`), with nouns of all groups.

The hotwords of a group are the nouns of its texts that are missed without hotwords, and 40 nouns of
other groups that its texts lack. Each clip gets all of them. Recogniser, language model and filter
run as in a worker, in this process; a noun is right where the texts of its clip contain it.
"""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from kiwipiepy import Kiwi as Analyser

from hwaja.engines.ctranslate2 import fallback
from hwaja.engines.interface import Recognizer, Utterance, to_float32
from hwaja.engines.texts.hallucination_filter import plausible_hypothesis
from hwaja.engines.texts.language_model import Kiwi, likeliest
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.values import MAX_HOTWORDS, Hotword, Options
from hwaja.selection.error_counts import edits, normalise
from hwaja.server.application import detector_file
from hwaja.vad.silero import SileroDetector
from hwaja_bench.offline import cut, ring_of, silence, whole_recogniser
from hwaja_bench.speech.acoustics import Signal
from hwaja_bench.speech.corpus import Clip, seeded
from hwaja_bench.speech.index import korean, load_speech, personalities
from hwaja_bench.speech.sounds import HOUSEHOLD, at_level, in_room

DISTRACTORS = 40
NOUNS = frozenset({"NNG", "NNP", "SL"})  # Kiwi's tags of nouns, names and Latin words
MIN_NOUN_CHARS = 2
TAKE_SECONDS = 20.0
PAUSE_SECONDS = 0.9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("groups", nargs="*")
    parser.add_argument("--boost", type=float, help="of each hotword, if not the default")
    parser.add_argument("--seeds", type=int, default=3, help="takes of each sound")
    parser.add_argument("--show", action="store_true", help="print the texts that change")


def run(args: argparse.Namespace) -> None:
    clips = load_speech(args.speech, [*korean(args.speech), *personalities(args.speech)], ())
    analyser = Analyser(num_workers=1)
    nouns = {clip.file: nouns_of(clip.text or "", analyser) for clip in clips}
    transcriber = Transcriber()
    if not args.groups:
        words = sorted(set().union(*nouns.values()))
        report_sounds(transcriber, sample(words, MAX_HOTWORDS), args.seeds)
    for group in args.groups:
        others = set().union(*(nouns[clip.file] for clip in clips if clip.group != group))
        here = [clip for clip in clips if clip.group == group]
        report_speech(transcriber, here, nouns, others, args)


class Transcriber:
    """Recognises sounds as a worker does; counts its processor time."""

    def __init__(self) -> None:
        self._recogniser: Recognizer = whole_recogniser("whisper-base")
        self._kiwi = Kiwi()
        self._detector = SileroDetector(detector_file())
        self.cpu_seconds = 0.0
        self.audio_seconds = 0.0

    def texts(self, sound: Signal, hotwords: Iterable[Hotword]) -> str:
        """Return the texts of a sound, joined by spaces."""
        ring = ring_of(sound)
        found = []
        for segment in cut(self._detector, ring):
            samples = to_float32(ring.read(segment.start, segment.stop))
            speech_seconds = segment.speech_samples / SAMPLE_RATE
            begun = time.process_time()
            hypothesis = fallback.recognise(
                self._recogniser,
                Utterance(
                    samples,
                    Options(hotwords=tuple(hotwords)),
                    choose=lambda candidates, _language: likeliest(candidates, self._kiwi),
                ),
                speech_seconds,
            )
            self.cpu_seconds += time.process_time() - begun
            self.audio_seconds += len(samples) / SAMPLE_RATE
            found.append(plausible_hypothesis(hypothesis, speech_seconds).text)
        return " ".join(filter(None, found))

    def cost(self) -> float:
        """Return the processor time for each second of audio since the last call."""
        share = self.cpu_seconds / self.audio_seconds
        self.cpu_seconds = self.audio_seconds = 0.0
        return share


def nouns_of(text: str, analyser: Analyser) -> set[str]:
    """Return the nouns of a text; nouns without anything between them are one."""
    words: list[str] = []
    end = -1
    for token in analyser.tokenize(text):
        if token.tag in NOUNS:
            word = text[token.start : token.start + token.len]
            words.append(words.pop() + word if token.start == end else word)
            end = token.start + token.len
    return {word for word in words if len(word) >= MIN_NOUN_CHARS}


def sample(words: list[str], count: int) -> list[str]:
    """Return some of the words, always the same ones."""
    return [words[k] for k in seeded(0).choice(len(words), count, replace=False)]


def report_speech(
    transcriber: Transcriber,
    clips: list[Clip],
    nouns: dict[str, set[str]],
    others: set[str],
    args: argparse.Namespace,
) -> None:
    """Print what the hotwords of a group change."""
    group = clips[0].group
    plain = [transcriber.texts(in_silence(clip), ()) for clip in clips]
    plain_cost = transcriber.cost()
    missed = {
        word
        for clip, text in zip(clips, plain, strict=True)
        for word in nouns[clip.file]
        if word not in normalise(text)
    }
    said = normalise("".join(clip.text or "" for clip in clips))
    unsaid = sorted(word for word in others if normalise(word) not in said)
    words = sorted(missed) + sample(unsaid, DISTRACTORS)
    hotwords = [Hotword(word, args.boost) for word in words]
    biased = [transcriber.texts(in_silence(clip), hotwords) for clip in clips]
    print(f"{group}: {len(clips)} clips, {len(missed)} nouns missed without hotwords")
    for name, texts, cost in (
        ("without", plain, plain_cost),
        ("with", biased, transcriber.cost()),
    ):
        print(f"  {name}: {figures(clips, texts, words)}, {cost:.3f} s of CPU a second", flush=True)
    for clip, before, after in zip(clips, plain, biased, strict=True):
        if args.show and before != after:
            print(f"    {clip.text} | {before} | {after}")


def figures(clips: list[Clip], texts: list[str], words: list[str]) -> str:
    """Return how often words are right and wrong, and the CER with and without clips of them."""
    right = spoken = wrong = 0
    counts = {True: [0, 0], False: [0, 0]}  # edits and letters of clips with and without a word
    for clip, text in zip(clips, texts, strict=True):
        reference, heard = normalise(clip.text or ""), normalise(text)
        has_word = False
        for word in map(normalise, words):
            spoken += word in reference
            right += word in reference and word in heard
            wrong += word not in reference and word in heard
            has_word |= word in reference
        counts[has_word][0] += edits(reference, heard)
        counts[has_word][1] += len(reference)
    (bad, of), (other_bad, other_of) = counts[True], counts[False]
    return (
        f"{right} of {spoken} right, {wrong} where nobody said them,"
        f" CER {(bad + other_bad) / (of + other_of):.4f},"
        f" of clips without such a word {other_bad / other_of:.4f}"
    )


def report_sounds(transcriber: Transcriber, words: list[str], seeds: int) -> None:
    """Print the takes of sounds in which a hotword appears, and how many have any text."""
    hotwords = [Hotword(word) for word in words]
    count = with_text = with_hotword = 0
    for kind, (sound, dbfs) in HOUSEHOLD.items():
        for seed in range(seeds):
            noise = np.random.default_rng([seed, *kind.encode()])
            take = in_room(at_level(sound(TAKE_SECONDS, noise), noise.uniform(*dbfs)), noise)
            text = normalise(transcriber.texts(take, hotwords))
            count += 1
            with_text += bool(text)
            with_hotword += any(word in text for word in map(normalise, words))
    print(f"sounds: {count} takes, {with_text} with text, {with_hotword} with a hotword")


def in_silence(clip: Clip) -> Signal:
    return np.concatenate([silence(PAUSE_SECONDS), clip.samples, silence(PAUSE_SECONDS)])
