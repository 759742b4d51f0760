"""Many modules in one script, many style sheets in one: who comes for the first time asks a dozen times, not seventy.

No build step: the files stay what browsers can load one by one, and are joined in memory when the console is served.
What modules may say is little: named imports, which may be renamed, whole libraries' defaults, and exports where
something is declared. Each becomes a function's body that returns what it exports.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

IMPORT = re.compile(r'^import (?:(\{[^}]*\}|\w+) from )?"(\.[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|class|const) (\w+))", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:import|export)\b.*|\bimport\b[(.]", re.MULTILINE)


class JoiningError(ValueError):
    """Modules cannot be joined; the text says which, and why."""


def script(modules: Mapping[str, str], entry: str, libraries: str) -> str:
    """The one module that does what `entry` does; those below the folder `libraries` stay files of their own.

    Args:
        modules: texts by path, as in ``parts/table.js``; what `entry` does not lead to is left out.
        entry: path of the module that begins.
        libraries: a folder, as in ``vendor/``.

    Raises:
        JoiningError: a module is missing, says what is not understood here, or modules import each other in a circle.
    """
    wanted = _led_to(modules, entry, libraries)
    ours = {path: targets for path, targets in wanted.items() if not path.startswith(libraries)}
    try:
        order = list(
            TopologicalSorter(
                {path: [each for each in targets if each in ours] for path, targets in ours.items()}
            ).static_order()
        )
    except CycleError as error:
        raise JoiningError(f"modules import each other in a circle: {' -> '.join(error.args[1])}") from error
    used = sorted(wanted.keys() - ours.keys())
    begin = "".join(f'import * as {_name(path)} from "./{path}";\n' for path in used)
    return begin + "".join(_function(path, modules[path]) for path in order)


def _led_to(modules: Mapping[str, str], entry: str, libraries: str) -> dict[str, list[str]]:
    """What every module imports, from `entry` on; what libraries import is their own business."""
    found: dict[str, list[str]] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        if path not in modules:
            raise JoiningError(f"there is no module {path}")
        found[path] = [] if path.startswith(libraries) else list(_targets(path, modules[path]))
        waiting += found[path]
    return found


def _targets(path: str, text: str) -> Iterator[str]:
    return (_target(path, each[2]) for each in IMPORT.finditer(text))


def _target(path: str, relative: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))


def _function(path: str, text: str) -> str:
    exported = [each[1] for each in EXPORT.finditer(text)]
    body = EXPORT.sub("", IMPORT.sub(lambda each: _constant(path, each), text))
    if (left := LEFT_OVER.search(body)) is not None:
        raise JoiningError(f"{path} says {left[0].strip()!r}, which cannot be joined")
    return f"const {_name(path)} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"


def _constant(path: str, found: re.Match[str]) -> str:
    """What stands in place of an import."""
    what, module = found[1], _name(_target(path, found[2]))
    if what is None:
        return ""
    if what.startswith("{"):
        return f"const {what.replace(' as ', ': ')} = {module};\n"
    return f"const {what} = {module}.default;\n"


def _name(path: str) -> str:
    return "$" + re.sub(r"\W", "_", path)


SHEET = re.compile(r'[ \t]*<link rel="stylesheet" href="([^"]+)" />\n')


def one_sheet(page: str, path: str) -> tuple[str, list[str]]:
    """The page with one style sheet, at `path`, in place of all; and those that it is made of, in order."""
    sheets = SHEET.findall(page)
    whole = f'    <link rel="stylesheet" href="{path}" />\n'
    return SHEET.sub(lambda each: whole if each[1] == sheets[0] else "", page), sheets
