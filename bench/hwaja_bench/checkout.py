"""Makes the test helpers of the checkout importable, since some measurements use them."""

import sys
from pathlib import Path

from hwaja_bench.errors import BenchmarkError

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


def use_test_helpers() -> None:
    """Make the modules of `tests/` and `tests/support/` importable.

    Raises:
        BenchmarkError: where the benchmark does not run from a checkout.

    """
    if not TESTS.is_dir():
        raise BenchmarkError("This needs a checkout of hwaja: pip install --editable bench.")
    sys.path[:0] = [str(TESTS), str(TESTS / "support")]
