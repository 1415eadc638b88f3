"""The Ray cluster of the tests that `make test-ray` runs."""

from collections.abc import Iterator

import pytest
from ray_cluster import RayCluster, ray_cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[RayCluster]:
    """A cluster with room for two engines."""
    with ray_cluster() as cluster:
        cluster.add_node(2)
        yield cluster
