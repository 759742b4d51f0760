"""The page of all refusals, docs/risk.md, written from the rules themselves."""

import inspect

from perpbot.risk.rule import AccountRule, Rule
from perpbot.risk.rules import OPENING_RULES

_PAGE = """\
# Risk

Every order passes the risk actor, `/books/risk`; the connection that sends it takes none without its approval, and an
approval holds for one trade, one second, and the gates as they stood. An order that opens passes all rules below, in
this order, and the first no counts. An order that takes risk away (hedge, unwind, close, flatten) passes `connection`
and `price-collar` only, so that no cooldown ever refuses a hedge.

A refusal names level, rule, value and limit, as in
`account/drawdown: 10.2 %, allowed less than 10 %`. `perpbot status` shows the rules that block everything (marked
`all` here), `perpbot opportunities` the reason for each opportunity, `perpbot risk status` how near the limits are and
how often each rule said no. `perpbot risk resume` lifts the pause after failures.

| level | rule | what it wants | blocks | keys | what to do |
|---|---|---|---|---|---|
{rows}

The keys are explained in [configuration.md](configuration.md). This page is written by `python -m perpbot.risk` from
the rules in `perpbot/risk/`.
"""


def markdown() -> str:
    """The whole page."""
    return _PAGE.format(rows="\n".join(_row(each) for each in OPENING_RULES))


def _row(rule: Rule) -> str:
    wants = inspect.getdoc(type(rule)) or ""
    blocks = "all" if isinstance(rule, AccountRule) else "the trade"
    keys = ", ".join(f"`{key}`" for key in rule.keys) or "-"
    return f"| {rule.level} | `{rule.name}` | {' '.join(wants.split())} | {blocks} | {keys} | {rule.cure} |"
