"""The checkout that this lies in: some measurements share the helpers of its tests."""

import sys
from pathlib import Path

from hwaja_bench.errors import BenchmarkError

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def use_test_helpers() -> None:
    """Let modules of `tests/` and `tests/support/` be imported.

    Raises:
        BenchmarkError: where this does not run from a checkout.

    """
    if not TESTS.is_dir():
        raise BenchmarkError("This needs a checkout of hwaja: pip install --editable bench.")
    sys.path[:0] = [str(TESTS), str(TESTS / "support")]
