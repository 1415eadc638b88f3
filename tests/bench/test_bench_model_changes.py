"""`hwaja bench experiment model_changes`: which delays belong to a change, and what was lost."""

from hwaja_bench.experiments.model_changes import AFTER_SECONDS, Change, Results, report
from hwaja_bench.load.playing import Final, Transcript
from hwaja_bench.load.talk import Talk
from hwaja_bench.processes import Look

MIB = 2**20

METRICS = """
hwaja_utterances_total{outcome="answered"} 3.0
hwaja_utterances_total{outcome="empty"} 1.0
hwaja_utterances_total{outcome="failed"} 0.0
hwaja_worker_restarts_total 0.0
"""


def final(spoken_seconds: float, delay_seconds: float) -> Final:
    """A text for the last second before speech that ended at this time."""
    at = spoken_seconds + delay_seconds
    return Final(spoken_seconds - 1, spoken_seconds, at, delay_seconds)


def test_a_delay_belongs_to_a_change_from_its_request_until_the_old_workers_have_ended() -> None:
    change = Change(10, 15, 20)
    assert not change.concerns(9.9)
    assert change.concerns(10)
    assert change.concerns(20 + AFTER_SECONDS)
    assert not change.concerns(20.1 + AFTER_SECONDS)


def test_the_report_names_delays_near_a_change_what_was_lost_and_the_peak_of_the_memory() -> None:
    spoken = (3.0, 12.0, 30.0, 40.0)
    talk = Talk((b"", b""), b"", tuple((end - 1, end) for end in spoken))
    finals = [final(3.0, 0.5), final(12.0, 2.5), final(30.0, 0.7)]  # and none for the last clip
    transcript = Transcript(0.0, finals)
    results = Results(0.0, [transcript], [Change(10, 15, 20)])
    results.looks = [
        Look(0.0, {}, {"front": 100 * MIB, "worker 0": 200 * MIB}),
        Look(1.0, {}, {"front": 100 * MIB, "worker 0": 200 * MIB, "worker 1": 300 * MIB}),
    ]
    text = report([talk], results, METRICS)
    assert "1 changes, 3 utterances" in text
    assert "clips without a text: client 0, 40.0 s\n" in text
    assert "doubled 0, errors 0" in text
    assert "utterances without words 1, failed 0" in text
    assert "delay near a change: p50 2.50 s, p95 2.50 s, max 2.50 s (1)" in text
    assert "delay otherwise: p50 0.60 s" in text
    assert "300 MiB at first, 600 MiB at most" in text
