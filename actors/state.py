"""One view of the whole state for every surface (HLT-2): gathered when somebody asks, and never otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from actors.alert_requests import ALERTS, AlertsView
from actors.balances import ReadBalances, ReadCapital, VenueCapital
from actors.connections import ReadRegistry, Registry
from actors.executor import Decision, ReadDecisions
from actors.gate import Gate, KillSwitches
from actors.hedge_watch import ReadNaked
from actors.order_requests import OrderCounts, ReadCounts, ReadOpenTrades, ReadRecords, ReadResiduals
from actors.pool import PoolView, ReadPool
from actors.positions import PositionsView, ReadPositions
from actors.reconfiguration import Reconfigured
from actors.risk import ReadBlocks, ReadStandings, ReadToday
from actors.runtime import Actor, Slot, handles
from perpbot.capital.margin import leg_margin
from perpbot.capital.moving import Funds, Hint, running_low
from perpbot.clock import NS_PER_SECOND, monotonic_ns, wall_ns
from perpbot.config.settings import Settings
from perpbot.execution.entries import TradeRecord
from perpbot.execution.residuals import Residual
from perpbot.execution.views import TradeView
from perpbot.model.money import ZERO
from perpbot.model.order import Balance
from perpbot.model.quote import Quote
from perpbot.portfolio.holding import Holding, HoldingKey
from perpbot.portfolio.profit import NO_PROFIT, Profit
from perpbot.risk.standing import Standing
from perpbot.risk.view import Naked

PATIENCE_S = 0.5
"""How long an actor may take to answer; what does not answer is left out and named."""
TRADES_SHOWN = DECISIONS_READ = 200


@attrs.frozen(kw_only=True)
class VenueState:
    """One venue at one moment."""

    name: str
    circuits: Mapping[str, str]
    """By connection: ``market-data`` and, where there is one, ``trading``."""
    reasons: Mapping[str, str]
    quotes: Mapping[str, Quote]
    """The latest good one of each symbol."""
    counts: Mapping[str, int]
    """Frames, quotes, gaps, reconnects and errors of the market-data connection."""
    unlisted: Sequence[str]
    """Symbols that are to be traded and that the venue does not have."""

    @property
    def fresh(self) -> Mapping[str, Quote]:
        """The quotes that are not marked stale."""
        return {symbol: quote for symbol, quote in self.quotes.items() if not quote.stale}


@attrs.frozen(kw_only=True)
class State:
    """Everything the surfaces show. Amounts are quote currency; times are wall clock."""

    at_ns: int
    uptime_s: float
    mode: str
    venues: Mapping[str, VenueState]
    trades: tuple[TradeView, ...]
    """In progress, oldest first."""
    records: tuple[TradeRecord, ...]
    """The newest of those that are over, oldest first; `trades_over` says how many there are."""
    positions: PositionsView | None
    residuals: tuple[Residual, ...] = attrs.field(default=(), kw_only=True)
    """What trades have left, too small for their venues; part of the positions."""
    balances: tuple[Balance, ...]
    pools: tuple[PoolView, ...]
    decisions: tuple[Decision, ...]
    """Newest first."""
    capital: Mapping[str, VenueCapital] = attrs.field(factory=dict, kw_only=True)
    """By venue: equity, its highest, and whether it is in safe mode."""
    low: tuple[Hint, ...] = ()
    """Venues that the largest trade does not fit any more, and what to move there."""
    kill: Mapping[str, str]
    profit: Mapping[str, Profit]
    """By currency, since the journal began; what is open counts at its mark."""
    open_profit: Mapping[str, Profit]
    """The part of it that trades in progress have so far, at marks; their funding counts with the others'."""
    worth: Mapping[str, Decimal] = attrs.field(factory=dict, kw_only=True)
    """What a unit of each quote currency is worth in one of them, which is 1; 1 also where too little is known."""
    dead_men: Mapping[str, str] = attrs.field(factory=dict, kw_only=True)
    """By venue that is traded at: whether it cancels open orders when we fall silent, see `Gate.dead_man`."""
    blocks: Sequence[str]
    """Account rules that refuse every opening now."""
    standings: Sequence[Standing] = ()
    """How near the account is to each risk limit; empty while that is not known."""
    daily_profit: Decimal | None = None
    """What this day has come to, as the daily limit counts it; None while that is not known."""
    orders: OrderCounts | None
    naked: tuple[Naked, ...]
    """Trades in progress with a leg that stands alone, or may."""
    registry: Registry | None
    """How well every connection works."""
    missing: tuple[str, ...]
    """Actors that did not answer in time."""
    alerts: AlertsView = attrs.field(factory=AlertsView, kw_only=True)

    @property
    def trades_over(self) -> int | None:
        """How many trades are over since the journal began; None when that is not known now."""
        return None if self.orders is None else self.orders.trades_over

    @property
    def fee_coins(self) -> frozenset[str]:
        """What fees were taken in and nothing is quoted in: such amounts are never added to dollars."""
        return frozenset() if self.positions is None else self.positions.fee_coins

    @property
    def closed_profit(self) -> Mapping[str, Profit]:
        """By currency, what the trades that are over came to."""
        return {currency: each - self.open_profit.get(currency, NO_PROFIT) for currency, each in self.profit.items()}


