"""The cluster for KubeRay: its form, and that the server accepts what it is given."""

import itertools
import re
import tomllib
from typing import Any

import pytest
import yaml
from deployment import DEPLOY, ROOT, last_stage

from hwaja.server.config import options
from hwaja.server.config_sources import load

FOLDER = DEPLOY / "ray"
RESOURCES: dict[str, Any] = {
    each["kind"]: each for each in yaml.safe_load_all((FOLDER / "raycluster.yaml").read_text())
}
SPEC: dict[str, Any] = RESOURCES["RayCluster"]["spec"]
GROUPS: dict[str, Any] = {
    "head": SPEC["headGroupSpec"],
    **{each["groupName"]: each for each in SPEC["workerGroupSpecs"]},
}


def container_of(name: str) -> dict[str, Any]:
    (container,) = GROUPS[name]["template"]["spec"]["containers"]
    return dict(container)


def environment_of(name: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container_of(name)["env"]}


def test_the_server_accepts_its_options_and_its_engines_find_room() -> None:
    given = environment_of("server")
    known = {f"HWAJA_{option.name.upper()}" for option in options()}
    assert {name for name in given if name.startswith("HWAJA_")} <= known
    config = load({}, given, None)
    assert config.engines == "ray"
    assert config.ray_address == f"{RESOURCES['RayCluster']['metadata']['name']}-head-svc:6379"
    for pods, engines in (("minReplicas", config.min_engines), ("maxReplicas", config.max_engines)):
        room = {
            resource: float(GROUPS["engines"]["rayStartParams"][resource]) * GROUPS["engines"][pods]
            for resource in ("num-cpus", "num-gpus")
        }
        assert engines * config.engine_cpus <= room["num-cpus"]
        assert engines * config.engine_gpus <= room["num-gpus"]


def test_engines_have_room_on_their_own_pods_only() -> None:
    room = {name: group["rayStartParams"]["num-cpus"] for name, group in GROUPS.items()}
    assert [name for name, cpus in room.items() if cpus != "0"] == ["engines"]


@pytest.mark.parametrize("name", GROUPS)
def test_ray_reports_nothing_asks_for_its_token_and_stores_in_memory(name: str) -> None:
    given = environment_of(name)
    assert (given["RAY_USAGE_STATS_ENABLED"], given["RAY_AUTH_MODE"]) == ("0", "token")
    pod = GROUPS[name]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounts = {each["mountPath"]: each["name"] for each in container_of(name)["volumeMounts"]}
    assert set(mounts.values()) == set(volumes)
    assert volumes[mounts["/dev/shm"]]["emptyDir"]["medium"] == "Memory"  # noqa: S108
    folders = [given[key] for key in given if given[key].startswith("/etc/")]
    assert all(any(path.startswith(mount) for mount in mounts) for path in folders)


@pytest.mark.parametrize("name", GROUPS)
def test_a_pod_has_the_fewest_privileges_that_it_needs(name: str) -> None:
    security = GROUPS[name]["template"]["spec"]["securityContext"]
    user, group = dict(last_stage())["USER"].split(":")
    assert (security["runAsUser"], security["runAsGroup"]) == (int(user), int(group))
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container_of(name)["resources"]["limits"]


def test_only_pods_of_the_cluster_reach_ray() -> None:
    (rays, clients) = RESOURCES["NetworkPolicy"]["spec"]["ingress"]
    cluster = {"ray.io/cluster": RESOURCES["RayCluster"]["metadata"]["name"]}
    assert rays == {"from": [{"podSelector": {"matchLabels": cluster}}]}
    assert clients == {"ports": [{"port": 8088}]}
    assert RESOURCES["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == cluster


def test_the_manifest_the_image_and_the_extra_name_the_same_ray() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (wanted,) = (each for each in extras["optional-dependencies"]["ray"] if "ray>=" in each)
    installed = re.findall(r"ray==([\d.]+)", (FOLDER / "Dockerfile").read_text())
    assert installed == [SPEC["rayVersion"]]
    least, below = re.fullmatch(r"ray>=([\d.]+),<(\d+)", wanted).groups()  # type: ignore[union-attr]
    numbers = [list(map(int, each.split("."))) for each in (least, installed[0], below)]
    assert all(low <= high for low, high in itertools.pairwise(numbers))
