"""Numbers on a command line, with refusals in plain words."""

from typing import Any

import click


def _between(least: float | None, most: float | None) -> str:
    if least is None or most is None:
        return "" if least is None and most is None else f"{least:g} or more" if most is None else f"{most:g} or less"
    return f"from {least:.15g} to {most:.16g}"


class WholeNumber(click.IntRange):
    """A whole number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; anything else is a usage error that says what is allowed."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value} is not a whole number {self._describe_range()}".rstrip(), param, ctx)

    def _describe_range(self) -> str:
        return _between(self.min, self.max)


class Number(click.FloatRange):
    """A number in a range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; anything else is a usage error that says what is allowed."""
        try:
            found = float(super().convert(value, param, ctx))
        except click.BadParameter:
            found = float("nan")
        if found != found:  # noqa: PLR0124 - NaN lies in no range, and click lets it through
            self.fail(f"{value} is not a number {self._describe_range()}".rstrip(), param, ctx)
        return found

    def _describe_range(self) -> str:
        return _between(self.min, self.max)
