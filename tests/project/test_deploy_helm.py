"""The Helm chart: what can be checked of its files, and what Helm makes of them where it is there.

`make helm` installs Helm and the schemas of Kubernetes, and runs these tests.
"""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from deployment import DEPLOY, ROOT, last_stage

from hwaja.server.config import Config, options
from hwaja.server.config_sources import load
from hwaja.server.server import CLOSE_SECONDS, NOTICE_SECONDS

CHART = DEPLOY / "helm" / "hwaja"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())

RELEASES = {
    "usual": {},
    "claim": {"models": {"source": "claim", "claim": "models"}, "nodes": 4, "workers": 4},
    "pull": {
        "models": {"source": "pull", "names": ["whisper-base"]},
        "options": {"asr_model": "whisper-base", "hangover_seconds": 0.45, "max_openings": 512},
    },
    "proxy": {
        "tls": "proxy",
        "secrets": {"tokens": "", "certificate": ""},
        "proxies": "10.0.7.0/24",
        "networkPolicy": {"from": [{"podSelector": {}}], "monitoring": [{"podSelector": {}}]},
    },
    "hpa": {
        "secrets": {"metricsToken": "m"},
        "autoscaling": {"by": "hpa"},
        "podMonitor": {"enabled": True, "labels": {"release": "monitoring"}},
        "service": {"type": "LoadBalancer", "loadBalancerSourceRanges": ["192.0.2.0/24"]},
    },
    "keda": {
        "secrets": {"metricsToken": "m"},
        "autoscaling": {"by": "keda", "prometheus": "http://prometheus:9090"},
        "disruption": {"maxUnavailable": 0},
        "networkPolicy": {"enabled": False},
    },
}
"""Values that reach every branch of the templates."""

OF_OPERATORS = {"PodMonitor", "ScaledObject"}
"""Kinds that Kubernetes itself does not know."""


