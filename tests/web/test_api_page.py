"""The page of the API is what the declarations say."""

from pathlib import Path

from perpbot.web.reference import markdown
from perpbot.web.server import ROUTES

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(), "write it anew: python -m perpbot.web"


def test_every_route_is_on_the_page() -> None:
    text = markdown()
    assert [route.path for route in ROUTES if f"`{route.method} {route.path}`" not in text] == []
