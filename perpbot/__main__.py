"""``python -m perpbot`` is the `perpbot` command."""

import sys

from perpbot.cli import main

if __name__ == "__main__":
    sys.exit(main())
