"""`python -m hwaja` is `hwaja`."""

import sys

from hwaja.cli.main import main

sys.exit(main())
