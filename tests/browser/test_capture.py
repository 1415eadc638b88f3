"""Sound from the microphone to the server: whole, in time, without a click."""

from asyncio import Lock, gather
from pathlib import Path

import numpy as np
import pytest

import clips
from browser.captured import Likeness, likeness, sent
from browser.conftest import Visit
from hwaja.engines.silero import SileroDetector

Certificate = tuple[Path, Path]

pytestmark = pytest.mark.models

SAID = clips.part("two_cities", 0, 22)

LEAST_CORRELATION = 0.98

CHUNK_SAMPLES = 4096

HAS_WORKLET = "() => 'audioWorklet' in AudioContext.prototype"

WITHOUT_WORKLET = "delete BaseAudioContext.prototype.audioWorklet"
"""As in Safari 13."""

OTHER_DEVICE = """
globalThis.AudioContext = class extends AudioContext {
  constructor() { super({ sampleRate: 48000 }); }
};
"""
"""A device at another rate than Chromium's false one, which has 44.1 kHz."""


LARGEST_RESIDUAL = 0.02
"""A sample that was lost makes ten times that in speech."""

CLEAN_SHARE = 0.95
"""Of the seconds: on a busy machine Chromium itself, now and then, hears a block late or twice."""

CLEAN_SHARE_WITHOUT_WORKLET = 0.75
"""A ScriptProcessor loses a block whenever the page is late."""


@pytest.mark.asyncio(loop_scope="session")
async def test_what_the_microphone_hears_reaches_the_server_as_it_was(
    detector: SileroDetector, certificate: Certificate, visit: Visit
) -> None:
    turn = Lock()

    async def captured(rate: int, script: str, *, has_worklet: bool = True) -> Likeness:
        visitor = await visit(None)
        await visitor.page.add_init_script(script)
        pair = await sent(visitor, detector, certificate, SAID, rate, turn)
        assert has_worklet == await visitor.page.evaluate(HAS_WORKLET)
        return likeness(*pair)

    # All at once: each takes as long as it lasts.
    found = await gather(
        captured(44_100, ""),
        captured(48_000, OTHER_DEVICE),
        captured(44_100, WITHOUT_WORKLET, has_worklet=False),
    )
    for each in found:
        assert each.correlation > LEAST_CORRELATION
        assert abs(each.drift_samples) < CHUNK_SAMPLES
    shares = [each.clean_share(LARGEST_RESIDUAL) for each in found]
    assert min(shares[:2]) >= CLEAN_SHARE
    assert shares[2] >= CLEAN_SHARE_WITHOUT_WORKLET


def test_lost_samples_and_clicks_are_seen() -> None:
    """Otherwise the test above proves nothing."""
    said = clips.samples(SAID)
    recorded = np.concatenate([np.zeros(9000, np.float32), said, np.zeros(40_000, np.float32)])
    whole = likeness(recorded, said)
    assert whole.correlation > 0.9999
    assert (whole.drift_samples, whole.clean_share(LARGEST_RESIDUAL)) == (0, 1)
    lossy = likeness(np.delete(recorded, slice(100_000, 100_128)), said)
    assert lossy.drift_samples == -128
    assert lossy.clean_share(LARGEST_RESIDUAL) == pytest.approx(
        1 - 1 / len(said) * 16_000, abs=0.01
    )
    recorded[100_000] += 0.1
    assert likeness(recorded, said).clean_share(LARGEST_RESIDUAL) < 1
