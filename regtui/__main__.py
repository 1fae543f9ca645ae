"""`python -m regtui` is the same as the `regtui` command."""

import sys

from regtui.cli import main

if __name__ == "__main__":
    sys.exit(main())
