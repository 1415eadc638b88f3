"""Experiments behind the thresholds and figures of bench/RESULTS.md: `hwaja bench experiment NAME`.

Each module is a program. Its docstring describes the result, and `hwaja_bench.command` calls its
`add_arguments` and `run`. A module without `run` has code that several experiments share.
Some use the helpers of the tests.
"""

from hwaja_bench.checkout import use_test_helpers

use_test_helpers()
