"""Commands that have commands of their own, and how their help lists them."""

import click

SENTENCE = 400


class Commands(click.Group):
    """A group whose help has each command's whole first sentence, wrapped and never cut."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands."""
        del ctx
        rows = [(name, each.get_short_help_str(SENTENCE)) for name, each in sorted(self.commands.items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
