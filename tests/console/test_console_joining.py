"""Modules are joined into one script that does what they did, and what cannot be joined is refused."""

import subprocess
from pathlib import Path

import console_tools
import pytest

from perpbot.web.joining import JoiningError, one_sheet, script

MODULES = {
    "app.js": 'import { shout as cry, Bell } from "./parts/bell.js";\nimport "./parts/loud.js";\n'
    "console.log(cry(new Bell().sound));\n",
    "parts/bell.js": 'import { END } from "../live/end.js";\nimport twice from "../vendor/twice.js";\n\n'
    "export class Bell {\n  sound = `ding`;\n}\nexport function shout(text) {\n  return twice(text) + END + cue();\n}\n"
    'export async function later() {}\nconst cue = () => globalThis.loud ?? "";\n',
    "parts/loud.js": 'globalThis.loud = "!";\n',
    "live/end.js": 'export const END = ".";\n',
    "vendor/twice.js": "export default (text) => text + text;\n",
    "unused.js": "export const unused = 1;\n",
}


def test_joined_modules_do_what_they_did_apart(tmp_path: Path) -> None:
    for path, text in {**MODULES, "joined.js": script(MODULES, "app.js", "vendor/"), "package.json": "{}"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text if path != "package.json" else '{"type": "module"}')
    said = [
        subprocess.run([console_tools.node(), tmp_path / each], capture_output=True, text=True, check=True).stdout
        for each in ("app.js", "joined.js")
    ]
    assert said == ["dingding.!\n"] * 2


def test_only_what_is_needed_is_joined_and_always_in_the_same_order() -> None:
    whole = script(MODULES, "app.js", "vendor/")
    assert "unused" not in whole
    assert "text + text" not in whole, "libraries stay files of their own"
    assert script(dict(reversed(MODULES.items())), "app.js", "vendor/") == whole


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('import { a } from "./nowhere.js";\n', "there is no module nowhere.js"),
        ('import { a } from "./app.js";\nexport const a = 1;\n', "import each other in a circle"),
        ('import * as all from "./live/end.js";\n', "cannot be joined"),
        ("export let moving = 1;\n", "cannot be joined"),
        ("export default 1;\n", "cannot be joined"),
        ("const here = import.meta.url;\n", "cannot be joined"),
        ('const late = import("./live/end.js");\n', "cannot be joined"),
    ],
)
def test_what_cannot_be_joined_is_refused(text: str, why: str) -> None:
    with pytest.raises(JoiningError, match=why):
        script({**MODULES, "app.js": text}, "app.js", "vendor/")


def test_a_page_gets_one_sheet_in_place_of_all() -> None:
    sheets = [f'    <link rel="stylesheet" href="{each}" />\n' for each in ("b.css", "a.css")]
    page, found = one_sheet(f"<head>\n{sheets[0]}<hr>\n{sheets[1]}</head>", "all.css")
    assert found == ["b.css", "a.css"]
    assert page == '<head>\n    <link rel="stylesheet" href="all.css" />\n<hr>\n</head>'
