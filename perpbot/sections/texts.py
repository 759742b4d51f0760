"""What stands for amounts and times in the shapes: text."""

Money = str
"""A decimal number as text."""
Time = str
"""ISO 8601, UTC, with milliseconds."""
