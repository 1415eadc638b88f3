"""Measures the CPU cost of speaker labels per second of speech, besides recognition.

hwaja bench experiment voice_cost ../shared/speech

Each clip of AirbnbStudio is processed as an utterance in a worker and the front process: embedding
with windows, overlap detection, division between two voices. One thread.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from hwaja.engines.interface import VoiceTrack
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.engines.segmentation import Segmenter
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import embedder_file, segmenter_file
from hwaja.speakers.diarize import split_by_voice
from hwaja.speakers.parts import Part
from hwaja.speakers.voices import Cohort, Voices, pool
from hwaja_bench.speech.dialogue import load_clips


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("speech", type=Path)


def run(args: argparse.Namespace) -> None:
    clips = load_clips(args.speech, "AirbnbStudio")
    embedder, segmenter = SpeakerEmbedder(embedder_file()), Segmenter(segmenter_file())
    voices = Voices(Cohort.load())
    for speaker_id in (0, 1):
        first = next(clip for clip in clips if clip.speaker_id == speaker_id)
        voices.enrol(speaker_id, pool(None, embedder.embed(first.samples)[0], 1.0))
    spent = {"embedding": 0.0, "overlap": 0.0, "dividing": 0.0}
    for clip in clips:
        samples = clip.samples
        marks = [time.process_time()]
        rows = embedder.embed(samples)
        marks.append(time.process_time())
        overlap = segmenter.overlap(samples)
        marks.append(time.process_time())
        track = VoiceTrack(rows[0], rows[1:], overlap)
        split_by_voice(track, Part(0, len(samples), (0, 1), len(samples) / SAMPLE_RATE), voices)
        marks.append(time.process_time())
        for name, seconds in zip(spent, np.diff(marks).tolist(), strict=True):
            spent[name] += seconds
    audio_seconds = sum(len(clip.pcm) for clip in clips) / 2 / SAMPLE_RATE
    for name, seconds in spent.items():
        print(f"{name}: {1000 * seconds / audio_seconds:.1f} ms for a second")
