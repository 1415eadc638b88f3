"""Checks speech detection, which runs in the server's own process and on the CPU."""

import numpy as np

from hwaja._pcm import RingBuffer
from hwaja.doctor.babble import babble
from hwaja.doctor.findings import Finding
from hwaja.doctor.language import phrase
from hwaja.doctor.speaking import pcm16
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.server.application import detector_file
from hwaja.vad.silero import SileroDetector, frames_to_detect

_SECONDS = 3.0

_SPEECH_SHARE = 0.5
"""Babble must have a larger share of speech frames (it has 73 to 87 %), silence a smaller one."""


def detector() -> Finding:
    """Run the detector on generated speech and on silence.

    Raises:
        EngineError, ModelError: where the detector cannot be loaded.

    """
    model = SileroDetector(detector_file())
    silence = np.zeros(round(_SECONDS * SAMPLE_RATE), np.float32)
    return judge(_heard(model, babble(_SECONDS, seed=0)), _heard(model, silence))


def judge(in_speech: float, in_silence: float) -> Finding:
    """Judge the shares of frames detected as speech, in generated speech and in silence."""
    facts = {"in_speech": round(in_speech, 2), "in_silence": round(in_silence, 2)}
    if in_speech > _SPEECH_SHARE > in_silence:
        return Finding("detector", "ok", phrase("detector"), facts=facts)
    sentence, advice = phrase("detector.deaf"), phrase("detector.deaf.do")
    return Finding("detector", "failure", sentence, advice, facts)


def _heard(model: SileroDetector, samples: Samples) -> float:
    ring = RingBuffer(len(samples))
    ring.push(pcm16(samples).tobytes())
    frames, _ = frames_to_detect(ring, start=0, origin=0)
    (probabilities,) = model.detect([(model.new_state(), frames)])
    return float(np.mean(np.array(probabilities) > 0.5))
