"""A YAML file as a section of settings, or every mistake in it at once, each with its line and column."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

import attrs

from perpbot.config.kinds import Choice, Kind, NotAllowedError, Secret, Variable, did_you_mean
from perpbot.config.section import Fault, Path, Section, default_of, kind_of, meaning_of, names_of, section_in
from perpbot.config.source import (
    MAX_BYTES,
    START,
    WHOLE_FILE,
    Array,
    Broken,
    Entry,
    Node,
    Position,
    Problem,
    Scalar,
    Table,
    expand,
    parse,
    shown,
)

SectionT = TypeVar("SectionT", bound=Section)
Rule = Callable[[Any], Iterator[Fault]]


class ConfigError(Exception):
    """A configuration cannot be used. The text has one line for each mistake, in the order of the file."""

    def __init__(self, source: str, problems: list[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(_line(source, problem) for problem in self.problems))


def _line(source: str, problem: Problem) -> str:
    where = problem.position
    place = source if where == WHOLE_FILE else f"{source}:{where.line}:{where.column}"
    return f"{place}: {problem.text}"


def load(path: FilePath | str, cls: type[SectionT], env: Mapping[str, str], rules: tuple[Rule, ...] = ()) -> SectionT:
    """The settings in the file at `path`, with ``${NAME}`` taken from `env`.

    `rules` are asked beside those of `cls`. Raises `ConfigError`, which names every mistake.
    """
    try:
        with FilePath(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        if isinstance(error, FileNotFoundError) and not FilePath(path).is_absolute():
            reason = f"not found in {FilePath.cwd()}; run from PerpBot's directory, or give --config"
        raise ConfigError(str(path), [Problem(WHOLE_FILE, f"cannot be read: {reason}")]) from error
    return loads(data, str(path), cls, env, rules)


def loads(
    data: bytes, source: str, cls: type[SectionT], env: Mapping[str, str], rules: tuple[Rule, ...] = ()
) -> SectionT:
    """The same from the content of a file; `source` names it in messages."""
    tree, problems = parse(data)
    if tree is None:
        raise ConfigError(source, problems)
    reading = _Reading(env, problems)
    result = reading.whole(tree, cls, rules)
    if reading.problems:
        raise ConfigError(source, reading.problems)
    return result


class _RefusedError(Exception):
    """A value cannot be used; why is among the problems already."""


def _told(paths: list[Path], text: str) -> str:
    others = len(set(paths)) - 1
    told = f"{_dotted(paths[0])}: {text}" if paths[0] else text
    often = "once" if others == 1 else f"{others} times"
    return f"{told} (and {often} more, where this is repeated)" if others else told


class _Reading:
    """One pass over a tree: builds sections, and gathers problems instead of stopping at the first."""

    def __init__(self, env: Mapping[str, str], problems: list[Problem]) -> None:
        self._broken = problems
        self._reported: dict[tuple[Position, Path, str], list[Path]] = {}
        """Which keys have a mistake, by where it is, the key's own name, and what is wrong."""
        self._env = env
        self._positions: dict[Path, Position] = {}

    def whole(self, tree: Node, cls: type[SectionT], rules: tuple[Rule, ...]) -> SectionT:
        """The section that is the file; not to be used when there are problems."""
        self._positions[()] = START
        try:
            result = self._section(tree, cls, ())
        except _RefusedError:
            return cls.__new__(cls)
        for rule in rules:
            self._ask(rule, result, ())
        return result

    def _report(self, position: Position, path: Path, text: str) -> None:
        self._reported.setdefault((position, path[-1:], text), []).append(path)

    @property
    def problems(self) -> list[Problem]:
        """All mistakes; one that many keys have, as they repeat a part of the file (``*name``), once."""
        reported = self._reported.items()
        return [*self._broken, *(Problem(position, _told(paths, text)) for (position, _, text), paths in reported)]

    def _refuse(self, position: Position, path: Path, text: str) -> _RefusedError:
        self._report(position, path, text)
        return _RefusedError()

    # -- sections ------------------------------------------------------------------------------------------------

    def _section(self, node: Node, cls: type[SectionT], path: Path) -> SectionT:
        entries = self._table(node, path, cls.shorthand)
        fields = {attribute.name: attribute for attribute in attrs.fields(cls)}
        for key, entry in entries.items():
            if key not in fields:
                self._report(entry.key, (), _unknown(key, cls))
        # Not by its constructor, which stops at the first mistake: a section with some values missing still serves
        # to ask those rules that do without them.
        draft = cls.__new__(cls)
        for name, attribute in fields.items():
            try:
                value = self._field(entries.get(name), attribute, path)
            except _RefusedError:
                continue
            object.__setattr__(draft, name, value)
        for rule in cls.rules():
            self._ask(rule, draft, path)
        return draft

    def _table(self, node: Node, path: Path, shorthand: str = "") -> dict[str, Entry]:
        if isinstance(node, Table):
            return node.entries
        if isinstance(node, Scalar) and node.null:
            return {}
        if isinstance(node, Scalar) and shorthand:
            return {shorthand: Entry(node.position, node)}
        if isinstance(node, Broken):
            raise _RefusedError
        raise self._refuse(node.position, path, f"expected a mapping of keys, got {_got(node)}")

    def _field(self, entry: Entry | None, attribute: "attrs.Attribute[Any]", path: Path) -> Any:
        if entry is None:
            default = default_of(attribute)
            if default is attrs.NOTHING:
                text = f"missing key {attribute.name!r}: {meaning_of(attribute)}"
                raise self._refuse(self._positions[path], path, text)
            return default
        inner = (*path, attribute.name)
        value = self._value(entry, attribute.type, attribute, inner)
        convert: Any = attribute.converter
        return value if convert is None else convert(value)

    def _ask(self, rule: Rule, section: Section, path: Path) -> None:
        try:
            faults = list(rule(section))
        except AttributeError as error:
            if not _left_out(error):
                raise
            return
        for fault in faults:
            whole, other = (*path, *fault.path), (*path, *fault.other)
            place = other if other in self._positions and whole not in self._positions else whole
            while place not in self._positions:
                place = place[:-1]
            self._report(self._positions[place], whole, fault.text)

    # -- values --------------------------------------------------------------------------------------------------

    def _value(self, entry: Entry, shape: Any, attribute: "attrs.Attribute[Any]", path: Path) -> Any:
        node = entry.node
        self._positions[path] = node.position if isinstance(node, Scalar) and not node.null else entry.key
        if get_origin(shape) is UnionType:
            if self._nothing(node):
                return None
            shape = get_args(shape)[0]
        if get_origin(shape) is tuple:
            return self._tuple(node, get_args(shape), attribute, path)
        if (names := names_of(attribute)) is not None:
            return self._sections(node, get_args(shape)[1], names, path)
        if section_in(attribute) is not None:
            return self._section(node, shape, path)
        return self._single(node, kind_of(attribute), path)

    def _nothing(self, node: Node) -> bool:
        """Whether an optional value is left out, if only by its variable: ``${PROXY:-}``."""
        if not isinstance(node, Scalar):
            return False
        return node.null or (node.referring and expand(node.text, self._env) == ("", []))

    def _sections(self, node: Node, cls: type[Section], names: Choice, path: Path) -> dict[str, Section]:
        sections = {}
        for given, entry in self._table(node, path).items():
            # From here on an unknown name goes by what may be shown of it: it stands in the places of other mistakes.
            name = given if given in names.words else shown(given)
            if name is not given:
                hint = did_you_mean(given, list(names.words)) or f"known: {', '.join(names.words)}"
                self._report(entry.key, path, f"unknown name {name}, {hint}")
            inner = (*path, name)
            self._positions[inner] = entry.key
            try:
                sections[name] = self._section(entry.node, cls, inner)
            except _RefusedError:
                # Still there for the rules that only ask which names there are.
                sections[name] = cls.__new__(cls)
        return sections

    def _tuple(self, node: Node, shapes: tuple[Any, ...], attribute: "attrs.Attribute[Any]", path: Path) -> Any:
        if isinstance(node, Broken):
            raise _RefusedError
        if not isinstance(node, Array):
            raise self._refuse(node.position, path, f"expected a list, got {_got(node)}")
        if shapes[-1] is ...:
            shapes = (shapes[0],) * len(node.items)
        if len(shapes) != len(node.items):
            text = f"expected a list of {len(shapes)}, got {len(node.items)}"
            raise self._refuse(node.position, path, text)
        values, refused = [], False
        for index, (item, shape) in enumerate(zip(node.items, shapes, strict=True)):
            try:
                values.append(self._value(Entry(item.position, item), shape, attribute, (*path, index)))
            except _RefusedError:
                refused = True
        if refused:
            raise _RefusedError
        return tuple(values)

    def _single(self, node: Node, kind: Kind, path: Path) -> Any:
        if isinstance(node, Broken):
            raise _RefusedError
        if not isinstance(node, Scalar) or node.null:
            raise self._refuse(node.position, path, f"expected {kind.allowed}, got {_got(node)}")
        text = self._expanded(node, kind, path)
        if kind.plain and node.quoted and not node.referring:
            raise self._refuse(node.position, path, f"expected {kind.allowed}, got a text: take the quotes away")
        try:
            value = kind.read(text)
            kind.check(value)
        except NotAllowedError as error:
            # A hint may repeat the value, and a value from the environment may be a secret.
            hint = f"; {error}" if str(error) and not node.referring else ""
        else:
            return value
        got = "what stands here is not shown" if kind.secret else f"got {shown(node.text)}"
        raise self._refuse(node.position, path, f"expected {kind.allowed}, {got}{hint}")

    def _expanded(self, node: Scalar, kind: Kind, path: Path) -> str:
        if node.referring and isinstance(kind, Variable):
            raise self._refuse(node.position, path, f"expected {kind.allowed}; write the name alone, without ${{}}")
        if isinstance(kind, Secret):  # resolved by whoever needs it, and by nobody else
            return node.text
        text, wrong = expand(node.text, self._env)
        for each in wrong:
            self._report(node.position, path, each)
        if wrong:
            raise _RefusedError
        return text


def _left_out(error: AttributeError) -> bool:
    """Whether a rule met a value that was refused, and so was left out of its section."""
    return isinstance(error.obj, Section) and error.name in {each.name for each in attrs.fields(type(error.obj))}


def _dotted(path: Path) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _got(node: Table | Array | Scalar) -> str:
    if isinstance(node, Scalar):
        return "nothing" if node.null else shown(node.text)
    return "a mapping" if isinstance(node, Table) else "a list"


def _unknown(key: str, cls: type[Section]) -> str:
    fields = attrs.fields_dict(cls)
    if f"{key}_env" in fields:
        return f"unknown key {key!r}: a secret is never in the file, '{key}_env' names the variable that holds it"
    inner = {name: section_in(attribute) for name, attribute in fields.items()}
    homes = [name for name, section in inner.items() if section is not None and key in attrs.fields_dict(section)]
    belongs = f"it belongs under {' or '.join(homes)}" if homes else ""
    hint = belongs or did_you_mean(key, list(fields)) or f"known here: {', '.join(fields)}"
    return f"unknown key {shown(key)}, {hint}"
