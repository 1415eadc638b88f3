"""Compares the Rust crate's speed with that of another revision, both measured in turns.

hwaja bench experiment compare REVISION      (make bench-compare BASE=REVISION)

Both sides run the benchmarks of the working tree, so that only the measured code differs. A time is
the minimum of the rounds' medians, since other load on the machine can only increase times.
`memcpy`, `memset` and NumPy are the same code on both sides, so their ratios show the noise of the
machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hwaja_bench.checkout import ROOT

ROUNDS = 3
SLOWER_RATIO = 1.1

PYTHON = (sys.executable, "-m")
CRITERION = ("cargo", "bench", "--quiet", "--package", "hwaja-pcm", "--", "--quiet")
SECONDS_EACH = ("--warm-up-time", "0.5", "--measurement-time", "1")
PYTEST = (*PYTHON, "pytest", "--quiet", "bench", "--benchmark-enable", "--benchmark-only")


class Side:
    """One revision of the crate: its source and its build."""

    def __init__(self, source: Path, built: Path, target: Path) -> None:
        """Build the extension of `source` into `built`; cargo's build folder is `target`."""
        self._source = source
        self._environment = {"CARGO_TARGET_DIR": str(target)}
        self._run(*PYTHON, "maturin", "build", "--release", "--out", str(built))
        extension = built / "site"
        wheels = map(str, built.glob("*.whl"))
        self._run(*PYTHON, "pip", "install", "--no-deps", "--target", str(extension), *wheels)
        # Takes precedence over the environment's own hwaja.
        self._environment["PYTHONPATH"] = str(extension)

    def medians_ns(self, results: Path) -> dict[str, float]:
        """Run every benchmark once; `results` is an empty folder."""
        self._environment["CRITERION_HOME"] = str(results)
        self._run(*CRITERION, *SECONDS_EACH)
        medians_ns = {
            str(file.relative_to(results).parent.parent): json.loads(file.read_text())["median"][
                "point_estimate"
            ]
            for file in sorted(results.glob("*/*/*/new/estimates.json"))
        }
        # A benchmark above its limit fails, but is measured nevertheless.
        pytest = (*PYTEST, f"--benchmark-json={results / 'pytest.json'}")
        self._run(*pytest, directory=ROOT, check=False)
        for benchmark in json.loads((results / "pytest.json").read_text())["benchmarks"]:
            medians_ns[benchmark["name"]] = 1e9 * benchmark["stats"]["median"]
        return medians_ns

    def _run(self, *command: str, directory: Path | None = None, check: bool = True) -> None:
        # The tools' output goes to stderr, so that stdout has only the table.
        subprocess.run(
            command,
            cwd=directory or self._source,
            env=os.environ | self._environment,
            stdout=sys.stderr,
            check=check,
        )


def git(*arguments: str) -> None:
    subprocess.run(("git", *arguments), cwd=ROOT, check=True)  # noqa: S607


def measure(base: str, folder: Path) -> list[dict[str, float]]:
    """Return the medians in nanoseconds, by benchmark, of `base` and of the working tree."""
    source = folder / "source"
    git("worktree", "add", "--quiet", "--detach", str(source), base)
    try:
        shutil.rmtree(source / "rust/benches")
        shutil.copytree(ROOT / "rust/benches", source / "rust/benches")
        sides = [
            Side(source, folder / "base", ROOT / "target/base"),
            Side(ROOT, folder / "now", ROOT / "target"),
        ]
        least: list[dict[str, float]] = [{}, {}]
        for number in range(ROUNDS):
            for side, medians_ns in zip(sides, least, strict=True):
                results = Path(tempfile.mkdtemp(prefix=f"round{number}-", dir=folder))
                for name, median_ns in side.medians_ns(results).items():
                    medians_ns[name] = min(median_ns, medians_ns.get(name, median_ns))
        return least
    finally:
        git("worktree", "remove", "--force", str(source))


def row(name: str, base_ns: float, now_ns: float, yardstick_ns: float | None) -> str:
    ratio = now_ns / base_ns
    beside = f"{now_ns / yardstick_ns:.2f}" if yardstick_ns else ""
    mark = "slower" if ratio > SLOWER_RATIO else ""
    return f"{name:32} {base_ns:10.0f} {now_ns:10.0f} {ratio:10.2f} {beside:>10}  {mark}".rstrip()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", help="a git revision")


def run(args: argparse.Namespace) -> None:
    base = args.base
    with tempfile.TemporaryDirectory() as folder:
        base_ns, now_ns = measure(base, Path(folder))
    print(f"{'':32} {base[:10] + ', ns':>10} {'now, ns':>10} {'ratio':>10} {'of memcpy':>10}")
    for name, median_ns in now_ns.items():
        group, _, rest = name.partition("/")
        yardsticks = (f"{group}/{copy}/{rest.partition('/')[2]}" for copy in ("memcpy", "memset"))
        yardstick_ns = next((now_ns[copy] for copy in yardsticks if copy in now_ns), None)
        print(row(name, base_ns[name], median_ns, yardstick_ns))
