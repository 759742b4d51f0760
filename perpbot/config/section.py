"""How a section of the configuration is declared: a frozen class of keys, and rules that span several of them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import Any, ClassVar, TypeVar, get_args

import attrs

from perpbot.config.kinds import Address, Choice, Flag, Kind, NotAllowedError, Number, Secret, Variable, Word, written

Path = tuple[str | int, ...]
"""The way to a value: keys and positions in lists."""


@attrs.frozen
class Fault:
    """A rule that does not hold."""

    path: Path
    """Where, seen from the section that has the rule."""
    text: str
    """What is wrong."""
    other: Path = ()
    """The other key that has a part in it: the place to show when a file only gives that one."""


def clash(section: "Section", key: str, relation: str, other: str) -> Fault:
    """The fault that the values of two keys, both dotted, do not stand in the `relation` that they must."""
    value, limit = attrgetter(key, other)(section)
    text = f"{written(value)} {relation} {other}, which is {written(limit)}"
    return Fault(tuple(key.split(".")), text, tuple(other.split(".")))


_Rule = TypeVar("_Rule", bound=Callable[[Any], Iterator[Fault]])


def rule(method: _Rule) -> _Rule:
    """Mark a method of a section as a rule: a generator of the faults it finds.

    Each rule is asked on its own. The loader leaves out a rule that reads a key whose value was refused, so that
    one mistake is not reported twice.
    """
    method.is_rule = True  # type: ignore[attr-defined]
    return method


@attrs.frozen
class Section:
    """Base of all sections. Made in code or from a file, one that exists is valid; `ValueError` otherwise."""

    shorthand: ClassVar[str] = ""
    """The key that a single value in place of the section stands for."""

    @classmethod
    def rules(cls) -> list[Callable[["Section"], Iterator[Fault]]]:
        """The rules of this section, base classes first, in the order they are written."""
        names = {name: None for base in reversed(cls.__mro__) for name in vars(base)}
        methods = [getattr(cls, name) for name in names]
        return [method for method in methods if getattr(method, "is_rule", False)]

    def __attrs_post_init__(self) -> None:
        """Refuse values that are fine one by one but not together."""
        faults = [fault for each in self.rules() for fault in each(self)]
        if faults:
            raise ValueError("; ".join(f"{'.'.join(map(str, fault.path))}: {fault.text}" for fault in faults))


def kind_of(attribute: "attrs.Attribute[Any]") -> Kind:
    """What each single value of a key may be. Keys that hold sections have none."""
    kind: Kind = attribute.metadata["kind"]
    return kind


def meaning_of(attribute: "attrs.Attribute[Any]") -> str:
    """One sentence: what the key does."""
    meaning: str = attribute.metadata["meaning"]
    return meaning


def names_of(attribute: "attrs.Attribute[Any]") -> Choice | None:
    """Which names a mapping of sections may have."""
    names: Choice | None = attribute.metadata.get("names")
    return names


def default_of(attribute: "attrs.Attribute[Any]") -> Any:
    """The value of a key that is not given; `attrs.NOTHING` where it must be."""
    default = attribute.default
    factory = getattr(default, "factory", None)
    return default if factory is None else factory()


def section_in(attribute: "attrs.Attribute[Any]") -> type[Section] | None:
    """The section that a key holds, alone, optional or many by name; None where it holds values."""
    shapes = (attribute.type, *get_args(attribute.type))
    return next((shape for shape in shapes if isinstance(shape, type) and issubclass(shape, Section)), None)


def _check(_section: Section, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    if value is None and attribute.default is None:
        return
    kind = kind_of(attribute)
    for single in _singles(value):
        try:
            kind.check(single)
        except NotAllowedError as error:
            raise ValueError(f"{attribute.name}: expected {kind.allowed}; {error}".rstrip("; ")) from None


def _singles(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple):
        for item in value:
            yield from _singles(item)
    else:
        yield value


def _key(kind: Kind, meaning: str, default: Any, **options: Any) -> Any:
    metadata = {"kind": kind, "meaning": meaning}
    return attrs.field(default=default, validator=_check, metadata=metadata, **options)


def _exact(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_exact, value))
    return Decimal(value) if isinstance(value, str) else value


def _decimal(default: Any, meaning: str, low: str, high: str, *, unit: str, zero: bool = False) -> Any:
    kind = Number(to=Decimal, low=Decimal(low), high=Decimal(high), unit=unit, zero=zero)
    return _key(kind, meaning, _exact(default))


def percent(default: Any, meaning: str, low: str, high: str, *, zero: bool = False) -> Any:
    """A `Decimal` in percent: 0.2 is 0.2 %. `low` is above what the same thing would be as a fraction."""
    return _decimal(default, meaning, low, high, unit="percent", zero=zero)


def money(default: Any, meaning: str, low: str, high: str, *, zero: bool = False) -> Any:
    """A `Decimal` in quote currency, taken as US dollars."""
    return _decimal(default, meaning, low, high, unit="USD", zero=zero)


def share(default: Any, meaning: str) -> Any:
    """A `Decimal` between 0 and 1: a weight in a score."""
    return _decimal(default, meaning, "0", "1", unit="")


def _float(default: float, meaning: str, low: str, high: str, unit: str) -> Any:
    return _key(Number(to=float, low=Decimal(low), high=Decimal(high), unit=unit), meaning, default)


def seconds(default: float, meaning: str, low: str, high: str) -> Any:
    """A float in seconds."""
    return _float(default, meaning, low, high, "seconds")


def milliseconds(default: float, meaning: str, low: str, high: str) -> Any:
    """A float in milliseconds."""
    return _float(default, meaning, low, high, "milliseconds")


def rate(default: float, meaning: str, low: str, high: str, unit: str) -> Any:
    """A float of `unit`, as in ``per second``; or a plain factor where `unit` is empty."""
    return _float(default, meaning, low, high, unit)


def count(default: int | None, meaning: str, low: int, high: int, unit: str = "") -> Any:
    """An int."""
    return _key(Number(to=int, low=Decimal(low), high=Decimal(high), unit=unit), meaning, default)


def flag(default: bool, meaning: str) -> Any:  # noqa: FBT001 - a default, as everywhere here
    """A bool."""
    return _key(Flag(), meaning, default)


def choice(default: Any, meaning: str, of: type[StrEnum]) -> Any:
    """A member of an enumeration, or several of them."""
    return _key(Choice(to=of, words=tuple(each.value for each in of)), meaning, default)


def name(default: Any, meaning: str, of: tuple[str, ...]) -> Any:
    """A text that is one of `of`, or several of them."""
    return _key(Choice(to=str, words=of), meaning, default)


def word(default: Any, meaning: str, pattern: str, allowed: str, **options: Any) -> Any:
    """A text that matches `pattern` as a whole; `allowed` says so in words."""
    return _key(Word(pattern=pattern, allowed=allowed), meaning, default, **options)


def variable(meaning: str) -> Any:
    """The name of an environment variable that holds a secret; not given by default."""
    return _key(Variable(), meaning, None)


def secret(meaning: str) -> Any:
    """A reference to a secret; it must be given."""
    return _key(Secret(), meaning, attrs.NOTHING)


def key(kind: Kind, meaning: str, default: Any = attrs.NOTHING) -> Any:
    """A value of a kind of its own."""
    return _key(kind, meaning, default)


def address(meaning: str, *schemes: str, anywhere: bool = False) -> Any:
    """A URL; not given by default. The last of `schemes` is unencrypted and for this machine, unless `anywhere`."""
    return _key(Address(schemes=schemes, anywhere=anywhere), meaning, None)


def section(of: type[Section], meaning: str, *, given: bool = True) -> Any:
    """A section of its own, with its defaults where the file has none; or None there, when not `given`."""
    default = attrs.Factory(of) if given else None
    return attrs.field(default=default, metadata={"meaning": meaning})


def listed(meaning: str) -> Any:
    """A list of sections, of the type that is declared; empty by default."""
    return attrs.field(factory=tuple, metadata={"meaning": meaning})


def sections(meaning: str, names: tuple[str, ...]) -> Any:
    """A mapping from names, each one of `names`, to sections; it must be given."""
    return attrs.field(metadata={"meaning": meaning, "names": Choice(to=str, words=names)})
