"""The voiceprints that a server computes, so that a test can look for them."""

from collections.abc import Sequence

from traces import Numbers

from hwaja.cli.enroll_check import LocalEnrolment
from hwaja.engines.interface import Embeddings, Samples
from hwaja.engines.loading import SpeakerEmbedder
from hwaja.server.application import embedder_file
from hwaja.speakers.voices import pool
from hwaja.vad.silero import SileroDetector


class Spy:
    """An embedder that records its embeddings."""

    def __init__(self) -> None:
        self._embedder = SpeakerEmbedder(embedder_file())
        self.rows: list[Embeddings] = []

    def embed(self, samples: Samples) -> Embeddings:
        rows = self._embedder.embed(samples)
        self.rows.append(rows.copy())
        return rows


async def add_voices(
    numbers: Numbers, voices: Sequence[bytes], detector: SileroDetector, mark: str = ""
) -> None:
    """Look for what the server computes from the voices, with the same models and samples.

    Args:
        numbers: what is looked for.
        voices: PCM16 of 16 kHz.
        detector: the server's model.
        mark: stands before the marks "voiceprint" and "voice of a ticket".

    """
    spy = Spy()
    booth = LocalEnrolment(detector, spy)
    for speaker_id, voice in enumerate(voices):
        await booth.enrol(speaker_id, voice)
    for rows in spy.rows:
        numbers.add(f"{mark}voiceprint", rows[0])
        numbers.add(f"{mark}voice of a ticket", pool(None, rows[0], speech_seconds=1).voice)
