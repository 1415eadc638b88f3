"""Runs coverage-guided fuzzing: `hwaja bench soak fuzz --inputs 1000000`.

The program runs the targets of tests/fuzzing, each in its own process, starting from tests/corpus.
A broken promise, an input that takes more than 10 s, or more than 2 GiB of memory counts as a
crash. The input is saved in the folder of --keep, to be added to tests/corpus with the fix. Needs
atheris: `pip install -e 'bench[fuzz]'`.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hwaja_bench.checkout import TESTS

CORPUS = TESTS / "corpus"

SHARES = {"messages": 0.35, "session": 0.25, "boundary": 0.25, "audio": 0.1, "readers": 0.05}
"""Share of the inputs: a model file takes fifty times as long as a message."""

LIMITS = ("-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=512", "-max_len=4096")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--targets", nargs="+", choices=SHARES, default=list(SHARES))
    parser.add_argument("--keep", type=Path, default=Path("fuzzed"), help="what was found")


def run(asked: argparse.Namespace) -> int:
    """Fuzz the requested targets; return the exit code."""
    total = sum(SHARES[target] for target in asked.targets)
    crashes = 0
    for target in asked.targets:
        crashes += fuzz(target, round(asked.inputs * SHARES[target] / total), asked.keep)
    print(f"{asked.inputs} inputs, {crashes} crashes")
    return 1 if crashes else 0


def fuzz(target: str, inputs: int, keep: Path) -> int:
    """Fuzz a target; print the result; return 1 for a crash, else 0."""
    found, began = keep / target, time.monotonic()
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as grown:
        seeds = [str(CORPUS / target)] if (CORPUS / target).is_dir() else []
        options = (f"-runs={inputs}", f"-artifact_prefix={found}/", *LIMITS)
        command = [sys.executable, "-m", "hwaja_bench.soak.fuzz", target, *options, grown, *seeds]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            print(ended.stdout[-4000:], ended.stderr[-1000:])
    progress = r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+) corp: (\d+)"
    figures = re.findall(progress, ended.stderr)
    run, branches, features, kept = figures[-1] if figures else (0, 0, 0, 0)
    print(
        f"{target}: {run} inputs in {time.monotonic() - began:.0f} s, {branches} branches and "
        f"{features} features reached, {kept} inputs kept, exit code {ended.returncode}",
        flush=True,
    )
    return int(ended.returncode != 0)


def feed(target: str, options: list[str]) -> None:
    """Run a target under libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["hwaja", "fuzzing"], enable_loader_override=False):
        from fuzzing import TARGETS
    atheris.Setup([sys.argv[0], *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":  # in a process of its own, which has imported nothing of hwaja yet
    feed(sys.argv[1], sys.argv[2:])
