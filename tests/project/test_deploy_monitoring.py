"""The alerts and the dashboard: their metrics exist, and each alert fires and says what to do."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deployment import DEPLOY
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from pages import ROOT

GUIDE = (ROOT / "docs" / "operations.md").read_text()

RULES: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "monitoring" / "alerts.yml").read_text())[
    "groups"
][0]["rules"]

SERVER = 'job="hwaja", instance="a"'
BUCKETS = "hwaja_answer_latency_seconds_bucket", "hwaja_event_loop_lag_seconds_bucket"

# Series by name and labels, in the notation of promtool: value + step x minutes.
WELL = {
    "up": "1x800",
    "hwaja_workers_running": "2x800",
    "hwaja_lag_seconds": "0.4x800",
    'hwaja_utterances_total{outcome="failed"}': "3x800",
    "hwaja_worker_restarts_total": "0x400 1x400",
    f'{BUCKETS[0]}{{le="2.0"}}': "0+10x800",
    f'{BUCKETS[0]}{{le="+Inf"}}': "0+10x800",
    'hwaja_left_out{what="speaker_details"}': "0x800",
    "hwaja_slots_free": "4x800",
    'hwaja_rejections_total{reason="server_full"}': "2x800",
    'hwaja_rejections_total{reason="too_many_openings"}': "2x800",
    f'{BUCKETS[1]}{{le="0.01"}}': "0+60x800",
    f'{BUCKETS[1]}{{le="+Inf"}}': "0+60x800",
    'hwaja_errors_sent_total{reason="ticket_foreign"}': "0x800",
    'hwaja_model_changes_total{outcome="failed"}': "0x800",
    "hwaja_certificate_expires_timestamp_seconds": "2000000x800",
    "process_resident_memory_bytes": "900000000x800",
}

ILL = {
    "HwajaDown": {"up": "0x800"},
    "HwajaNoWorker": {"hwaja_workers_running": "0x800"},
    "HwajaFallsBehind": {"hwaja_lag_seconds": "11x800"},
    "HwajaUtterancesFail": {'hwaja_utterances_total{outcome="failed"}': "0+1x800"},
    "HwajaWorkersDie": {"hwaja_worker_restarts_total": "0+0.5x800"},
    "HwajaAnswersLate": {
        f'{BUCKETS[0]}{{le="2.0"}}': "0x800",
        f'{BUCKETS[0]}{{le="5.0"}}': "0+9x800",
    },
    "HwajaOverload": {'hwaja_left_out{what="speaker_details"}': "1x800"},
    "HwajaFull": {"hwaja_slots_free": "0x800"},
    "HwajaTurnsClientsAway": {'hwaja_rejections_total{reason="server_full"}': "0+1x800"},
    "HwajaTooManyOpenings": {'hwaja_rejections_total{reason="too_many_openings"}': "0+1x800"},
    "HwajaEventLoopBlocked": {
        f'{BUCKETS[1]}{{le="0.01"}}': "0+55x800",
        f'{BUCKETS[1]}{{le="0.1"}}': "0+60x800",
    },
    "HwajaForeignTickets": {'hwaja_errors_sent_total{reason="ticket_foreign"}': "0+1x800"},
    "HwajaModelChangeFailed": {'hwaja_model_changes_total{outcome="failed"}': "0+1x800"},
    "HwajaCertificateExpires": {"hwaja_certificate_expires_timestamp_seconds": "1200000x800"},
    "HwajaMemoryGrows": {"process_resident_memory_bytes": "900000000+120000x800"},
}
"""What makes each alert fire."""

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "monitoring" / "dashboard.json").read_text())

METRICS = set(re.findall(r"`((?:hwaja|process)_\w+)`", GUIDE)) | {"up"}
"""Those that docs/operations.md lists; `test_metrics_socket.py` compares it with a server's."""


def metrics_in(expression: str) -> set[str]:
    """Return the metrics of an expression, histograms without the suffix of their parts."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by \([^)]*\)", "", expression)
    words = set(re.findall(r"\b[a-z]\w*_\w+\b|\bup\b", bare)) - {"histogram_quantile"}
    return {word.removesuffix("_bucket") for word in words}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_has_its_expression_and_what_to_do_in_the_guide(rule: dict[str, Any]) -> None:
    rows = [line for line in GUIDE.splitlines() if f"`{rule['alert']}`" in line]
    assert len(rows) == 1
    assert f"`{rule['expr']}`" in rows[0]
    assert rows[0].split("|")[-2].strip()


def test_every_metric_of_an_alert_or_a_panel_exists() -> None:
    targets = [each["expr"] for panel in DASHBOARD["panels"] for each in panel["targets"]]
    found = set().union(*map(metrics_in, [*targets, *(rule["expr"] for rule in RULES)]))
    assert len(found) > 15
    known = {name for name in found if name in METRICS or name.startswith("process_resident")}
    assert found == known


def test_every_panel_has_a_place_of_its_own() -> None:
    places = {(each["gridPos"]["x"], each["gridPos"]["y"]) for each in DASHBOARD["panels"]}
    assert len(places) == len(DASHBOARD["panels"]) == len({p["id"] for p in DASHBOARD["panels"]})


def test_grafana_reads_every_field_of_the_dashboard() -> None:
    register_default_plugins()
    read = json.loads(JSONEncoder().encode(Dashboard.from_json(DASHBOARD)))
    assert list(not_read(DASHBOARD, read)) == []


def not_read(written: Any, read: Any, path: str = "") -> Iterator[str]:
    """Yield the path of each value that is not the same after it was read, or is not there."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            yield from not_read(value, read.get(key), f"{path}/{key}")
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (value, other) in enumerate(zip(written, read, strict=True)):
            yield from not_read(value, other, f"{path}/{number}")
    elif written != read:
        yield path


def with_server(series: str) -> str:
    """Add the labels of the server to a series."""
    name, _, labels = series.rstrip("}").partition("{")
    return f"{name}{{{SERVER}{', ' + labels if labels else ''}}}"


def observed(alerts: Iterable[str], changed: dict[str, str]) -> dict[str, Any]:
    """Return a test of promtool: of all alerts exactly these fire within 13 h."""
    series = [{"series": with_server(k), "values": v} for k, v in (WELL | changed).items()]
    firing = [{"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in alerts]
    query = 'count by (alertname) (ALERTS{alertstate="firing"})'
    asked = {"expr": query, "eval_time": "780m", "exp_samples": firing}
    return {"interval": "1m", "input_series": series, "promql_expr_test": [asked]}


def test_prometheus_fires_each_alert_for_an_ill_server_and_none_for_a_well_one(
    tmp_path: Path,
) -> None:
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("promtool is not installed here")
    assert set(ILL) == {rule["alert"] for rule in RULES}
    tests = [observed([], {}), *(observed([alert], ill) for alert, ill in ILL.items())]
    rules = str(DEPLOY / "monitoring" / "alerts.yml")
    suite = {"rule_files": [rules], "evaluation_interval": "5m", "tests": tests}
    (tmp_path / "suite.yml").write_text(yaml.safe_dump(suite))
    command = [promtool, "test", "rules", str(tmp_path / "suite.yml")]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stdout + tested.stderr
