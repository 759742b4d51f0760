"""Takes secrets out of what leaves the process: what a surface shows, what a file keeps.

Known secrets are found wherever they got to. What is only called like a secret is taken for one.
"""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

MASK = "***"
SHORTEST = 6
"""What is shorter is no secret worth the name, and would tear holes into every text."""

_NAMES = re.compile(
    r"secret|pass(word|phrase|wd)|pwd|(private|api|access|listen)[-_ ]?key|mnemonic|seed|cred|auth(?!ors?(?![a-z]))"
    r"|signature|token|jwt|cookie",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SHORT_NAMES = frozenset({"sig", "sign"})
"""Secrets as whole words only: many words contain them."""
_ASSIGNED = re.compile(
    r"""([\w-]*(?:secret|passphrase|password|(?:private|api|access|listen)[-_]?key|signature|jwt)\w*=\\?["']?"""
    r"""|[?&](?:sig|sign|token|auth|pwd)=)[^\s&"'\\,;)}\]]+""",
    re.IGNORECASE,
)
"""As URLs and texts of errors have it: ``?signature=…``, ``apiKey='…'``."""
_HEX = re.compile(r"(0x)?[0-9a-fA-F]+")


@lru_cache(maxsize=10_000)
def names_secret(name: str) -> bool:
    """Whether what is called `name` is taken for a secret."""
    words = {each.lower() for each in _WORDS.findall(name)}
    return _NAMES.search(name) is not None or not words.isdisjoint(_SHORT_NAMES)


def hides(name: str, value: object) -> bool:
    """Whether `value`, called `name`, is not shown, whatever it is; that there is none, or yes or no, is no secret."""
    if value in (None, "", b"") or isinstance(value, bool) or _counts_tokens(name, value):
        return False
    return names_secret(name)


def _counts_tokens(name: str, value: object) -> bool:
    """A rate limit's tokens are no secrets."""
    return isinstance(value, int | float | Decimal) and name.lower().endswith("tokens")


class Mask:
    """Knows the secrets themselves, so that it finds them wherever they got to, in JSON text too."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Know these, too."""
        forms = {form for each in secrets if len(each) >= SHORTEST for form in _forms(each)}
        longest_first = sorted({each for each in forms if len(each) >= SHORTEST}.union(self._forms), key=len)
        self._forms = longest_first[::-1]

    def __call__(self, text: str) -> str:
        """`text` with ``***`` for every secret. Mask before cutting: half a secret is not found."""
        for each in self._forms:
            if each in text:
                text = text.replace(each, MASK)
        return _ASSIGNED.sub(rf"\1{MASK}", text) if "=" in text else text

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """A log event without secrets."""
        return {key: MASK if hides(key, value) else self._value(value) for key, value in event.items()}

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, int | float | Decimal):
            return value
        if isinstance(value, Mapping):
            return self.event({str(key): each for key, each in value.items()})
        if isinstance(value, list | tuple):
            return [self._value(each) for each in value]
        return self(value if isinstance(value, str) else str(value))

    def __repr__(self) -> str:
        return f"Mask({len(self._forms)})"


def _forms(secret: str) -> Iterable[str]:
    yield from (secret, secret.removeprefix("0x"), json.dumps(secret)[1:-1])
    if _HEX.fullmatch(secret):
        yield from (secret.lower().removeprefix("0x"), secret.upper().removeprefix("0X"))
