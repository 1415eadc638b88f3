"""Measures recognition of speech alone, in noise, and after minutes of sounds without speech.

hwaja bench experiment after_sounds ../shared/speech DanceStudio pfb [--seconds 60 300]

A voice is a room of the dialogue, or one of emotiontts. Each sound is at -20 dBFS; lines follow 1 s
later, with 0.7 s between them.
"""

import argparse
import asyncio
from pathlib import Path

import numpy as np

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.offline import Offline, RecognisedSegment, offline, silence
from hwaja_bench.speech.acoustics import Signal, disturbed
from hwaja_bench.speech.dialogue import PAUSE_SECONDS, Clip, load_lines
from hwaja_bench.speech.levels import levelled
from hwaja_bench.speech.sounds import STEADY, at_level, in_room
from hwaja_bench.speech.texts import error_rate, reading_error_rate

SOUND_DBFS = -20.0
GAP_SECONDS = 1.0
SNRS_DB = (20, 10, 5)
LINES = 14


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)
    parser.add_argument("voices", nargs="+")
    parser.add_argument("--seconds", type=float, nargs="+", default=(60, 300))


def run(args: argparse.Namespace) -> None:
    asyncio.run(report_all(args.speech, args.voices, args.seconds))


async def report_all(speech: Path, voices: list[str], lengths_seconds: list[float]) -> None:
    async with offline() as voice_engines:
        for voice in voices:
            clips = load_lines(speech, voice)[:LINES]
            lines, random = talk(clips), np.random.default_rng(0)
            await report(voice_engines, f"{voice}, alone", silence(0), lines, clips)
            for snr_db in SNRS_DB:
                noisy = disturbed(lines, snr_db, random)
                await report(
                    voice_engines, f"{voice}, in noise of {snr_db} dB", silence(0), noisy, clips
                )
            for name, sound in STEADY.items():
                for seconds in lengths_seconds:
                    before = in_room(at_level(sound(seconds, random), SOUND_DBFS), random)
                    title = f"{voice}, after {seconds:g} s of {name}"
                    await report(voice_engines, title, before, lines, clips)


async def report(
    voice_engines: Offline, title: str, sound: Signal, lines: Signal, clips: list[Clip]
) -> None:
    """Print the share of detected speech after a sound, and its recognition errors."""
    before = np.concatenate([sound, silence(GAP_SECONDS)])
    heard = await voice_engines.heard(np.concatenate([before, lines]))
    answers = [each for each in heard if each.segment.stop > len(before)]
    said, found = [clip.text for clip in clips], [each.hypothesis.text for each in answers]
    print(
        f"{title}: speech {speech_seconds(answers):.1f} s, CER {error_rate(said, found):.3f},"
        f" kocer {reading_error_rate(said, found):.3f};"
        f" within the sound {speech_seconds(heard) - speech_seconds(answers):.1f} s of speech",
        flush=True,
    )


def talk(clips: list[Clip]) -> Signal:
    """Return lines, each followed by a pause, at one level."""
    pause = silence(PAUSE_SECONDS)
    spoken = (levelled(clip.samples) for clip in clips)
    return np.concatenate([piece for line in spoken for piece in (line, pause)])


def speech_seconds(heard: list[RecognisedSegment]) -> float:
    return sum(each.segment.speech_samples for each in heard) / SAMPLE_RATE
