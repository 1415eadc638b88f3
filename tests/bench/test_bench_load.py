"""`hwaja bench load`: its conversations, its figures, and a whole run of some seconds."""

import itertools
import json
from pathlib import Path

import clips
import numpy as np
import pytest
import soundfile
from processes import ENGLISH

from hwaja.cli.main import main
from hwaja.observability.metrics import Metrics
from hwaja.protocol.audio import SAMPLE_RATE
from hwaja_bench.errors import BenchmarkError
from hwaja_bench.load.figures import doubled, figures, lost
from hwaja_bench.load.playing import Final, Transcript
from hwaja_bench.load.report import summary
from hwaja_bench.load.talk import Talk, talks
from hwaja_bench.metrics import LOOP_LAG, quantile
from hwaja_bench.processes import Look
from hwaja_bench.speech.corpus import Clip

PARTS = {"beckett": (0.0, 4.5, 9.9), "two_cities": (1.0, 9.0, 21.0)}
"""Two clips of each speaker, long enough to enrol with: where they begin and end."""


def spoken(speaker: str, seconds: float) -> Clip:
    samples = np.full(round(seconds * SAMPLE_RATE), 0.1, np.float32)
    return Clip("", speaker, "", None, samples)


def final(start: float, end: float, at: float = 0.0, delay: float = 0.0) -> Final:
    return Final(start, end, at, delay)


TALK = Talk((b"", b""), b"\0\0" * 10 * SAMPLE_RATE, ((0.0, 2.0), (3.0, 5.0), (6.0, 9.0)))


def test_two_speakers_alternate_with_pauses_for_the_requested_duration() -> None:
    everybody = [spoken("a", 6), spoken("a", 7), spoken("b", 5), spoken("b", 8)]
    said = talks(everybody, clients=3, seconds=60, pause_seconds=0.7, seed=1)
    assert len(said) == 3
    for talk in said:
        assert len(talk.pcm) / 32000 == pytest.approx(60, abs=10)
        gaps = [
            b[0] - a[1] for a, b in zip(talk.spans_seconds, talk.spans_seconds[1:], strict=False)
        ]
        assert gaps == pytest.approx([0.7] * len(gaps))


def test_a_speaker_without_a_partner_is_named_in_the_error() -> None:
    with pytest.raises(BenchmarkError, match=r"^No group has two speakers"):
        talks([spoken("a", 60)], clients=1, seconds=10, pause_seconds=0, seed=1)


@pytest.mark.parametrize(
    ("end_seconds", "spoken_until"),
    [(2.2, 2.0), (1.5, 1.5), (5.6, 5.0), (3.2, 3.2), (9.9, 9.0)],
)
def test_speech_ends_with_the_clip_or_where_the_utterance_was_cut(
    end_seconds: float, spoken_until: float
) -> None:
    assert TALK.spoken_until(end_seconds) == spoken_until


def test_a_clip_without_any_text_about_it_is_lost() -> None:
    assert lost(TALK.spans_seconds, [final(0, 2.2), final(5.8, 9.2)]) == 1
    of_two_clips = final(0, 5.2)
    assert lost(TALK.spans_seconds, [of_two_clips, final(5.8, 9.2)]) == 0


def test_a_second_text_about_the_same_time_is_a_duplicate_and_a_neighbour_is_not() -> None:
    assert doubled([final(0, 2.2), final(0, 2.2), final(2.8, 5.2)]) == 1
    assert doubled([final(0, 2.4), final(2.0, 5.2)]) == 0


def test_turns_of_one_utterance_have_its_latency_and_other_turns_have_their_own() -> None:
    """The answers of three turns without a pause arrive at once. A later turn follows a pause."""
    turns = [final(0, 2, at=9, delay=7), final(2, 5, at=9.1, delay=4), final(5, 8, at=9.1, delay=1)]
    after = [final(9, 11, at=12, delay=1)]
    cut = [final(11, 13, at=14, delay=1)]  # adjoins, but came seconds later: another utterance
    found = figures(
        [TALK], [Transcript(0, turns + after + cut)], [Look(0, {}, {}), Look(9, {}, {})]
    )
    assert (found.delays.count, found.delays.longest) == (3, 1)
    assert (found.turn_delays.count, found.turn_delays.longest) == (5, 7)


