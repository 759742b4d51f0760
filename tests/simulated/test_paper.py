"""Mode paper on virtual time: it trades by what the venues quote, and nothing of it reaches them."""

import inspect
from pathlib import Path
from typing import Any

import attrs
import pytest
from whole import CONFIG, Whole, settings

from perpbot.config.operation import Mode, Simulation
from perpbot.config.settings import load_settings
from perpbot.places import venue
from perpbot.portfolio.pnl import by
from perpbot.simulation.paper.venue import PaperTrading, on_paper
from perpbot.simulation.world import World, run_forked
from perpbot.venues.registry import venue_class, venue_names
from perpbot.venues.venue import Venue

pytest_plugins = ["whole"]
simulated = pytest.mark.simulated
PUBLIC = {
    "fetch_instruments", "read_instruments", "public_heartbeat", "public_url", "public_subscriptions",
    "tape_subscriptions", "book_resubscription", "decode_public", "follows", "checksum_holds", "fetch_book",
    "read_recorded", "read_book", "tapes", "secrets", "call_kind", "venue_ms", "wire_id", "turn",
}  # fmt: skip
"""What of a venue needs no account. Whatever is new in `Venue` is here, or on paper."""


def paper() -> Any:
    return attrs.evolve(settings(), mode=Mode.PAPER, simulation=Simulation(enabled=False))


def traded(world: World, state: Path) -> dict[str, Any]:
    """Trade on paper, go on after a restart, and see what the venues heard of it."""
    whole = Whole(world, state, settings=paper())
    heard: list[str] = []
    for each in whole.venues.venues.values():
        respond = each.respond

        def listen(request: Any, now_ns: int, each: Any = each, respond: Any = respond) -> Any:
            heard.extend([f"{each.name} {request.method} {request.path}"] if each.trades(request) else [])
            return respond(request, now_ns)

        each.respond = listen  # type: ignore[method-assign]
    whole.program.start()
    whole.wait_until(whole.all_connected, 10.0, "all connections up")
    whole.wait_until(lambda: len(whole.records) >= 3, 300.0, "three trades are over")
    whole.end_abruptly()
    whole.program = whole.make_program()
    whole.program.start()
    before = len(whole.records)
    whole.wait_until(lambda: len(whole.records) > before, 300.0, "another trade is over")
    mode = whole.program.state().mode
    accounts = {name: made.paper for name, made in whole.program.parts.venues.items() if isinstance(made, PaperTrading)}
    report = whole.stop()
    return {
        "mode": mode,
        "report": report,
        "heard": heard,
        "books": whole.books(),
        "wallets": {name: each.wallet - 10_000 for name, each in accounts.items()},
        "booked": {venue: each.net for (venue, _), each in by(whole.accounting().pnl.booked, "venue").items()},
        "held": [each.held for each in accounts.values()],
    }


@simulated
def test_it_trades_by_the_quotes_of_the_venues_and_they_hear_of_no_order(state: Path) -> None:
    found = run_forked(traded, 81, state)
    report = found["report"]
    assert report["clean"]
    assert (found["mode"], report["mode"]) == ("paper", "paper")
    assert report["trades"]["failed"] == 0
    assert found["heard"] == []
    for books in found["books"].values():
        assert books["orders"] == []
        assert books["cash"][books["currency"]] == books["deposited"]
    assert found["held"] == [{}, {}, {}]
    assert found["wallets"] == found["booked"], "what we think we earned is what the accounts on paper have"


@pytest.mark.parametrize("name", venue_names())
def test_whatever_an_account_needs_is_on_paper_at_every_venue(name: str) -> None:
    wanted = {
        each for each in vars(Venue) if not each.startswith("_") and callable(inspect.unwrap(getattr(Venue, each)))
    }
    wanted |= {each for each, kind in vars(Venue).items() if isinstance(kind, property)}
    made = on_paper(venue_class(name))
    assert {each for each in wanted - PUBLIC if each not in vars(PaperTrading)} == set()
    assert made.__mro__[1] is PaperTrading, "what it has comes before what the venue has"


def test_on_paper_no_credential_is_read_where_there_are_all() -> None:
    exchanges = load_settings(CONFIG.with_name("live.example.yaml"), {}, tuple(venue_names())).exchanges
    for name, exchange in exchanges.items():
        enabled = attrs.evolve(exchange, trading=attrs.evolve(exchange.trading, trade_enabled=True))
        environment = dict.fromkeys(exchange.trading.credentials.values(), "0x" + "11" * 32)
        assert venue(name, enabled, None, environment).credentials is not None
        assert venue(name, enabled, None, environment, paper=True).credentials is None
