"""Many clients that talk at once: `hwaja bench load`, under the name of the other benchmarks.

python bench/load.py --speech ../shared/speech --rttm-like INDEX --clients 10 --seconds 600
"""

import sys

from hwaja.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["bench", "load", *sys.argv[1:]]))
