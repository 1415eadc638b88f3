"""The audio that a server received from the microphone, compared with the played file."""

from asyncio import Lock
from dataclasses import dataclass
from pathlib import Path

import clips
import numpy as np
from fakes import FakePool, WatchedDetection, fake_services
from loopback import serving

from browser.sessions import enrolled, remember
from browser.visitor import Visitor
from hwaja.engines.interface import Samples
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.session.settings import SessionSettings
from hwaja.vad.gate import FRAME_SAMPLES
from hwaja.vad.silero import CONTEXT_SAMPLES, SileroDetector, SileroState

OTHER_DEVICE = """
globalThis.AudioContext = class extends AudioContext {
  constructor() { super({ sampleRate: 48000 }); }
};
"""
"""A device at another rate than Chromium's false one, which has 44.1 kHz."""

WITHOUT_WORKLET = "delete BaseAudioContext.prototype.audioWorklet"
"""As in Safari 13."""

WAYS = {
    "worklet at 44.1 kHz": (44_100, ""),
    "worklet at 48 kHz": (48_000, OTHER_DEVICE),
    "ScriptProcessor at 44.1 kHz": (44_100, WITHOUT_WORKLET),
}
"""Of hearing: the rate of the microphone, and a script that the page begins with."""

HAS_WORKLET = "() => 'audioWorklet' in AudioContext.prototype"

LARGEST_RESIDUAL = 0.02
"""More is a click or a gap: in speech, a sample that was lost makes ten times that."""

LEAST_COSINE = 0.5
"""Of a second that is where it was looked for."""

INNER = slice(FRAME_SAMPLES, -FRAME_SAMPLES)
"""Of a second: a shift by a part of a sample takes the two ends for neighbours."""

LEAD_SECONDS = 1.5
"""Of silence, in which a transcription begins."""


class RecordingDetection(WatchedDetection):
    """The real detection, which keeps the frames that it was given."""

    def __init__(self, detector: SileroDetector) -> None:
        super().__init__(detector)
        self._shown: list[Samples] = []

    async def probabilities(self, state: SileroState, frames: Samples) -> tuple[float, ...]:
        self._shown.append(frames[:, CONTEXT_SAMPLES:].copy().ravel())
        return await super().probabilities(state, frames)

    @property
    def samples(self) -> Samples:
        """All of it, shape (n,), at 16 kHz."""
        return np.concatenate(self._shown)

    def forget(self) -> None:
        """Begin anew."""
        self._shown.clear()
        self.frames = 0