def test_a_quantile_lies_below_the_bucket_that_contains_it() -> None:
    metrics = Metrics()
    for lag_seconds in (*[0.0005] * 98, 0.004, 0.3):
        metrics.loop_lagged(lag_seconds)
    exposition = metrics.exposition().decode()
    found = [quantile(exposition, LOOP_LAG, share) for share in (0.5, 0.98, 0.99, 1)]
    assert found == [0.001, 0.001, 0.005, 0.5]
    assert quantile(Metrics().exposition().decode(), LOOP_LAG, 0.99) is None


def test_a_rejected_client_is_counted_and_its_clips_are_not_lost() -> None:
    transcripts = [
        Transcript(0, [final(i, i + 1, at=i + 1) for i in range(9)]),
        Transcript(1, turned_away=True),
    ]
    found = figures([TALK, TALK], transcripts, [Look(0, {}, {}), Look(9, {}, {})])
    assert (found.clients, found.turned_away, found.lost, found.audio_seconds) == (1, 1, 0, 10)


def test_figures_show_growing_latency_and_the_cost_of_each_process_per_second_of_audio() -> None:
    transcript = Transcript(0, [final(i, i + 1, at=i + 1, delay=0.1 * i) for i in range(9)])
    before = Look(0, {"front": 1.0, "worker 0": 2.0}, {"front": 1 << 20, "worker 0": 1 << 20})
    after = Look(10, {"front": 1.5, "worker 0": 4.0}, {"front": 2 << 20, "worker 0": 1 << 20})
    found = figures([TALK], [transcript], [before, after], detection_seconds=0.2)
    first, _, last = found.by_third
    assert first.p95 is not None
    assert last.p95 is not None
    assert first.p95 < 0.3 < 0.6 < last.p95
    parts = {"front": 0.03, "speech detection": 0.02, "worker 0": 0.2}
    assert found.cpu == parts | {"all processes": 0.25}
    assert found.resident_mib["front"] == (1.0, 2.0)
    assert summary(found)["share of speech"] == 0.7


@pytest.mark.models
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are looked at through /proc")
def test_a_load_test_writes_a_page_that_compares_it_with_an_earlier_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], clean_settings: None
) -> None:
    entries = []
    for speaker, edges in PARTS.items():
        for start, stop in itertools.pairwise(edges):
            file = f"{speaker}{start}.wav"
            said = clips.part(speaker, start, stop)
            # One person reads both; two must not be alike.
            said = said if speaker == "beckett" else clips.deepened(said)
            soundfile.write(tmp_path / file, np.frombuffer(said, "<i2"), SAMPLE_RATE)
            entries.append({"file": file, "speaker": speaker})
    index = tmp_path / "index.json"
    index.write_text(json.dumps(entries))
    out = tmp_path / "out"
    command = ["bench", "load", "--speech", str(tmp_path), "--rttm-like", str(index)]
    command += ["--out", str(out), "--clients", "2", "--seconds", "8"]
    results = out / "results.json"
    for against in ([], ["--against", str(results)]):
        assert main([*command, *against, "--serve", *ENGLISH]) == 0
    said = capsys.readouterr().out
    assert "clips lost: 0" in said
    assert "clients: 2 (x 1.00)" in said
    found = json.loads(results.read_text())
    assert found["summary"]["texts"] >= 2
    assert 0 < found["summary"]["delay p50, s"] < 60
    assert found["figures"]["cpu"]["worker 0"] > 0
    page = (out / "report.html").read_text()
    assert "data:image/png;base64,iVBOR" in page
    assert "http" not in page  # it needs nothing else
    written = (page + results.read_text()).lower()
    assert not any(word in written for word in ("fail better", "worst", "wisdom"))


def test_a_file_that_holds_no_earlier_results_is_named_in_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "results.json"
    file.write_text("[]")
    command = ["bench", "load", "--speech", str(tmp_path), "--rttm-like", str(file)]
    assert main([*command, "--against", str(file), "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().err == f"hwaja: {file} holds no results of a load test.\n"
