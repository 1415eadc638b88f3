"""The programs of `make soak`, each for a moment: they pass, and they detect faults."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from browser.chromium import EXECUTABLE
from hwaja.client import Transcription
from hwaja.protocol.values import Details, Label
from hwaja_bench.balancer import PROGRAM
from hwaja_bench.conversations import scripts
from hwaja_bench.conversations.scripts import compare_lines
from hwaja_bench.conversations.talking import Report
from hwaja_bench.conversations.tally import Tally
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.promises import Usage, growth_bytes
from hwaja_bench.soak.restarts import Talker
from hwaja_bench.speech.dialogue import Clip, Dialogue, Placed
from hwaja_bench.tones.sentences import random_sentences
from hwaja_bench.tones.visitor import rejoined

BRIEFLY = {
    "abuse": ("--seconds", "4"),
    "appointment": ("--minutes", "0.4", "--reloads", "1", "--session-seconds", "8"),
    "cycles": ("--cycles", "8"),
    "fleet": (
        *("--nodes", "2", "--clients", "2", "--minutes", "0.01", "--every", "4"),
        *("--sentences", "2", "--upgrades", "0"),
    ),
    "floods": ("--attempts", "300", "--held-seconds", "1"),
    "restarts": ("--rounds", "1"),
    "roaming": ("--rounds", "1"),
    "vanished": ("--ping-seconds", "0.5"),
    "deaths": ("--minutes", "0.1", "--every", "3", "--sentences", "3"),
    "isolation": ("--rounds", "1", "--every", "5"),
}
KILLS_WORKERS = {"deaths", "isolation"}
"""They come last and alone: the next workers must be ready before these are killed as well."""

Ended = subprocess.CompletedProcess[str]


def run(program: str) -> Ended:
    command = [sys.executable, "-m", "hwaja", "bench", "soak", program, *BRIEFLY[program]]
    # Without coverage, whose memory and time would be taken for those of the server.
    known = {name: each for name, each in os.environ.items() if not name.startswith("COV")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=known)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Ended]]]:
    """Those programs of the chosen tests that wait more than they compute, two at a time."""
    chosen = [each for each in request.session.items if each.module is request.module]
    programs = [each.callspec.params.get("program") for each in chosen if hasattr(each, "callspec")]
    with ThreadPoolExecutor(2) as pool:
        yield {
            each: pool.submit(run, each) for each in programs if each and each not in KILLS_WORKERS
        }


@pytest.mark.alone  # each waits for its server only so long
@pytest.mark.models
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked at through /proc")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("program", BRIEFLY)
def test_every_soak_program_passes_for_a_moment(
    program: str, runs: dict[str, Future[Ended]]
) -> None:
    if program == "fleet" and PROGRAM is None:
        pytest.skip("haproxy is not installed here")
    if program == "appointment" and EXECUTABLE is None:
        pytest.skip("Chromium is not installed here")
    ended = runs[program].result() if program in runs else run(program)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("answered", "counts"),
    [
        (["a", "b", "c"], (0, 0, 0)),
        (["a", "c"], (1, 0, 0)),
        (["a", "a", "b", "c"], (0, 1, 0)),
        (["a", "x", "c"], (1, 0, 1)),
        (["b", "a", "c"], (0, 0, 1)),
    ],
)
def test_lost_duplicate_and_foreign_utterances_are_counted(
    answered: list[str], counts: tuple[int, int, int]
) -> None:
    tally = Tally()
    tally.compare(["a", "b", "c"], answered)
    assert (tally.lost, tally.doubled, tally.other) == counts


def test_a_sentence_that_is_divided_into_two_texts_is_not_lost() -> None:
    assert rejoined(["abcd", "ef"], ["abc", "d", "ef"]) == ["abcd", "ef"]
    assert rejoined(["abcd", "ef"], ["abc", "ef"]) == ["abc", "ef"]


def test_a_sentence_is_expected_once_its_last_sample_was_acknowledged() -> None:
    talker = Talker(random_sentences(random.Random(1)))  # noqa: S311 (no secret)
    first, second = talker.sentences[:2]
    talker.acknowledged_samples = len(first.samples) - 1
    assert talker.owed == []
    talker.acknowledged_samples += 1
    assert talker.owed == [first.text]
    talker.acknowledged_samples += 16000 + len(second.samples)
    assert talker.owed == [first.text, second.text]


def placed(speaker_id: int, start: float) -> Placed:
    return Placed(Clip("line", speaker_id, "네 그래요", b""), start, start + 2.2, start + 2)


def answered(speaker_id: int, start: float, end: float, segment_id: int) -> Transcription:
    timestamp = f"2026-01-01T00:00:{start:06.3f}Z"
    details = Details(start, end, Label.SURE, 1.0, ())
    return Transcription(speaker_id, "네, 그래요.", timestamp, -20.0, segment_id, details)


FIRST, SECOND = answered(0, 0.1, 2.1, 0), answered(1, 3.1, 5.1, 1)


@pytest.mark.parametrize(
    ("answers", "lost", "doubled", "swapped", "out_of_order"),
    [
        ([FIRST, SECOND], 0, 0, 0, 0),
        ([FIRST], 1, 0, 0, 0),
        ([FIRST, SECOND, answered(1, 3.1, 5.1, 2)], 0, 1, 0, 2),
        ([FIRST, answered(0, 3.1, 5.1, 1)], 0, 0, 1, 0),
        ([], 2, 0, 0, 0),
    ],
)
def test_lost_doubled_and_swapped_lines_of_real_speech_are_counted(
    answers: list[Transcription], lost: int, doubled: int, swapped: int, out_of_order: int
) -> None:
    """Lines begin at 7 s of their dialogue, and answers at 0 s of their stream."""
    report = Report()
    compare_lines([placed(0, 7.0), placed(1, 10.0)], answers, report)
    assert (report.tally.spoken, report.tally.lost, report.tally.doubled) == (2, lost, doubled)
    assert (report.swapped, report.out_of_order) == (swapped, out_of_order)
    assert report.characters == 8
    assert report.unlike == 4 * abs(2 - len(answers))


def test_a_conversation_of_more_lines_than_a_pair_has_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dialogue = Dialogue("pfc+pmd", (b"", b""), b"", (placed(0, 0.0),))
    monkeypatch.setattr(scripts, "load_dialogue", lambda *_: dialogue)
    with pytest.raises(BenchmarkError, match="has 1 line"):
        scripts.lines(Path(), "pfc+pmd", 2)


def test_growth_is_measured_over_the_second_half() -> None:
    settling = [(float(cycle), Usage(1 << cycle, 5, 1)) for cycle in range(10)]
    settled = [(float(cycle), Usage(50_000 + 7 * cycle, 5, 1)) for cycle in range(10, 20)]
    assert growth_bytes(settling + settled) == pytest.approx((7, 0), abs=1e-6)
