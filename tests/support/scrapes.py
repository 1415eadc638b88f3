"""What Prometheus reads."""

from dataclasses import replace

from loopback import Address
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from hwaja.observability.metrics import Metrics
from hwaja.server.services import Services
from hwaja.session.settings import SessionSettings
from hwaja.vad.silero import Detection, SileroDetector

TOKEN = "a-token-of-the-tests"  # noqa: S105


class Scrape:
    """The samples of one scrape."""

    def __init__(self, text: str) -> None:
        self.families = list(text_string_to_metric_families(text))
        self.samples: list[Sample] = [each for family in self.families for each in family.samples]

    def __getitem__(self, name: str) -> float:
        """The value of a metric without labels."""
        return self.value(name)

    def value(self, name: str, **labels: str) -> float:
        found = [each.value for each in self.samples if (each.name, each.labels) == (name, labels)]
        (value,) = found
        return value

    def by(self, name: str, label: str) -> dict[str, float]:
        """The values of a metric that are not 0, by one of its labels."""
        mine = [sample for sample in self.samples if sample.name == name]
        return {each.labels[label]: each.value for each in mine if each.value}


def read(metrics: Metrics) -> Scrape:
    return Scrape(metrics.exposition().decode())


async def scrape(endpoint: Address) -> Scrape:
    page = await endpoint.get("/metrics", f"Authorization: Bearer {TOKEN}")
    assert page.status == 200
    return Scrape(page.body)


def metered(services: Services, detector: SileroDetector) -> Services:
    """The same services with counters of their own, which the detector knows as well."""
    metrics = Metrics()
    detection = Detection(detector, metrics.detector_called)
    settings = SessionSettings(abilities=lambda: services.generations.abilities)
    return replace(services, detection=detection, metrics=metrics, settings=settings)
