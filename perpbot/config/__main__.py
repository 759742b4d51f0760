"""`python -m perpbot.config` writes what is generated from the settings: the schema and the page of all keys."""

from pathlib import Path

from perpbot.config import alerts_page
from perpbot.config.alerts import Alerts
from perpbot.config.reference import markdown
from perpbot.config.schema import schema_text
from perpbot.config.settings import Settings

GENERATED = {
    Path("config/schema.json"): lambda: schema_text(Settings),
    Path("docs/configuration.md"): markdown,
    Path("config/alerts.schema.json"): lambda: schema_text(Alerts),
    Path("docs/alerts.md"): alerts_page.markdown,
}
"""Files below the project's root, and what is in them."""

if __name__ == "__main__":
    for path, text in GENERATED.items():
        path.write_text(text(), encoding="utf-8")