def helm(*arguments: str, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    program = shutil.which("helm", path=f"{ROOT}/.stamps/helm/bin:{os.environ['PATH']}")
    if program is None:
        pytest.skip("helm is not installed here; `make helm` installs it")
    return subprocess.run(
        # A Helm that Go built takes the cluster for one of 2020 otherwise.
        [program, *arguments, "--kube-version", "1.31.0", "--values", "-"],
        input=yaml.safe_dump(values),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def rendered(values: dict[str, Any], name: str = "hwaja") -> dict[str, dict[str, Any]]:
    """The resources of a release by their kind and, of the services, name."""
    done = helm("template", name, str(CHART), "--namespace", "speech", values=values)
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    return {
        each["metadata"]["name"] if each["kind"] == "Service" else each["kind"]: each
        for each in found
    }


def pod_of(resources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    pod: dict[str, Any] = resources["StatefulSet"]["spec"]["template"]["spec"]
    return pod


def environment_of(pod: dict[str, Any]) -> dict[str, str]:
    """The variables of a node, with the name that its pod would have."""
    listed = pod["containers"][0]["env"]
    return {each["name"]: each.get("value", "hwaja-0") for each in listed}


# The files ------------------------------------------------------------------------------------


def test_the_schema_allows_the_usual_values_and_describes_each_of_them() -> None:
    jsonschema.validate(VALUES, SCHEMA)
    assert set(VALUES) == set(SCHEMA["properties"]) - {"global"}
    for name, part in VALUES.items():
        described = SCHEMA["properties"][name].get("properties")
        assert described is None or set(part) == set(described), name


@pytest.mark.parametrize(
    "wrong",
    [
        {"node": 3},
        {"workers": 0},
        {"tls": "off"},
        {"models": {"source": "internet"}},
        {"secrets": {"ticketKeys": ""}},
        {"options": {"port": 9000}},
        {"options": {"origins": ["https://a.example"]}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_would_not_run(wrong: dict[str, Any]) -> None:
    """A misspelt value would otherwise be ignored, and an option that the chart sets as well."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_the_schema_refuses_as_options_what_the_chart_sets_itself() -> None:
    refused = set(SCHEMA["properties"]["options"]["propertyNames"]["not"]["enum"])
    templates = "".join(file.read_text() for file in (CHART / "templates").iterdir())
    set_here = {name.lower() for name in re.findall(r"\bHWAJA_([A-Z_]+)\b", templates)}
    known = {option.name for option in options()}
    assert set_here & known <= refused <= known | {"config"}


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    project = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert chart["version"] == chart["appVersion"] == project["workspace"]["package"]["version"]


def test_the_guide_names_every_group_of_values() -> None:
    guide = (ROOT / "docs" / "kubernetes.md").read_text()
    assert [name for name in VALUES if f"`{name}" not in guide] == []


# What Helm makes of them ----------------------------------------------------------------------


@pytest.mark.parametrize("values", RELEASES.values(), ids=RELEASES)
def test_helm_has_no_complaints(values: dict[str, Any]) -> None:
    done = helm("lint", "--strict", str(CHART), values=values)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("values", RELEASES.values(), ids=RELEASES)
def test_kubernetes_knows_every_field(values: dict[str, Any]) -> None:
    resources = rendered(values)
    schemas = pytest.importorskip("kubernetes_validate", reason="`make helm` installs it")
    for kind, resource in resources.items():
        if kind not in OF_OPERATORS:
            schemas.validate(resource, schemas.latest_version(), strict=True)


@pytest.mark.parametrize("values", RELEASES.values(), ids=RELEASES)
def test_the_server_accepts_what_a_node_is_given(values: dict[str, Any], tmp_path: Path) -> None:
    resources = rendered(values)
    file = tmp_path / "hwaja.toml"
    file.write_text(resources["ConfigMap"]["data"]["hwaja.toml"])
    given = environment_of(pod_of(resources))
    known = {f"HWAJA_{option.name.upper()}" for option in options()}
    assert given.keys() <= known | {"HWAJA_CACHE", "HWAJA_CONFIG"}
    config = load({}, given, file)
    asked = VALUES | values
    assert (config.node, config.workers) == ("hwaja-0", asked["workers"])
    assert config.plain_ws == ("off" if asked["tls"] == "nodes" else "anywhere")
    assert {**VALUES["options"], **asked["options"]} == {
        name: getattr(config, name) for name in {**VALUES["options"], **asked["options"]}
    }


@pytest.mark.parametrize("values", RELEASES.values(), ids=RELEASES)
def test_a_node_has_the_fewest_privileges_that_it_needs(values: dict[str, Any]) -> None:
    pod = pod_of(rendered(values))
    security = pod["securityContext"]
    user, group = dict(last_stage())["USER"].split(":")
    assert (security["runAsUser"], security["runAsGroup"]) == (int(user), int(group))
    assert security["fsGroup"] == int(group)  # else it could not read its secrets
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False  # a service called hwaja would set HWAJA_PORT
    for container in pod["containers"] + pod.get("initContainers", []):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        mounts = {
            each["mountPath"]: each.get("readOnly", False) for each in container["volumeMounts"]
        }
        writable = {path for path, is_read_only in mounts.items() if not is_read_only}
        of_models = {"/var/cache/hwaja"} if container["name"] == "models" else set()
        assert writable == {"/tmp"} | of_models  # noqa: S108 (a folder of the container)


@pytest.mark.parametrize("values", RELEASES.values(), ids=RELEASES)
def test_every_secret_and_folder_that_a_node_reads_is_mounted(values: dict[str, Any]) -> None:
    pod = pod_of(rendered(values))
    (container,) = pod["containers"]
    mounted = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    assert set(mounted.values()) == {each["name"] for each in pod["volumes"]}
    for name, value in environment_of(pod).items():
        if value.startswith("/etc/"):
            assert str(Path(value).parent) in mounted, name


@pytest.mark.parametrize(
    ("finish", "drain"), [(600, 10), (0, 30)], ids=["usual", "without a time to finish"]
)
def test_kubernetes_waits_until_a_node_has_left(finish: int, drain: int) -> None:
    """Otherwise it kills the node, and what was received is not answered."""
    pod = pod_of(rendered({"ending": {"finish": finish, "drain": drain}}))
    config = load({}, environment_of(pod), None)
    assert (config.finish_seconds, config.drain_seconds) == (finish, drain)
    command = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]
    needed = int(command[1]) + NOTICE_SECONDS + finish + drain + CLOSE_SECONDS
    assert needed < pod["terminationGracePeriodSeconds"] < needed + 30


def test_a_full_node_is_no_longer_chosen_but_lives() -> None:
    (container,) = pod_of(rendered({}))["containers"]
    paths = {
        probe: container[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("startup", "readiness", "liveness")
    }
    assert paths == {"startup": "/healthz", "readiness": "/readyz", "liveness": "/healthz"}
    assert {container[f"{probe}Probe"]["httpGet"]["scheme"] for probe in paths} == {"HTTPS"}


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_a_node_has_the_memory_that_the_guide_states(workers: int) -> None:
    guide = (ROOT / "docs" / "deployment.md").read_text()
    told = re.search(rf"^\| {workers} \| ([\d.]+) GB \|$", guide, re.MULTILINE)
    assert told is not None
    (container,) = pod_of(rendered({"workers": workers}))["containers"]
    limit = container["resources"]["limits"]["memory"]
    assert limit == container["resources"]["requests"]["memory"]
    assert float(told[1]) - 0.1 < int(limit.removesuffix("Mi")) * 2**20 / 1e9 < float(told[1]) + 0.5


def test_only_what_pulls_models_may_open_connections() -> None:
    assert rendered({})["NetworkPolicy"]["spec"]["egress"] == []
    assert rendered(RELEASES["pull"])["NetworkPolicy"]["spec"]["egress"]


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("hwaja", {"secrets": {"certificate": ""}}, "secrets.certificate is missing"),
        ("hwaja", {"models": {"source": "claim"}}, "models.claim is missing"),
        ("hwaja", {"autoscaling": {"by": "hpa"}}, "need secrets.metricsToken"),
        ("7", {}, "a letter first"),
        ("a-release-with-a-long-name", {}, "at most 27 characters"),
    ],
)
def test_what_cannot_run_is_refused_with_the_reason(
    name: str, values: dict[str, Any], said: str
) -> None:
    done = helm("template", name, str(CHART), values=values)
    assert done.returncode != 0
    assert said in done.stderr


def test_an_autoscaler_alone_says_how_many_nodes_there_are() -> None:
    """Each upgrade of the release would otherwise set the number back."""
    usual, scaled = rendered({}), rendered(RELEASES["hpa"])
    assert usual["StatefulSet"]["spec"]["replicas"] == VALUES["nodes"]
    assert "replicas" not in scaled["StatefulSet"]["spec"]
    assert "HorizontalPodAutoscaler" not in usual


def test_a_node_takes_a_few_clients_at_the_most_by_default() -> None:
    assert VALUES["slots"] == Config().max_connections