@attrs.frozen
class ReadState:
    """The answer is a `State`, gathered at most `max_age_s` seconds ago."""

    max_age_s: float = 0.1


class StateView(Actor):
    """Asks everybody at once and puts the answers together."""

    def __init__(
        self,
        settings: Settings,
        gates: Mapping[str, Gate],
        kill: KillSwitches,
        *,
        feeds: Mapping[str, str],
        market_data: Mapping[str, str],
        instruments: Mapping[str, str],
        pools: Iterable[str],
        orders: str,
        positions: str,
        balances: str,
        executor: str,
        risk: str,
        hedge_watch: str,
        basis: str,
        connections: str,
        alerts: str,
    ) -> None:
        super().__init__()
        self._connections = connections
        self._alerts_address = alerts
        self._alerts = AlertsView()
        self._settings = settings
        self._gates = gates
        self._kill = kill
        self._feeds = feeds
        self._market_data = market_data
        self._instruments = instruments
        self._pools = list(pools)
        self._orders = orders
        self._positions = positions
        self._balances = balances
        self._executor = executor
        self._risk = risk
        self._hedge_watch = hedge_watch
        self._basis = basis
        self._state: State | None = None
        self._gathered_ns = 0

    def on_start(self) -> None:
        """Note when everything began, and follow the alerts, which ask for the state and so cannot be asked."""
        self.subscribe(self._alerts_address, ALERTS)
        self._started_ns = monotonic_ns()

    @handles(AlertsView)
    def on_alerts(self, view: AlertsView) -> None:
        """They have changed."""
        self._alerts = view

    @handles(Reconfigured)
    def on_reconfigured(self, news: Reconfigured) -> None:
        """What a venue needs to have goes by other settings."""
        self._settings = news.settings

    @handles(ReadState)
    def on_read(self, request: ReadState) -> State:
        """Gather, unless that was done just now."""
        now = monotonic_ns()
        if self._state is None or now - self._gathered_ns >= request.max_age_s * NS_PER_SECOND:
            self._state = self._gather()
            self._gathered_ns = now
        return self._state

    def _gather(self) -> State:
        questions: list[tuple[str, Any]] = [
            (self._orders, ReadOpenTrades()),
            (self._orders, ReadRecords(TRADES_SHOWN)),
            (self._orders, ReadCounts()),
            (self._orders, ReadResiduals()),
            (self._positions, ReadPositions()),
            (self._balances, ReadBalances()),
            (self._balances, ReadCapital()),
            (self._executor, ReadDecisions(DECISIONS_READ)),
            (self._risk, ReadBlocks()),
            (self._risk, ReadStandings()),
            (self._risk, ReadToday()),
            (self._hedge_watch, ReadNaked()),
            (self._connections, ReadRegistry()),
            *((address, ReadPool()) for address in self._pools),
        ]
        slots = [self.look_up(address).post(question, PATIENCE_S) for address, question in questions]
        missing: list[str] = []
        answers = [self._answer(address, slot, missing) for (address, _), slot in zip(questions, slots, strict=True)]
        trades, records, counts, residuals, positions, balances, capital, decisions, *rest = answers
        blocks, near, today, naked, registry, *pools = rest
        found = tuple(pool for pool in pools if pool is not None)
        return State(
            at_ns=wall_ns(),
            uptime_s=(monotonic_ns() - self._started_ns) / NS_PER_SECOND,
            mode=self._settings.mode.value,
            venues={venue: self._venue(venue) for venue in self._feeds},
            trades=tuple(trades or ()),
            records=tuple(records or ()),
            positions=positions,
            residuals=residuals or (),
            balances=tuple(balances or ()),
            capital=capital or {},
            low=tuple(running_low(self._funds(capital or {}, found))),
            pools=found,
            decisions=tuple(decisions or ()),
            kill=self._kill.on,
            worth=dict(getattr(self.system.cell(self._basis).actor, "worth", {})),
            dead_men={gate.venue: gate.dead_man for gate in self._gates.values() if gate.trading},
            orders=counts,
            naked=tuple(naked or ()),
            profit={} if positions is None else profit(positions),
            open_profit={} if positions is None else open_profit(positions, trades or ()),
            blocks=tuple(str(each) for each in blocks or ()),
            standings=near or (),
            daily_profit=today,
            registry=registry,
            missing=tuple(dict.fromkeys(missing)),
            alerts=self._alerts,
        )

    def _funds(self, capital: Mapping[str, VenueCapital], pools: Sequence[PoolView]) -> dict[str, Funds]:
        """What each venue has for arbitrage, the reserve included, and what its largest leg needs."""
        lending = [pool for pool in pools if pool.name in {"arb", "reserve"}]
        return {
            gate.venue: Funds(
                equity=(each := capital[gate.venue]).equity,
                free=each.equity if each.available is None else each.available,
                available=sum((pool.available.get(gate.venue, ZERO) for pool in lending), ZERO),
                needed=self._needed(gate, self._settings.scanner.max_notional),
                least=self._needed(gate, self._settings.scanner.min_notional),
            )
            for gate in self._gates.values()
            if gate.trading and gate.venue in capital and lending
        }

    def _needed(self, gate: Gate, notional: Decimal) -> Decimal:
        return leg_margin(
            notional,
            leverage=min(gate.leverage(symbol) for symbol in self._settings.symbols),
            fee=ZERO,
            buffer=self._settings.capital.margin_buffer_pct / 100,
        )

    @staticmethod
    def _answer(address: str, slot: Slot, missing: list[str]) -> Any:
        try:
            return slot.wait(PATIENCE_S)
        except Exception:  # noqa: BLE001 - whatever it is, the surfaces show that the answer is missing
            missing.append(address)
            return None

    def _venue(self, venue: str) -> VenueState:
        gates = {address.rsplit("/", 1)[-1]: gate for address, gate in self._gates.items() if gate.venue == venue}
        feed = self.system.cell(self._feeds[venue]).actor
        data = self.system.cell(self._market_data[venue]).actor
        instruments = self.system.cell(self._instruments[venue]).actor
        return VenueState(
            name=venue,
            circuits={name: gate.circuit.value for name, gate in gates.items()},
            reasons={name: getattr(instruments, "trouble", None) or gate.reason for name, gate in gates.items()},
            quotes=dict(getattr(feed, "latest", {})),
            counts=attrs.asdict(data.counts) if data is not None and hasattr(data, "counts") else {},
            unlisted=getattr(instruments, "unlisted", ()),
        )


