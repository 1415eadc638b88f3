"""What is heard of speech alone, in noise, and after minutes of sounds in which nobody speaks.

python bench/after_sounds.py ../shared/speech DanceStudio pfb [--seconds 60 300]

A voice is a room of the dialogue, or one of emotiontts. Each sound is at -20 dBFS; lines follow 1 s
later, with 0.7 s between them.
"""

import argparse
import asyncio
from pathlib import Path

import numpy as np

from corpus import PAUSE_SECONDS, Clip, edits, load_lines, normalise
from hwaja.benchmark.acoustics import Signal, disturbed
from hwaja.benchmark.levels import levelled
from hwaja.protocol.audio import SAMPLE_RATE
from offline import Heard, Offline, offline, silence
from sounds import STEADY, at_level, in_room

SOUND_DBFS = -20.0
GAP_SECONDS = 1.0
SNRS_DB = (20, 10, 5)
LINES = 14


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    parser.add_argument("voices", nargs="+")
    parser.add_argument("--seconds", type=float, nargs="+", default=(60, 300))
    args = parser.parse_args()
    asyncio.run(run(args.speech, args.voices, args.seconds))


async def run(speech: Path, voices: list[str], lengths_seconds: list[float]) -> None:
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
    """Print how much is detected of the lines after a sound, and how well it is recognised."""
    before = np.concatenate([sound, silence(GAP_SECONDS)])
    heard = await voice_engines.heard(np.concatenate([before, lines]))
    answers = [each for each in heard if each.segment.stop > len(before)]
    said = normalise("".join(clip.text for clip in clips))
    mistakes = edits(said, normalise("".join(each.hypothesis.text for each in answers)))
    print(
        f"{title}: speech {speech_seconds(answers):.1f} s, CER {mistakes / len(said):.3f};"
        f" within the sound {speech_seconds(heard) - speech_seconds(answers):.1f} s of speech",
        flush=True,
    )


def talk(clips: list[Clip]) -> Signal:
    """Return lines with pauses behind them, at one level."""
    pause = silence(PAUSE_SECONDS)
    spoken = (levelled((clip.pcm / 32768).astype(np.float32)) for clip in clips)
    return np.concatenate([piece for line in spoken for piece in (line, pause)])


def speech_seconds(heard: list[Heard]) -> float:
    return sum(each.segment.speech_samples for each in heard) / SAMPLE_RATE


if __name__ == "__main__":
    main()