async def sent(
    visitor: Visitor,
    detector: SileroDetector,
    certificate: tuple[Path, Path],
    pcm: bytes,
    way: str,
    turn: Lock,
) -> tuple[Samples, Samples]:
    """Play speech to the page, from the start of a transcription until it is stopped.

    Args:
        visitor: who is at no address yet.
        detector: of the server, which is started for this.
        certificate: of the server.
        pcm: what is said, PCM16 at 16 kHz.
        way: one of WAYS.
        turn: held while the tape must not be changed.

    Returns:
        What the server was shown, and what was said, both at 16 kHz, shapes (n,) and (m,).

    """
    rate, script = WAYS[way]
    await visitor.page.add_init_script(script)
    engine, detection = FakePool(), RecordingDetection(detector)
    settings = SessionSettings(max_audio_seconds=len(pcm) / 32_000 + 60)
    services = fake_services(engine, detection, settings)
    async with serving(services, certificate) as endpoint:
        await remember(visitor.page, await enrolled(endpoint))
        detection.forget()
        async with turn:
            lead = clips.silence(LEAD_SECONDS)
            played = visitor.tape.record(lead + pcm + clips.silence(1), rate)
            await visitor.page.goto(endpoint.page)
            await visitor.press("#start")
            await detection.heard(1)
        # By and by, since each wait is given up after a while.
        for samples in (*range(0, len(played), 5 * SAMPLE_RATE), len(played)):
            await detection.heard(samples // FRAME_SAMPLES)
        await visitor.press("#toggle")
        await visitor.until("ready")
    assert (script != WITHOUT_WORKLET) == await visitor.page.evaluate(HAS_WORKLET)
    begin = len(lead) // 2
    return detection.samples, played[begin : begin + len(pcm) // 2]


@dataclass(frozen=True)
class Likeness:
    """The similarity of a recording to the played audio, for each second."""

    correlation: float
    """Over all seconds, each where it is most like."""
    correlations: tuple[float, ...]
    """Of each second."""
    drift_samples: int
    """How much longer the whole came out, at 16 kHz."""
    worst_residuals: tuple[float, ...]
    """Of each second: the largest difference at a sample, in units of the loudest of all."""

    @property
    def spoilt_seconds(self) -> int:
        """How many seconds have a click or a gap."""
        return sum(residual >= LARGEST_RESIDUAL for residual in self.worst_residuals)


def likeness(recorded: Samples, said: Samples) -> Likeness:
    """Compare what was recorded, shape (n,), with what was said, shape (m,), both at 16 kHz.

    What was recorded before and after it is left out.
    """
    recorded = np.concatenate([recorded, np.zeros(2 * SAMPLE_RATE, np.float32)])
    first = lag = _lag(recorded[: round(2 * LEAD_SECONDS) * SAMPLE_RATE], said[:SAMPLE_RATE])[0]
    found, expected = [], []
    for begin in range(0, len(said) - SAMPLE_RATE + 1, SAMPLE_RATE):
        second = said[begin : begin + SAMPLE_RATE]
        around = max(0, begin + lag - SAMPLE_RATE // 2)
        near, fraction = _lag(recorded[around : around + 2 * SAMPLE_RATE], second)
        there = recorded[around + near : around + near + SAMPLE_RATE][INNER]
        here = _delayed(second, fraction)[INNER]
        if _cosine(there, here) > LEAST_COSINE:
            lag = around + near - begin
        else:  # so much is missing that the rest says nothing of where it lies
            there = recorded[begin + lag : begin + lag + SAMPLE_RATE][INNER]
        found.append(there)
        expected.append(here)
    pairs = list(zip(found, expected, strict=True))
    # What goes wrong in one second is not to count in the others.
    gain = float(np.median([there @ here / (here @ here) for there, here in pairs]))
    loudest = gain * float(np.abs(said).max())
    residuals = [float(np.abs(there - gain * here).max()) / loudest for there, here in pairs]
    there, here = np.concatenate(found), np.concatenate(expected)
    correlations = tuple(_cosine(*pair) for pair in pairs)
    return Likeness(_cosine(there, here), correlations, lag - first, tuple(residuals))


def _cosine(one: Samples, other: Samples) -> float:
    return float(one @ other / max(np.linalg.norm(one) * np.linalg.norm(other), 1e-12))


def _lag(recorded: Samples, said: Samples) -> tuple[int, float]:
    """Where in a recording something begins: whole samples, and the part of one."""
    length = 1 << (len(recorded) + len(said)).bit_length()
    spectra = np.fft.rfft(recorded, length) * np.conj(np.fft.rfft(said, length))
    spectra /= np.abs(spectra) + 1e-9  # by phase alone: what is louder beside it counts no more
    best = int(np.argmax(np.fft.irfft(spectra)[: len(recorded)]))
    # Between the samples the likeness follows from the same spectra.
    fractions = np.linspace(-0.5, 0.5, 41)
    turn = 2j * np.pi * np.arange(len(spectra)) / length
    likely = [float((spectra * np.exp(turn * (best + part))).real.sum()) for part in fractions]
    return best, float(fractions[int(np.argmax(likely))])


def _delayed(samples: Samples, by: float) -> Samples:
    """The same, a part of a sample later."""
    spectrum = np.fft.rfft(samples)
    turns = np.exp(-2j * np.pi * np.arange(len(spectrum)) / len(samples) * by)
    return np.fft.irfft(spectrum * turns, len(samples)).astype(np.float32)
