"""Venues are found by name, and their modules and ccxt are imported when they are needed."""

import subprocess
import sys

import pytest

from perpbot.venues.registry import venue_class, venue_names
from perpbot.venues.venue import Venue


def test_every_venue_is_found_under_its_own_name() -> None:
    known = {"aster", "backpack", "edgex", "grvt", "extended", "hyperliquid", "lighter", "okx", "paradex"}
    assert known <= set(venue_names())
    for name in venue_names():
        kind = venue_class(name)
        assert issubclass(kind, Venue)
        assert kind.name == name
        assert kind.mainnet.rest.startswith("https://")
        assert kind.request_lifetime_s > 0
        assert kind.credential_names


def test_a_name_nobody_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"binance.*aster.*hyperliquid.*okx"):
        venue_class("binance")


def test_market_data_does_not_pay_for_ccxt() -> None:
    code = (
        "import sys\n"
        "from perpbot.venues.registry import venue_class\n"
        "from perpbot.venues.http import Http\n"
        "for name in ('okx', 'hyperliquid', 'extended', 'aster', 'edgex', 'backpack', 'paradex', 'grvt', 'lighter'):\n"
        "    kind = venue_class(name)\n"
        "    kind(kind.mainnet, Http()).public_subscriptions([])\n"
        "sys.exit('ccxt' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
