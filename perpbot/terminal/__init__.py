"""The live view of a running system in the terminal."""
