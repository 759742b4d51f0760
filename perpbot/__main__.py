"""``python -m perpbot`` is the `perpbot` command."""

import sys

from perpbot.beginning import loud_interrupts, quiet_interrupts


def main() -> int:
    """Run the command line of this process; returns the exit code."""
    quiet_interrupts()  # what it needs takes a moment to import
    from perpbot.cli import main as run

    loud_interrupts()
    return run()


if __name__ == "__main__":
    sys.exit(main())
