"""The journal, and what can be read from it."""
