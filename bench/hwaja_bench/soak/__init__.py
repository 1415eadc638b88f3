"""What a server must withstand for hours: `hwaja bench soak NAME`, all of them `make soak`.

Each program says what it did and saw, and ends with a code other than 0 where a promise was broken.
docs/reliability.md has the figures. They share the helpers of the tests.
"""

import logging

from hwaja_bench.checkout import use_test_helpers

use_test_helpers()

# Who floods writes on to connections that the server has cut; asyncio warns of each write.
logging.getLogger("asyncio").setLevel(logging.ERROR)
