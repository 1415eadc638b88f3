"""What it costs to tell who speaks: CPU for a second of speech, beside recognition.

python bench/voice_cost.py ../shared/speech

The clips of AirbnbStudio, each heard as a worker and the front hear an utterance: embedded with its
windows, searched for overlap, divided between two voices. One thread.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from corpus import load_clips
from hwaja.engines.interface import VoiceTrack
from hwaja.engines.segmentation import Segmenter
from hwaja.engines.sherpa import SpeakerEmbedder
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import embedder_file, segmenter_file
from hwaja.speakers.cohort import Cohort
from hwaja.speakers.diarize import Stretch, read_parts
from hwaja.speakers.voices import Voices


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", type=Path)
    clips = load_clips(parser.parse_args().speech, "AirbnbStudio")
    embedder, segmenter = SpeakerEmbedder(embedder_file()), Segmenter(segmenter_file())
    voices = Voices(Cohort.shipped())
    for speaker_id in (0, 1):
        first = next(clip for clip in clips if clip.speaker_id == speaker_id)
        voices.enrol(speaker_id, embedder.embed(first.pcm.astype(np.float32) / 32768)[0])
    spent = {"embedding": 0.0, "overlap": 0.0, "dividing": 0.0}
    for clip in clips:
        samples = clip.pcm.astype(np.float32) / 32768
        marks = [time.process_time()]
        rows = embedder.embed(samples)
        marks.append(time.process_time())
        overlap = segmenter.overlap(samples)
        marks.append(time.process_time())
        track = VoiceTrack(rows[0], rows[1:], overlap)
        read_parts(track, Stretch(0, len(samples), len(samples)), voices)
        marks.append(time.process_time())
        for name, seconds in zip(spent, np.diff(marks), strict=True):
            spent[name] += seconds
    audio_seconds = sum(len(clip.pcm) for clip in clips) / SAMPLE_RATE
    for name, seconds in spent.items():
        print(f"{name}: {1000 * seconds / audio_seconds:.1f} ms for a second")


if __name__ == "__main__":
    main()
