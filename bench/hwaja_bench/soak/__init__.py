"""Endurance tests of a server: `hwaja bench soak NAME`; `make soak` runs all of them.

Each program prints its actions and observations. Its exit code is not 0 where a promise was broken.
docs/reliability.md has the figures. The programs use the helpers of the tests.
"""

import logging

from hwaja_bench.checkout import use_test_helpers

use_test_helpers()

# A flood continues to write to cut connections, and asyncio would log each write.
logging.getLogger("asyncio").setLevel(logging.ERROR)
