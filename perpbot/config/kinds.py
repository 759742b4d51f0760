"""What one value of the configuration may be: how its text is read, what is allowed, and how to say so."""

import re
from abc import ABC, abstractmethod
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_address
from typing import Any, ClassVar
from urllib.parse import urlsplit

import attrs

from perpbot.model.money import plain

_DIGITS = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
_SECRET = re.compile(
    r"env:[A-Za-z_][A-Za-z0-9_]{0,63}|cred:[A-Za-z0-9_.-]{1,64}|file:/[^\x00-\x1f]{1,200}"
    r"|[^\x00-\x1f]{0,100}\$\{[A-Za-z_][A-Za-z0-9_]*\}[^\x00-\x1f]{0,200}"
)
_ADDRESS = re.compile(r"[!-~]{1,200}")
_LONG_PIECE = 16

Schema = dict[str, Any]


def written(value: object) -> str:
    """`value` as it would stand in a file."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    return plain(Decimal(str(value))) if isinstance(value, float | Decimal) else str(value)


class NotAllowedError(ValueError):
    """A value is not of its kind. The text is a hint for the reader, or empty; it may repeat the value."""


class Kind(ABC):
    """What one value may be."""

    plain: ClassVar[bool] = False
    """Whether the text stands without quotes: numbers and flags."""
    secret: ClassVar[bool] = False
    """Whether a wrong value may be a secret, and so is never shown."""

    @property
    @abstractmethod
    def allowed(self) -> str:
        """What is allowed, with its unit, to follow the word "expected"."""

    @abstractmethod
    def read(self, text: str) -> object:
        """The value that `text` stands for, not yet checked; `NotAllowedError`."""

    @abstractmethod
    def check(self, value: object) -> None:
        """Raise `NotAllowedError` when `value` has the wrong type or lies outside what is allowed."""

    @abstractmethod
    def schema(self) -> Schema:
        """The same as JSON schema."""


def did_you_mean(text: str, known: list[str]) -> str:
    """The hint for a mistyped name, or nothing when no known name is near."""
    near = get_close_matches(text, known, 1)
    return f"did you mean {near[0]!r}?" if near else ""


@attrs.frozen(kw_only=True)
class Number(Kind):
    """A number within bounds. `Decimal` is built from the text as it stands."""

    plain: ClassVar[bool] = True

    to: type[int | float | Decimal]
    low: Decimal
    high: Decimal
    unit: str = ""
    zero: bool = False
    """Whether 0 is allowed below `low`: nothing at all is fine, a tiny amount is a slip."""

    @property
    def allowed(self) -> str:
        """As in ``a number from 0.005 to 10 percent``."""
        noun = "a whole number" if self.to is int else "a number"
        nothing = "0, or " if self.zero else ""
        return f"{nothing}{noun} from {plain(self.low)} to {plain(self.high)} {self.unit}".rstrip()

    def read(self, text: str) -> int | float | Decimal:
        """The number; digits and a point only, so that no file means something else than it seems to."""
        pattern = _DIGITS if self.to is int else _DECIMAL
        if pattern.fullmatch(text):
            return self.to(text)
        raise NotAllowedError("leave out the % sign" if text.endswith("%") else "")

    def check(self, value: object) -> None:
        """Type and bounds; the hint guesses the wrong unit."""
        types = (int, float) if self.to is float else (self.to,)
        if isinstance(value, bool) or not isinstance(value, types):
            raise NotAllowedError(f"it must be of type {self.to.__name__}")
        exact = Decimal(str(value))
        if not exact.is_finite():
            raise NotAllowedError
        if not (self._inside(exact) or (self.zero and exact == 0)):
            raise NotAllowedError(self._slip(exact))

    def _inside(self, exact: Decimal) -> bool:
        return self.low <= exact <= self.high

    def _slip(self, exact: Decimal) -> str:
        slips = {
            "percent": (exact * 100, "percent, not a fraction"),
            "seconds": (exact / 1000, "seconds, not milliseconds"),
            "milliseconds": (exact * 1000, "milliseconds, not seconds"),
        }
        meant, why = slips.get(self.unit, (exact, ""))
        return f"did you mean {plain(meant)}? The unit is {why}" if why and self._inside(meant) else ""

    def schema(self) -> Schema:
        """A JSON number with its bounds."""
        bounds = {"minimum": self.low, "maximum": self.high}
        kind: Schema = {"type": "integer" if self.to is int else "number"}
        return {**kind, "anyOf": [bounds, {"const": 0}]} if self.zero else {**kind, **bounds}


class Flag(Kind):
    """Yes or no."""

    plain: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        """The two words."""
        return "true or false"

    def read(self, text: str) -> bool:
        """The flag; YAML's yes, no, on and off are refused because ``off`` is a word elsewhere."""
        if text.lower() in {"true", "false"}:
            return text.lower() == "true"
        raise NotAllowedError

    def check(self, value: object) -> None:
        """Refuse all but a bool."""
        if not isinstance(value, bool):
            raise NotAllowedError

    def schema(self) -> Schema:
        """A JSON boolean."""
        return {"type": "boolean"}


