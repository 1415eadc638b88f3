"""What is heard of speech that follows minutes of sounds in which nobody speaks.

python bench/after_sounds.py ../shared/speech DanceStudio pfb [--seconds 60 300] [--never-forget]

A voice is a room of the dialogue or one of emotiontts. Each sound is at -20 dBFS; lines follow 1 s
later, with 0.7 s between them.
"""

import argparse
import asyncio
from pathlib import Path

import numpy as np

from corpus import PAUSE_SECONDS, Clip, edits, load_clips, load_voice, normalise
from hwaja.benchmark.acoustics import Signal
from hwaja.engines import silero
from hwaja.gate import SAMPLE_RATE
from offline import Heard, Offline, offline, silence
from sounds import STEADY, at_level, in_room
from speech_index import ROOMS

SOUND_DBFS = -20.0
GAP_SECONDS = 1.0
LINES = 14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("voices", nargs="+")
    parser.add_argument("--seconds", type=float, nargs="+", default=(60, 300))
    parser.add_argument("--never-forget", action="store_true", help="as it was before")
    args = parser.parse_args()
    if args.never_forget:
        silero.FORGET_FRAMES = 10**9
    asyncio.run(run(args.speech, args.voices, args.seconds))


async def run(speech: Path, voices: list[str], lengths_seconds: list[float]) -> None:
    async with offline() as ears:
        for voice in voices:
            clips = (load_clips if voice in ROOMS else load_voice)(speech, voice)[:LINES]
            await report(ears, voice, "alone", silence(0), clips)
            for name, sound in STEADY.items():
                for seconds in lengths_seconds:
                    random = np.random.default_rng(round(seconds))
                    before = in_room(at_level(sound(seconds, random), SOUND_DBFS), random)
                    await report(ears, voice, f"{name}, {seconds:g} s", before, clips)


async def report(ears: Offline, voice: str, name: str, sound: Signal, clips: list[Clip]) -> None:
    """Print how much is detected of the lines, and how well it is recognised."""
    before = np.concatenate([sound, silence(GAP_SECONDS)])
    heard = await ears.heard(np.concatenate([before, talk(clips)]))
    answers = [each for each in heard if each.segment.stop > len(before)]
    lines = normalise("".join(clip.text for clip in clips))
    mistakes = edits(lines, normalise("".join(each.hypothesis.text for each in answers)))
    invented = sum(bool(each.hypothesis.text) for each in heard) - sum(
        bool(each.hypothesis.text) for each in answers
    )
    print(
        f"{voice}, {name}: speech {speech_seconds(answers):.1f} s, CER {mistakes / len(lines):.3f},"
        f" speech within the sound {speech_seconds(heard) - speech_seconds(answers):.1f} s,"
        f" texts {invented}",
        flush=True,
    )


def talk(clips: list[Clip]) -> Signal:
    pause = silence(PAUSE_SECONDS)
    return np.concatenate([piece for clip in clips for piece in (clip.pcm / 32768, pause)])


def speech_seconds(heard: list[Heard]) -> float:
    return sum(each.segment.speech_samples for each in heard) / SAMPLE_RATE


if __name__ == "__main__":
    main()
