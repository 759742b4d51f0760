"""The console as files: nothing comes from elsewhere, nothing vendored was touched, nothing is left untranslated."""

import hashlib
import re
from pathlib import Path

import pytest
from console_tools import CONSOLE

from actors.gate import Circuit
from actors.runtime.state import State
from perpbot.execution.trade import CloseReason, Phase
from perpbot.model.order import OrderStatus
from perpbot.risk.rules import OPENING_RULES
from perpbot.web.joining import script
from perpbot.web.static import Console

VENDOR = CONSOLE / "vendor"
OURS = sorted(each for each in CONSOLE.rglob("*.js") if VENDOR not in each.parents)
ENTRY = re.compile(r'^  "([^"]+)": "((?:[^"\\]|\\.)*)",$', re.MULTILINE)
LONGEST = 140
MOST_REQUESTS = 12


def words(language: str) -> dict[str, str]:
    found = ENTRY.findall((CONSOLE / "words" / f"{language}.js").read_text())
    assert len(found) == len(dict(found)), "a key stands there twice"
    return dict(found)


def test_every_vendored_file_is_what_was_packed() -> None:
    lines = [line.split() for line in (VENDOR / "sha256.txt").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    there = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in VENDOR.iterdir()
        if each.name != "sha256.txt"
    }
    assert there == listed


@pytest.mark.parametrize("library", ["preact", "signals", "htm", "uplot"])
def test_every_library_brings_its_licence(library: str) -> None:
    assert (VENDOR / f"{library}.js").exists()
    assert re.search("MIT License|Apache License", (VENDOR / f"{library}.LICENSE").read_text())


def test_both_languages_have_the_same_words_with_the_same_blanks() -> None:
    english, chinese = words("en"), words("zh")
    assert english.keys() == chinese.keys()
    blanks = {
        key: (set(re.findall(r"{\w+}", english[key])), set(re.findall(r"{\w+}", chinese[key]))) for key in english
    }
    assert {key: each for key, each in blanks.items() if each[0] != each[1]} == {}


def test_every_word_that_is_asked_for_exists() -> None:
    known = words("en").keys()
    asked = {key for each in OURS for key in re.findall(r'\bt\("([^"]+)"', each.read_text())}
    assert asked - known == set()


def test_every_word_is_asked_for() -> None:
    text = "".join(each.read_text() for each in OURS if each.parent.name != "words")
    families = {f"{each}." for each in re.findall(r'named\("(\w+)"', text)}
    families |= set(re.findall(r"\bt\(`([^`$]+)\$", text))
    unused = [key for key in words("en") if f'"{key}"' not in text and not key.startswith(tuple(families))]
    assert unused == []


NAMED = {"state": (Phase, OrderStatus, Circuit, State), "reason": (CloseReason,)}
"""What PerpBot names itself, and the console translates."""


@pytest.mark.parametrize("family", NAMED)
def test_every_name_of_a_fixed_set_has_a_word(family: str) -> None:
    known = words("en").keys()
    names = {f"{family}.{each.value}" for kind in NAMED[family] for each in kind}
    assert names - known == set()


def test_every_rule_of_risk_has_a_word() -> None:
    assert {f"rule.{each.name}" for each in OPENING_RULES} - words("en").keys() == set()


def test_nothing_is_loaded_from_elsewhere() -> None:
    elsewhere = re.compile(r"https?://(?!www\.w3\.org/)")
    files = [*OURS, *CONSOLE.glob("style/*.css"), CONSOLE / "index.html"]
    assert [each.name for each in files if elsewhere.search(each.read_text())] == []


def test_every_library_is_asked_for_at_once() -> None:
    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', (CONSOLE / "index.html").read_text())
    assert sorted(preloaded) == sorted(f"vendor/{each.name}" for each in VENDOR.glob("*.js"))


def test_every_module_of_ours_is_in_the_one_script_that_is_served() -> None:
    texts = {each.relative_to(CONSOLE).as_posix(): each.read_text() for each in CONSOLE.rglob("*.js")}
    whole = script(texts, "app.js", "vendor/")
    named = {f"${re.sub(r'[^a-z0-9]', '_', path)}" for path in texts if not path.startswith("vendor/")}
    assert set(re.findall(r"^const (\S+) = \(\(\) => {$", whole, re.MULTILINE)) == named - {"$begin_js"}


def test_the_page_itself_asks_for_few_files() -> None:
    page = Console()._files["/index.html"].data.decode()
    assert len(re.findall(r' (?:href|src)="/', page)) <= MOST_REQUESTS


@pytest.mark.parametrize("file", OURS, ids=lambda each: each.name)
def test_every_import_leads_to_a_file(file: Path) -> None:
    for target in re.findall(r'from "(\.[^"]+)"|^import "(\.[^"]+)"', file.read_text(), re.MULTILINE):
        assert (file.parent / "".join(target)).resolve().exists()


@pytest.mark.parametrize("file", OURS, ids=lambda each: each.name)
def test_files_are_short(file: Path) -> None:
    assert file.parent.name == "words" or len(file.read_text().splitlines()) <= LONGEST