@attrs.frozen(kw_only=True)
class Choice(Kind):
    """One of a few words."""

    to: type[StrEnum] | type[str]
    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        """All of them."""
        return f"one of {', '.join(self.words)}"

    def read(self, text: str) -> str:
        """The member of the enumeration, or the word itself."""
        if text in self.words:
            return self.to(text)
        raise NotAllowedError(did_you_mean(text, list(self.words)))

    def check(self, value: object) -> None:
        """Refuse what is not one of the words."""
        if not isinstance(value, self.to) or value not in self.words:
            raise NotAllowedError

    def schema(self) -> Schema:
        """An enumeration; readers of YAML 1.1 take an unquoted ``off`` for false, so that is in it too."""
        return {"enum": [*self.words, *([False] if "off" in self.words else [])]}


@attrs.frozen(kw_only=True)
class Word(Kind):
    """A text of a certain form."""

    allowed: str
    pattern: str

    def read(self, text: str) -> str:
        """The text itself."""
        return text

    def check(self, value: object) -> None:
        """Refuse what has another form."""
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise NotAllowedError

    def schema(self) -> Schema:
        """A string and its pattern."""
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


class Variable(Kind):
    """The name of an environment variable that holds a secret. The secret itself is refused and never shown."""

    secret: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        """What such a name looks like."""
        return "the name of an environment variable (capitals, digits and _, as in OKX_API_KEY), never the secret"

    def read(self, text: str) -> str:
        """The name itself."""
        return text

    def check(self, value: object) -> None:
        """Refuse what is no such name, and what is one but looks like a key."""
        if not isinstance(value, str) or not _VARIABLE.fullmatch(value) or self._like_a_key(value):
            raise NotAllowedError

    @staticmethod
    def _like_a_key(name: str) -> bool:
        pieces = [piece for piece in name.split("_") if len(piece) >= _LONG_PIECE]
        return any(piece.isdigit() or not piece.isalpha() for piece in pieces)

    def schema(self) -> Schema:
        """A string that looks like the name of a variable."""
        return {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"}


class Secret(Kind):
    """A secret by reference: where it is, or a text with ``${NAME}`` where secrets stand. Never the secret itself."""

    secret: ClassVar[bool] = True

    @property
    def allowed(self) -> str:
        """The ways to refer to one."""
        return (
            "a reference: env:NAME, cred:NAME (a file in $CREDENTIALS_DIRECTORY), file:/absolute/path, or a text with "
            "${NAME} where the secret stands"
        )

    def read(self, text: str) -> str:
        """The reference itself; `perpbot.references` resolves it."""
        return text

    def check(self, value: object) -> None:
        """Refuse what is no reference, and so may be a secret."""
        if not isinstance(value, str) or not _SECRET.fullmatch(value):
            raise NotAllowedError

    def schema(self) -> Schema:
        """A string that looks like a reference."""
        return {"type": "string", "pattern": f"^(?:{_SECRET.pattern})$"}


@attrs.frozen(kw_only=True)
class Address(Kind):
    """A URL without credentials. Unencrypted ones stay on this machine, unless `anywhere`."""

    secret: ClassVar[bool] = True

    schemes: tuple[str, ...]
    anywhere: bool = False

    @property
    def allowed(self) -> str:
        """Schemes, and what a URL must not contain."""
        local = "" if self.anywhere else f", {self.schemes[-1]} only to this machine"
        return f"a URL ({' or '.join(f'{each}://' for each in self.schemes)}{local}) without user, password and query"

    def read(self, text: str) -> str:
        """The URL as it stands."""
        return text

    def check(self, value: object) -> None:
        """Refuse other schemes, secrets in the URL, and unencrypted ways to other machines."""
        if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
            raise NotAllowedError
        try:
            url = urlsplit(value)
            host, _ = url.hostname, url.port
        except ValueError:
            raise NotAllowedError from None
        if url.scheme not in self.schemes or not host or "@" in url.netloc or url.query or url.fragment:
            raise NotAllowedError
        if not self.anywhere and url.scheme == self.schemes[-1] and not _on_this_machine(host):
            raise NotAllowedError

    def schema(self) -> Schema:
        """A string that begins with one of the schemes."""
        return {"type": "string", "pattern": f"^(?:{'|'.join(self.schemes)})://[^@?#]+$"}


def _on_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
