"""What a server must stand for hours: programs for `make soak`, run as `python -m soak.NAME`.

Each says what it did and saw, and ends with a code other than 0 where a promise was broken.
docs/reliability.md has the figures. They share the helpers of the tests.
"""

import logging
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "support")]

# Who floods writes on to connections that the server has cut; asyncio warns of each write.
logging.getLogger("asyncio").setLevel(logging.ERROR)
