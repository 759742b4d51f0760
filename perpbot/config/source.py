"""YAML text as a tree that remembers where each part stands.

Only composed, never constructed: scalars stay text, so that a price never passes through a float, `off` is no flag
unless a flag is wanted, and no tag can make an object. Size, depth and expanded aliases are bounded.
"""

import re
from collections.abc import Mapping

import attrs
import yaml

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20
MAX_NODES = 5_000
"""A tree of so many nodes is refused; those that aliases repeat count each time."""

_MAX_SHOWN = 40
_MAX_SHOWN_WITH_DIGITS = 11
_MAX_SHOWN_PIECE = 23

_YAML = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_YAML + each for each in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")}
_NULL = {"", "~", "null", "Null", "NULL"}
_NAMES = re.compile(r"\b(alias|anchor|tag handle) .*", re.DOTALL)
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")


@attrs.frozen(order=True)
class Position:
    """A place in a file, counted from 1; line 0 stands for the file as a whole."""

    line: int
    column: int


@attrs.frozen(order=True)
class Problem:
    """One mistake: where, and what. The text never holds a secret."""

    position: Position
    text: str


WHOLE_FILE = Position(0, 0)
START = Position(1, 1)


@attrs.frozen
class Scalar:
    """A single value as text, with its references to the environment still in it."""

    position: Position
    text: str
    quoted: bool

    @property
    def null(self) -> bool:
        """Whether nothing stands here."""
        return not self.quoted and self.text in _NULL

    @property
    def referring(self) -> bool:
        """Whether something in it comes from the environment."""
        return "${" in self.text


@attrs.frozen
class Array:
    """A list."""

    position: Position
    items: "list[Node]"


@attrs.frozen
class Entry:
    """One key of a mapping and what stands under it."""

    key: Position
    node: "Node"


@attrs.frozen
class Table:
    """A mapping; of duplicate keys the first."""

    position: Position
    entries: dict[str, Entry]


@attrs.frozen
class Broken:
    """Something that cannot be used; why is among the problems already."""

    position: Position


Node = Scalar | Array | Table | Broken


def shown(text: str) -> str:
    """`text` in quotes for a message; its length only, where it may be a secret that strayed."""
    longest = max(map(len, re.split(r"[\s_.-]", text)))
    digits = any(each.isdigit() for each in text)
    masked = len(text) > _MAX_SHOWN or longest > _MAX_SHOWN_PIECE or (digits and len(text) > _MAX_SHOWN_WITH_DIGITS)
    return f"a text of {len(text)} characters" if masked else repr(text)


def expand(text: str, env: Mapping[str, str]) -> tuple[str, list[str]]:
    """`text` with each ``${NAME}`` and ``${NAME:-default}`` replaced, and what is wrong with them.

    As in a shell, the default stands in for a variable that is not set or empty.
    """
    wrong = []

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        given = env.get(name, "") if default is not None else env.get(name)
        if given is None:
            wrong.append(f"environment variable {name} is not set; set it, or give a default: ${{{name}:-default}}")
        return given or default or ""

    if "${" in _REFERENCE.sub("", text):
        wrong.append("broken reference: ${NAME} or ${NAME:-default} is allowed")
    return _REFERENCE.sub(value, text), wrong


def parse(data: bytes) -> tuple[Node | None, list[Problem]]:
    """The tree in `data`, or None where there is none, and every problem with the text itself."""
    if len(data) > MAX_BYTES:
        return None, [Problem(WHOLE_FILE, f"the file is too large: at most {MAX_BYTES} bytes are allowed")]
    text = _decode(data)
    composed = text if isinstance(text, Problem) else _compose(text)
    if isinstance(composed, Problem):
        return None, [composed]
    if composed is None:
        return None, [Problem(START, "the file is empty")]
    tree = _Tree()
    return tree.node(composed, 1), tree.problems


def _decode(data: bytes) -> str | Problem:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="replace")
    return Problem(_position_after(before), "not UTF-8")


def _position_after(before: str) -> Position:
    return Position(before.count("\n") + 1, len(before) - before.rfind("\n"))


class _Composer(yaml.SafeLoader):
    """SafeLoader with bounded depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        """One node and what is in it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem=f"nested more than {MAX_DEPTH} deep", problem_mark=mark)
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node


def _compose(text: str) -> yaml.Node | Problem | None:
    # Problems are returned, not raised: the library's errors quote the file, and must not be anybody's context.
    try:
        composer = _Composer(text)
    except yaml.reader.ReaderError as error:
        return Problem(_position_after(text[: error.position]), "a character that YAML does not allow")
    try:
        return composer.get_single_node()
    except yaml.MarkedYAMLError as error:
        return _broken(error, text)
    except (ValueError, OverflowError):
        # An escape beyond Unicode, or a version number beyond what int() takes.
        mark = composer.get_mark()
        return Problem(Position(mark.line + 1, mark.column + 1), "broken YAML: a number too large in an escape")


def _broken(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Problem(START, "broken YAML")
    context = f"{error.context}, " if error.context else ""
    hint = "; inside { } and [ ], put ${…} into quotes" if text[: mark.index].endswith("$") else ""
    what = _NAMES.sub(r"\1", f"{context}{error.problem}")
    return Problem(Position(mark.line + 1, mark.column + 1), f"broken YAML: {what}{hint}")


class _Tree:
    """Turns composed nodes into ours and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._nodes = 0

    def node(self, node: yaml.Node, depth: int) -> Node:
        """Our form of `node`."""
        position = _start(node)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            return Broken(position)
        if self._nodes == MAX_NODES:
            return self._refuse(position, f"{MAX_NODES} values are too many; what aliases repeat counts each time")
        if depth > MAX_DEPTH:
            return self._refuse(position, f"nested more than {MAX_DEPTH} deep: does an alias contain itself?")
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALAR_TAGS:
            return Scalar(position, node.value, node.style is not None)
        if isinstance(node, yaml.SequenceNode) and node.tag == _YAML + "seq":
            return Array(position, [self.node(item, depth + 1) for item in node.value])
        if isinstance(node, yaml.MappingNode) and node.tag == _YAML + "map":
            return self._table(node, depth)
        return self._refuse(position, "tags (!…) are not allowed")

    def _refuse(self, position: Position, text: str) -> Broken:
        self.problems.append(Problem(position, text))
        return Broken(position)

    def _table(self, mapping: yaml.MappingNode, depth: int) -> Table:
        entries: dict[str, Entry] = {}
        for key, value in mapping.value:
            node = self.node(value, depth + 1)
            position = _start(key)
            if not isinstance(key, yaml.ScalarNode) or key.tag not in _SCALAR_TAGS:
                self._refuse(position, "a key must be a single word")
            elif key.tag == _YAML + "merge":
                self._refuse(position, "merge keys (<<) are not supported; an alias for a whole mapping is")
            elif key.value in entries:
                first = entries[key.value].key.line
                self._refuse(position, f"duplicate key {shown(key.value)}, first given in line {first}")
            else:
                entries[key.value] = Entry(position, node)
        return Table(_start(mapping), entries)


def _start(node: yaml.Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)
