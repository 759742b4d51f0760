"""Every colour of text can be read on every ground it stands on: WCAG 2.2, level AA, 4.5 to 1."""

import re

import pytest
from console_tools import CONSOLE

TEXTS = ("ink", "soft", "faint", "accent", "good", "warn", "bad")
GROUNDS = ("ground", "panel")
LEAST = 4.5


def colours(theme: str) -> dict[str, str]:
    css = (CONSOLE / "style" / "base.css").read_text()
    block = css.partition(f'[data-theme="{theme}"] {{')[2].partition("}")[0]
    return dict(re.findall(r"--([\w-]+): #([0-9a-f]{6});", block))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_can_be_read(theme: str, ground: str) -> None:
    known = colours(theme)
    too_faint = {text: contrast(known[text], known[ground]) for text in TEXTS}
    assert {text: ratio for text, ratio in too_faint.items() if ratio < LEAST} == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("button", ["solid", "solid-bad"])
def test_white_can_be_read_on_buttons(theme: str, button: str) -> None:
    assert contrast("ffffff", colours(theme)[button]) >= LEAST
