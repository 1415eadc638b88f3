"""A Ray cluster on this machine: a node for the server, without room for engines, and others."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest

from hwaja_bench.nodes import free_port

STORE_BYTES = 80_000_000


class RayNode:
    """A machine of the cluster: the processes that `ray start` starts."""

    def __init__(self, *options: str) -> None:
        command = [str(Path(sys.executable).with_name("ray")), "start", "--block", *options]
        command += ["--object-store-memory", str(STORE_BYTES), "--include-log-monitor", "false"]
        self._starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._starter.stdout is not None
        said = ""
        while "Ray runtime started" not in said:
            line = self._starter.stdout.readline()
            assert line, said
            said += line

    @property
    def processes(self) -> list[psutil.Process]:
        """All processes of the node, its engines included."""
        found: list[psutil.Process] = psutil.Process(self._starter.pid).children(recursive=True)
        return found

    @property
    def engines(self) -> list[psutil.Process]:
        """The actors."""
        kinds = ("ray::EngineActor", "ray::SharedEngineActor")
        return [each for each in self.processes if _name(each).startswith(kinds)]

    def kill(self) -> None:
        """As if the machine lost its power."""
        with suppress(psutil.NoSuchProcess):
            processes = self.processes
            self._starter.kill()
            for each in processes:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            psutil.wait_procs(processes)
        self._starter.communicate()


class RayCluster:
    """A running cluster. Needs Ray, which is in the environment of `make test-ray` only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Sockets, logs, and what the object stores spill."""
        port = str(free_port())
        self.address = f"127.0.0.1:{port}"
        head = ("--head", "--port", port, "--temp-dir", str(folder), "--num-cpus", "0")
        self.nodes = [RayNode(*head, "--include-dashboard", "false", "--disable-usage-stats")]

    def add_node(self, engines: int) -> RayNode:
        """A machine with room for so many engines of one core."""
        self.nodes.append(RayNode("--address", self.address, "--num-cpus", str(engines)))
        return self.nodes[-1]

    def kill_node(self, node: RayNode) -> None:
        """As if the machine lost its power."""
        self.nodes.remove(node)
        node.kill()

    @property
    def processes(self) -> list[psutil.Process]:
        """All processes of the cluster, the engines included."""
        return [process for node in self.nodes for process in node.processes]

    @property
    def raylets(self) -> list[psutil.Process]:
        """The process of each node that holds its object store."""
        return [each for each in self.processes if _name(each) == "raylet"]

    @property
    def engines(self) -> list[psutil.Process]:
        """The actors."""
        return [engine for node in self.nodes for engine in node.engines]


def _name(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):
        return str(process.name())
    return ""


@contextmanager
def ray_cluster() -> Iterator[RayCluster]:
    """A cluster with a folder of its own. Its engines find the modules of the tests."""
    # The path is short: Ray puts sockets into the folder.
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="ray") as folder:
        support = str(Path(__file__).parent)
        paths = [support, *filter(None, [os.environ.get("PYTHONPATH")])]
        patch.setenv("PYTHONPATH", os.pathsep.join(paths))
        patch.setenv("RAY_worker_niceness", "0")  # otherwise engines yield to all other programs
        cluster = RayCluster(Path(folder))
        try:
            yield cluster
        finally:
            for node in cluster.nodes:
                node.kill()
