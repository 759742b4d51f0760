from decimal import Decimal
from itertools import pairwise
from statistics import median

import pytest

from perpbot import clock
from perpbot.chance import Chance
from perpbot.model.instrument import Instrument
from perpbot.simulation.venues.ladder import HouseLadder
from perpbot.simulation.venues.market import COINS, Edge, Market, MarketSettings
from perpbot.simulation.venues.serving import SimulatedVenues
from perpbot.simulation.venues.tape import MINUTE_MS, Tape

NOW = 1_700_000_000 * clock.NS_PER_SECOND
FRAME = clock.NS_PER_SECOND // 10
NAMES = ("okx", "hyperliquid", "aster")
COINS_TRADED = ("BTC", "ETH", "SOL")


class Listener:
    """Takes the place of a connection and keeps the frames."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)


def world(seed: int = 4) -> SimulatedVenues:
    return SimulatedVenues(NAMES, seed=seed, coins=COINS_TRADED, world_id="00000000000000ff")


def live(venues: SimulatedVenues, frames: int, start: int = 0) -> None:
    """Let time pass, one frame of every book at a time."""
    for frame in range(start + 1, start + frames + 1):
        now_ns = NOW + frame * FRAME
        venues.market.advance(now_ns)
        for venue in venues.venues.values():
            for symbol in venue.coins:
                venue.tick(symbol, now_ns)


@pytest.fixture
def fixed_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall_ns", lambda: NOW)
    monkeypatch.setattr(clock, "monotonic_ns", lambda: NOW)


@pytest.mark.usefixtures("fixed_time")
def test_the_same_seed_gives_the_same_frames() -> None:
    def frames(seed: int) -> list[bytes]:
        venues, listener = world(seed), Listener()
        topics = {
            "okx": ("books", "BTC-USDT-SWAP"),
            "hyperliquid": ("l2Book", "BTC"),
            "aster": ("btcusdt@depth@100ms", False),
        }
        for name, topic in topics.items():
            venues.venues[name].topics.add(topic, listener)  # type: ignore[arg-type]
        live(venues, 50)
        return listener.frames

    assert len(frames(1)) == 150
    assert frames(1) == frames(1) != frames(2)


@pytest.mark.usefixtures("fixed_time")
def test_books_look_like_books() -> None:
    venues = world()
    spreads, shapes = [], []
    for number in range(20):
        live(venues, 10, number * 10)
        for venue in venues.venues.values():
            for symbol in venue.coins:
                book = venue.engine.books[symbol]
                bids, asks = book.bids.picture(), book.asks.picture()
                instrument = venue.instrument(symbol)
                assert len(bids) == len(asks) == MarketSettings().depth >= 20
                assert bids[0][0] < asks[0][0]
                assert all(instrument.on_grid(price) for price, _ in bids + asks)
                assert all(size > 0 and not size % instrument.lot for _, size in bids + asks)
                shapes.append(median(size for _, size in bids[:5]) < median(size for _, size in bids[-5:]))
                if venue.coins[symbol] == "BTC":
                    spreads.append((asks[0][0] / bids[0][0] - 1) * 10_000)
    assert median(spreads) < 1
    assert shapes.count(True) > 0.95 * len(shapes)


@pytest.mark.usefixtures("fixed_time")
def test_edges_worth_taking_come_every_few_seconds() -> None:
    """Open and close cost about 20 bps; a minute should bring a dozen edges beyond that."""
    venues, seen, open_now = world(), 0, dict.fromkeys(COINS_TRADED, False)
    for frame in range(1, 601):
        now_ns = NOW + frame * FRAME
        venues.market.advance(now_ns)
        for coin in COINS_TRADED:
            mids = [venues.market.mid(name, coin) for name in NAMES]
            gap = (max(mids) / min(mids) - 1) * 10_000
            if gap > 23 and not open_now[coin]:
                open_now[coin], seen = True, seen + 1
            elif gap < 10:
                open_now[coin] = False
    assert seen >= 12


def test_an_edge_rises_holds_and_falls() -> None:
    edge = Edge(40.0, NOW, NOW + 2 * clock.NS_PER_SECOND)
    assert edge.offset(NOW) == 0
    assert edge.offset(NOW + clock.NS_PER_SECOND) == 40
    assert 0 < edge.offset(NOW + 2 * clock.NS_PER_SECOND + 300 * clock.NS_PER_MS) < 40
    assert edge.over(NOW + 3 * clock.NS_PER_SECOND)


def test_a_market_without_edges_and_bursts_is_calm() -> None:
    market = Market(Chance(1), MarketSettings(edge_every_s=0, burst_every_s=0), NAMES, COINS_TRADED, NOW)
    for second in range(300):
        market.advance(NOW + second * clock.NS_PER_SECOND)
        assert market.roughness == 1
        mids = [market.mid(name, "BTC") for name in NAMES]
        assert max(mids) / min(mids) - 1 < 0.002


def test_a_ladder_starts_anew_when_the_price_gains_a_figure() -> None:
    instrument = Instrument(
        venue="x",
        symbol="BTC-PERP",
        native="BTC",
        base="BTC",
        quote="USDC",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        significant_figures=5,
    )
    ladder = HouseLadder(instrument, COINS["BTC"], Chance(1), "x", 20)
    shown: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
    for mid in (9_990.0, 9_999.5, 10_020.0, 9_880.0, 9_930.0):
        for side, changes in zip(shown, ladder.step(mid, 1.0, ((), ())), strict=True):
            side.update(changes)
            for price in [price for price, size in side.items() if not size]:
                del side[price]
            assert len(side) == 20
            assert all(instrument.on_grid(price) for price in side)


def test_bars_join() -> None:
    tape = Tape(Decimal(100), Decimal("0.1"), NOW, lambda _mean, _deviation: 1.0)
    for minute in range(1, 9):
        tape.feed([], Decimal(100 + minute), NOW + minute * 60 * clock.NS_PER_SECOND)
    single, joined = tape.bars(), tape.bars(5)
    assert all(later.open_ms - bar.open_ms == MINUTE_MS for bar, later in pairwise(single))
    assert all(bar.open_ms % (5 * MINUTE_MS) == 0 for bar in joined)
    assert joined[-1].close == single[-1].close == tape.minute.close == 108
    assert tape.day().volume == sum(bar.volume for bar in single)
