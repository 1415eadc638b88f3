"""The audio of one phase: acknowledgements, and the work that may begin on open speech."""

import pytest
from gating import HANGOVER, PAUSE, SPEECH, feed, samples
from hwaja.session.phase import (
    ACKNOWLEDGED_SAMPLES,
    PROBE_STEP_SECONDS,
    PROBED_SECONDS,
    OpenSpeech,
    Phase,
)

from hwaja.protocol.audio import SAMPLE_RATE
from hwaja.protocol.messages import AudioReceived
from hwaja.session.events import Arrival, Audio, Effect, Extend, ProbeSpeaker, Speculate
from hwaja.vad.gate import FRAME_SAMPLES, GateSettings, SpeechGate, frames_in

ORIGIN = 5 * SAMPLE_RATE


def silence(stop: int, frames: int) -> Audio:
    """Frames without speech that end at sample `stop`."""
    return Audio(stop, (0.1,) * frames, (-70.0,) * frames, Arrival(stop, 0.0, 0.0, 0.0))


# Acknowledgements -----------------------------------------------------------------------------


def test_audio_is_acknowledged_once_per_second_with_the_samples_since_the_phase_began() -> None:
    phase = Phase(GateSettings(), ORIGIN)
    acknowledged = []
    for number in range(1, 101):
        phase.hear(silence(ORIGIN + samples(number), 1))
        if (message := phase.acknowledgement()) is not None:
            acknowledged.append(message)
    step = -(-ACKNOWLEDGED_SAMPLES // FRAME_SAMPLES)
    assert acknowledged == [
        AudioReceived(samples(step)),
        *map(AudioReceived, (samples(2 * step), samples(3 * step))),
    ]
    assert phase.heard_samples == samples(100)


def test_a_long_message_is_acknowledged_once_and_as_a_whole() -> None:
    phase = Phase(GateSettings(), ORIGIN)
    frames = frames_in(10)
    phase.hear(silence(ORIGIN + samples(frames), frames))
    assert phase.acknowledgement() == AudioReceived(samples(frames))
    assert phase.acknowledgement() is None


# Work on open speech --------------------------------------------------------------------------


@pytest.fixture
def gate() -> SpeechGate:
    return SpeechGate(GateSettings(), ORIGIN)


def due(gate: SpeechGate, speech: OpenSpeech, kind: type[Effect]) -> list[Effect]:
    return [effect for effect in speech.due(3) if isinstance(effect, kind)]


def test_no_work_begins_without_speech(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [PAUSE] * 50)
    assert speech.due(3) == []


def test_new_samples_of_an_utterance_are_requested_once(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [PAUSE] * 20 + [SPEECH] * 10)
    (first,) = due(gate, speech, Extend)
    assert due(gate, speech, Extend) == []
    feed(gate, [SPEECH])
    (second,) = due(gate, speech, Extend)
    assert isinstance(first, Extend)
    assert second == Extend(3, first.start, first.stop + FRAME_SAMPLES)


def test_a_pause_starts_early_work_once_and_again_after_more_speech(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [SPEECH] * 10 + [PAUSE] * (HANGOVER - 1))
    (first,) = due(gate, speech, Speculate)
    assert due(gate, speech, Speculate) == []
    feed(gate, [SPEECH])
    assert due(gate, speech, Speculate) == []
    feed(gate, [PAUSE] * (HANGOVER - 1))
    (second,) = due(gate, speech, Speculate)
    assert first != second
    assert feed(gate, [PAUSE]) == [second.segment]


def test_one_search_for_another_voice_runs_at_a_time_and_skips_no_audio(gate: SpeechGate) -> None:
    speech = OpenSpeech(gate)
    feed(gate, [SPEECH] * frames_in(PROBED_SECONDS))
    (first,) = due(gate, speech, ProbeSpeaker)
    feed(gate, [SPEECH] * frames_in(5 * PROBE_STEP_SECONDS))
    assert due(gate, speech, ProbeSpeaker) == []
    speech.probe_answered()
    (second,) = due(gate, speech, ProbeSpeaker)
    assert isinstance(first, ProbeSpeaker)
    assert isinstance(second, ProbeSpeaker)
    assert second.start <= first.stop
    assert second.stop == gate.heard
