"""`python -m hwaja` is `hwaja`."""

import sys

from hwaja.cli import main

sys.exit(main())
