"""The dashboard of a running system: its state, as every surface gets it, as lines of a terminal."""