def profit(view: PositionsView) -> dict[str, Profit]:
    """What all fills and funding payments come to, by currency; open positions at their marks.

    A coin that fees are taken in, and nothing is quoted in, has an account of its own.
    """
    sums: dict[str, Profit] = {}
    for (venue, _, symbol), holding in view.holdings.items():
        currency = view.currencies.get((venue, symbol), "?")
        before = sums.get(currency, NO_PROFIT)
        mark = view.marks.get(symbol)
        trading = holding.cash if mark is None else holding.trading(mark)
        sums[currency] = Profit(
            trading=before.trading + trading,
            fees=before.fees + holding.fees,
            funding=before.funding + holding.funding,
        )
        for coin, fee in holding.other_fees.items():
            sums[coin] = sums.get(coin, NO_PROFIT) + Profit(trading=ZERO, fees=fee, funding=ZERO)
    return sums


def open_profit(view: PositionsView, trades: Iterable[TradeView]) -> dict[str, Profit]:
    """What the fills of `trades`, which are in progress, come to at their marks, by currency."""
    holdings: dict[HoldingKey, Holding] = {}
    for fill in (fill for trade in trades for order in trade.orders for fill in order.fills):
        key = (fill.venue, fill.account, fill.symbol)
        holdings[key] = holdings.get(key, Holding()).with_fill(fill)
    return profit(view.evolve_holdings(holdings))
