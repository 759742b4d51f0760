"""Both READMEs say the same, in two languages; every link leads somewhere."""

import re
from pathlib import Path

import pytest
from tools import DOCS, ROOT

ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
PAGES = [ENGLISH, CHINESE, *sorted(DOCS.rglob("*.md"))]


def commands(page: Path) -> list[str]:
    """The lines of code, without the words beside them."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("    ")]
    return [re.sub(r"\s+# .*", "", line).strip() for line in lines]


def links(page: Path) -> list[str]:
    return re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))


def test_both_name_the_same_commands_in_the_same_order() -> None:
    assert commands(CHINESE) == commands(ENGLISH)


def test_both_have_the_same_sections_the_same_links_and_the_same_words_of_code() -> None:
    texts = [page.read_text(encoding="utf-8") for page in (ENGLISH, CHINESE)]
    assert len({text.count("\n## ") for text in texts}) == 1
    each_other = {ENGLISH.name, CHINESE.name}
    assert [link for link in links(CHINESE) if link not in each_other] == [
        link for link in links(ENGLISH) if link not in each_other
    ]
    assert len({frozenset(re.findall(r"(?<!`)`([^`\n]+)`", text)) for text in texts}) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = [link for link in links(page) if "://" not in link and not (page.parent / link).exists()]
    assert broken == []
