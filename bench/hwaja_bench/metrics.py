"""Reads the server's metrics as Prometheus does."""

from prometheus_client.core import Sample
from prometheus_client.parser import text_string_to_metric_families

from hwaja_bench.server import Service

LOOP_LAG = "hwaja_event_loop_lag_seconds"


def scrape(service: Service) -> str:
    """Return all metrics in Prometheus' text format."""
    return service.get("/metrics")


def quantile(exposition: str, histogram: str, share: float) -> float | None:
    """Return the lowest bucket bound that covers at least `share` of a histogram; None if empty.

    The quantile itself may be smaller than the bound.
    """
    buckets = [
        (float(sample.labels["le"]), sample.value)
        for sample in _samples(exposition, f"{histogram}_bucket")
    ]
    total = buckets[-1][1]
    return next((bound for bound, count in buckets if total and count >= share * total), None)


def values(exposition: str, name: str) -> dict[str, float]:
    """Return the values of a metric by label; the label is empty for a metric without one."""
    return {"".join(s.labels.values()): s.value for s in _samples(exposition, name)}


def detection_seconds(exposition: str) -> float:
    """Return the CPU seconds that the front process has spent on speech detection."""
    return values(exposition, "hwaja_detector_call_seconds_sum")[""]


def _samples(exposition: str, name: str) -> list[Sample]:
    families = text_string_to_metric_families(exposition)
    return [sample for family in families for sample in family.samples if sample.name == name]
