"""What each key is and does, as data for `perpbot validate` and as the page `docs/configuration.md`."""

from collections.abc import Iterator
from typing import Any, NamedTuple, get_origin

import attrs

from perpbot.config.kinds import written
from perpbot.config.section import Section, default_of, kind_of, meaning_of, names_of, section_in
from perpbot.config.settings import Settings

_INTRODUCTION = """\
# Configuration

PerpBot reads one YAML file: `config/simulation.yaml` unless `--config` names another. `config/live.example.yaml` is
the place to start from for real venues. A key that is left out has the default given here; a key that is not in these
tables is a mistake.

## How values are written

* The name of a key says its unit: `_pct` is percent everywhere (`0.2` is 0.2 %, never `0.002`), `_sec` seconds, `_ms`
  milliseconds. Money is quote currency, taken as US dollars.
* Numbers are digits with a point, without quotes, `%`, exponent or thousands separator. They are taken as they stand,
  never rounded.
* `${NAME}` stands for an environment variable; `${NAME:-default}` has a default for one that is not set or empty.
  Inside `{ }` and `[ ]` it needs quotes.
* Secrets are never in the file. A key that ends in `_env` holds the name of an environment variable: `api_key_env:
  OKX_API_KEY`. PerpBot refuses a value that looks like the secret itself, and does not repeat it.
* YAML aliases (`*name`) work for whole values; merge keys (`<<`) and tags (`!…`) are refused.

## Mistakes

Every mistake is reported at once, with file, line, column and what is allowed, by `perpbot validate` and at start
(exit code 78):

    config/live.yaml:5:7: unknown key 'rate_limt', did you mean 'rate_limit_per_sec'?
    config/live.yaml:8:23: quote_engine.l2_depth: expected a whole number from 1 to 400 levels, got 'deep'

Editors that know YAML schemas complete and check keys as you type, by the first line of the shipped files
(`# yaml-language-server: $schema=schema.json`).
"""

_NOTES = {
    "Settings": "`symbols` and `exchanges`, with at least two venues, must be given. Everything else has defaults.",
    "capital.pools": (
        "A number in place of a pool is its share: `arb: 20` is the same as `arb: {share_pct: 20}`. Shares apply to "
        "the pools that are switched on: with hedged volume off, its share is not idle."
    ),
    "exchanges.<venue>.trading": (
        "Which credentials a venue asks for is its own affair; name the variables for those and leave the others out."
    ),
}


class Described(NamedTuple):
    """One key of settings that are in force."""

    key: str
    """Dotted: ``exchanges.okx.trading.leverage``."""
    value: str
    """As it would stand in the file."""
    meaning: str
    """One sentence."""


def describe(settings: Section, prefix: str = "") -> list[Described]:
    """Every key of `settings` with its value and its meaning, in the order of the documentation."""
    rows = []
    for attribute in attrs.fields(type(settings)):
        key, value = f"{prefix}{attribute.name}", getattr(settings, attribute.name)
        if isinstance(value, Section):
            rows += describe(value, f"{key}.")
        elif names_of(attribute) is not None:
            rows += [row for name, inner in value.items() for row in describe(inner, f"{key}.{name}.")]
        else:
            rows.append(Described(key, written(value), meaning_of(attribute)))
    return rows


def markdown() -> str:
    """The page `docs/configuration.md`."""
    return "\n".join([_INTRODUCTION, *tables(Settings)])


def tables(cls: type[Section], prefix: str = "") -> Iterator[str]:
    """The table of a section, and then those of the sections in it."""
    title = f"`{prefix}`" if prefix else "Top level"
    yield f"## {title}\n\n{(cls.__doc__ or '').splitlines()[0]}\n"
    note = _NOTES.get(prefix or cls.__name__)
    if note is not None:
        yield f"{note}\n"
    keys = [attribute for attribute in attrs.fields(cls) if section_in(attribute) is None]
    if keys:
        yield "| key | default | allowed | meaning |\n|---|---|---|---|"
        yield from map(_row, keys)
        yield ""
    for attribute in attrs.fields(cls):
        inner = section_in(attribute)
        if inner is not None:
            name = f"{attribute.name}.<venue>" if names_of(attribute) is not None else attribute.name
            name += "[]" if get_origin(attribute.type) is tuple else ""
            yield from tables(inner, f"{prefix}.{name}".removeprefix("."))


def _row(attribute: "attrs.Attribute[Any]") -> str:
    default = default_of(attribute)
    given = {attrs.NOTHING: "required", None: "not given"}.get(default, f"`{written(default)}`")
    allowed = f"{'a list of: ' if get_origin(attribute.type) is tuple else ''}{kind_of(attribute).allowed}"
    return f"| `{attribute.name}` | {given} | {allowed} | {meaning_of(attribute)} |"
