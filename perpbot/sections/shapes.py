"""The shapes of the sections: what a surface gets, and all that it gets.

Money, prices and quantities are decimal text (`Money`), never floats; times are ISO 8601 in UTC; a number's key says
its unit (`_ms`, `_s`, `_pct`). Sections of many rows are objects keyed by id, and a key without a value is left out:
differences are JSON merge patches (RFC 7396), in which null takes a key away.
"""

from typing import Any, NotRequired, TypedDict

Money = str
"""A decimal number as text."""
Time = str
"""ISO 8601, UTC, with milliseconds."""


class Overview(TypedDict):
    """The first thing to look at."""

    at: Time
    """When the state was taken, to the second."""
    version: str
    mode: str
    """``simulation``, ``paper`` or ``live``."""
    config: str
    """Name of the configuration file."""
    uptime_s: int
    healthy: bool
    """Whether there are no problems."""
    problems: list[str]
    """What is not as it should be, a sentence each."""
    alive: bool
    """Whether the process may be left alone, as the watchdog sees it."""
    trading: str
    """``running``, ``killed`` by the global switch, ``blocked`` by a rule that refuses everything, ``stopping``."""
    symbols: list[str]
    equity: Money
    """Over all venues, dollars of all kinds added one to one."""
    profit_today: Money
    """Net, realised this UTC day."""
    net_exposure: NotRequired[Money]
    gross_exposure: NotRequired[Money]
    trades_open: int
    trades_over: NotRequired[int]
    """Since the journal began."""
    orders_unknown: NotRequired[int]
    """Orders whose fate is not known."""
    actors: int
    restarts: int
    crashes: int
    dead_letters: int
    log_lines_lost: int
    stream_clients: int
    """Browsers and others that follow the state."""


class Quote(TypedDict):
    """The last good price of one symbol at one venue."""

    bid: Money
    bid_size: Money
    ask: Money
    ask_size: Money
    at: NotRequired[Time]
    """The venue's time of it, where it says one."""
    source: str
    """``stream``, or ``rest`` while the stream is down."""
    stale: bool
    """Whether it is only the last that was known; nothing is traded on it."""


class Book(TypedDict):
    """Whether one book has a price."""

    valid: bool
    reason: NotRequired[str]
    """Why not."""


class Opportunity(TypedDict):
    """One edge from when it appeared until it was gone; the latest numbers."""

    at: Time
    last_at: Time
    quotes: int
    """How many quotes showed it."""
    symbol: str
    buy: str
    sell: str
    quantity: Money
    gross: Money
    fees: Money
    slippage: Money
    funding: Money
    net: Money
    """``gross - fees - slippage + funding``."""
    net_pct: Money
    currencies: list[str]
    admitted: bool
    verdict: str
    """``admitted: <trade>``, or why it was not."""


class Order(TypedDict):
    """One of our orders."""

    trade: str
    venue: str
    symbol: str
    purpose: str
    """``open``, ``hedge``, ``unwind`` or ``close``."""
    side: str
    quantity: Money
    price: Money
    filled: Money
    status: str
    unknown: bool
    """Whether its fate is not known: to be shown first."""
    settled: bool
    reason: str
    changed_at: Time
    """When anything was last heard of it, to about a second."""


class TradeLeg(TypedDict):
    """What the orders of one leg of a trade came to, in quote currency."""

    venue: str
    side: str
    """Which way it opened."""
    expected: Money
    """Mean price at which the book promised that it opens."""
    achieved: NotRequired[Money]
    """Mean price at which it did; left out where nothing was filled."""
    slippage: Money
    """What opening it cost beyond what was expected; below zero where it was better."""
    slippage_bps: NotRequired[Money]
    """The same, in ten-thousandths of the value that was expected."""
    trading: Money
    fees: Money
    other_fees: dict[str, Money]
    """Fees that were taken in other currencies, by currency; in no other figure."""
    funding: Money
    volume: Money
    closing_slippage: Money
    """What closing cost beyond the best price when each order was decided."""
    closing_slippage_bps: NotRequired[Money]


class Trade(TypedDict):
    """One trade, in progress or over. What is not known yet is left out."""

    open: bool
    symbol: str
    buy: str
    sell: str
    quantity: Money
    phase: str
    reason: str
    opened_at: Time
    expected_net: Money
    currencies: list[str]
    pool: NotRequired[str]
    settled_at: NotRequired[Time]
    trading: NotRequired[Money]
    """What prices alone brought."""
    fees: NotRequired[Money]
    other_fees: NotRequired[dict[str, Money]]
    """Fees that were taken in other currencies, by currency; in no other figure."""
    funding: NotRequired[Money]
    net: NotRequired[Money]
    slippage: NotRequired[Money]
    """What opening it cost beyond the prices that were expected."""
    slippage_bps: NotRequired[Money]
    """The same, in ten-thousandths of what opening both legs was expected to be worth."""
    closing_slippage: NotRequired[Money]
    """What closing cost beyond the best prices when its orders were decided."""
    closing_slippage_bps: NotRequired[Money]
    volume: NotRequired[Money]
    """Value of all its fills."""
    sent_ms: NotRequired[float]
    """From the frame behind it to both first orders handed to the network."""
    hedged_ms: NotRequired[float]
    """From the first fill to equal legs."""
    max_unhedged: NotRequired[Money]
    """Largest value that stood alone."""
    unhedged_ms: NotRequired[float]
    """For how long something did, at the longest."""
    unhedged_total_ms: NotRequired[float]
    """The same, all times together."""
    unhedged_value_s: NotRequired[Money]
    """Value that stood alone times the seconds it did."""
    phases_ms: NotRequired[dict[str, float]]
    """How long each phase took."""
    legs: NotRequired[dict[str, TradeLeg]]
    """``buy`` and ``sell``."""


class Position(TypedDict):
    """What is held in one symbol at one venue."""

    venue: str
    account: str
    symbol: str
    quantity: Money
    """Coins; below zero when short."""
    mark: NotRequired[Money]
    value: NotRequired[Money]
    currency: NotRequired[str]
    venue_says: NotRequired[Money]
    """What the venue says instead, where it contradicts our fills."""


class Residual(TypedDict):
    """What a trade has left because its venue takes no order so small; part of the positions."""

    venue: str
    account: str
    symbol: str
    quantity: Money
    """Coins; below zero when short."""
    cost: Money
    """In quote currency, signed like the quantity."""
    currency: str
    trade: str
    """Whose it was. The next trade that closes there takes it on."""


class Unhedged(TypedDict):
    """A trade with a leg that stands alone, or may."""

    symbol: str
    venues: list[str]
    value: Money
    unknown_at: list[str]
    """Venues that have not told the fate of an order."""
    since: Time


class SymbolExposure(TypedDict):
    """The exposure in one symbol over all venues."""

    net: Money
    gross: Money


class Exposure(TypedDict):
    """What is at stake."""

    net: Money
    """Sum over symbols of the size of what is not hedged."""
    gross: Money
    symbols: dict[str, SymbolExposure]
    venues: dict[str, Money]
    """Gross by venue."""
    unhedged: dict[str, Unhedged]
    """By trade."""


class Capital(TypedDict):
    """One pool at one venue."""

    total: Money
    """Its own; what it may use has ``borrowed`` on top."""
    borrowed: Money
    """What the reserve lends to it."""
    allocated: Money
    available: Money


class Balance(TypedDict):
    """One currency at one venue."""

    venue: str
    account: str
    currency: str
    wallet: Money
    equity: NotRequired[Money]
    available: NotRequired[Money]


class SymbolCapital(TypedDict):
    """One symbol's part of a pool."""

    allocated: Money
    used: Money


class CapitalPools(TypedDict):
    """What there is, and who has it."""

    equity: Money
    pools: dict[str, dict[str, Capital]]
    """By pool, then by venue."""
    owners: dict[str, list[str]]
    """By pool: the trades that hold something of it."""
    symbols: dict[str, SymbolCapital]
    """What each symbol may use of the arbitrage pool, over all venues."""
    safe_mode: dict[str, bool]
    """By venue: whether its drawdown keeps arbitrage away."""
    low: dict[str, str]
    """By venue that the largest trade does not fit any more: what to move there, and from where."""
    balances: dict[str, Balance]
    """By ``venue/account/currency``."""


class Limit(TypedDict):
    """One risk limit and how much of it is used."""

    level: str
    """``pool``, ``account``, ``position`` or ``execution``."""
    used: Money
    limit: Money
    unit: str
    """``pct``, ``usd``, ``s`` or ``count``."""
    share: float
    """``used / limit``; 1 and more refuses."""
    about: NotRequired[str]
    """The symbol or venue that uses most of it."""


class Risk(TypedDict):
    """How near the limits are."""

    limits: dict[str, Limit]
    """By the rule's name, as in docs/risk.md."""
    blocks: list[str]
    """Rules that refuse every opening now."""


class Connection(TypedDict):
    """One connection of a venue."""

    circuit: str
    """``CONNECTED``, ``DEGRADED``, ``DISCONNECTED`` or ``CIRCUIT_OPEN``."""
    reason: str
    since: Time
    """When the circuit came into its state."""
    healthy: NotRequired[bool]
    latency_ms: dict[str, float]
    """``mean``, ``p50``, ``p99``, as far as known."""
    error_rate: NotRequired[float]
    error_streak: NotRequired[int]
    alerts: list[str]


class Venue(TypedDict):
    """One venue and how we stand with it."""

    state: str
    """The trading connection's circuit, the market-data connection's where nothing is traded."""
    trading: bool
    """Whether orders may go there at all."""
    open_allowed: bool
    """Whether an order that adds risk would be let through now."""
    refusal: NotRequired[str]
    """Why not."""
    connections: dict[str, Connection]
    """``market-data``, and ``trading`` where there is one."""
    tokens: dict[str, float]
    """``reads`` and ``orders``: how many calls could leave at once."""
    paused_s: float
    """How long nothing is sent because the venue complained."""
    clock_ahead_ms: int
    """How far the venue's clock is ahead of ours."""
    dead_man: NotRequired[str]
    killed: bool
    """Whether its own or the global kill switch is on."""
    counts: dict[str, int]
    """Frames, quotes, gaps, reconnects and errors."""
    unlisted: list[str]


class Node(TypedDict):
    """One actor or supervisor, at its address."""

    parent: NotRequired[str]
    name: str
    kind: str
    type: str
    state: str
    strategy: NotRequired[str]
    circuit: NotRequired[str]
    restarts: int
    depth: int
    """Messages that wait."""
    high_water: int
    dropped: int
    messages_per_s: NotRequired[float]
    busy: NotRequired[float]
    """Share of the time it is at work."""
    troubles: list[str]
    last_failure: NotRequired[str]


class Latency(TypedDict):
    """How long one stage takes."""

    count: int
    p50_us: float
    p99_us: float
    max_us: float
    histogram: dict[str, int]
    """How many took less than so many microseconds and no less than the step before; steps double."""


class Profit(TypedDict):
    """What was earned."""

    trading: Money
    fees: Money
    """Positive when they cost."""
    funding: Money
    """Positive when received."""
    net: Money


class ProfitAndLoss(TypedDict):
    """What was earned since the journal began: in all, and what was realised cut in several ways."""

    currencies: dict[str, Profit]
    """In all; open positions count at their marks."""
    fee_coins: list[str]
    """Those of `currencies` that are no dollars: what fees were taken in. They are in none of the cuts below."""
    open: dict[str, Profit]
    """The part of trades in progress, by currency."""
    venues: dict[str, Profit]
    symbols: dict[str, Profit]
    pools: dict[str, Profit]
    """``none`` is what belongs to no trade."""
    days: dict[str, Profit]
    """By UTC day."""


class Audit(TypedDict):
    """One thing an operator did."""

    at: Time
    who: str
    source: str
    """Where it came from: an address, or ``socket``."""
    action: str
    what: str
    outcome: str


class Alert(TypedDict):
    """One alert."""

    severity: str
    """``info``, ``warning``, ``high``, ``error`` or ``critical``."""
    state: str
    """``pending`` or ``firing``; of what happened lately also ``resolved``."""
    text: str
    """What is wrong, with the values behind it, in the language that is configured."""
    titles: dict[str, str]
    """What is wrong, by language: ``en`` and ``zh``."""
    reading: str
    """The values behind it, as in ``quote_latency 7.2s``; several with commas between."""
    since: Time
    rule: str
    about: str
    """The venue, connection or component; empty for all together."""
    acknowledged: bool
    silenced: bool
    runbook: str
    sound: bool
    """Whether it is to be heard."""


class Sections(TypedDict):
    """The whole state."""

    overview: Overview
    quotes: dict[str, dict[str, Quote]]
    """By venue, then by symbol."""
    books: dict[str, dict[str, Book]]
    """By venue, then by symbol."""
    opportunities: dict[str, Opportunity]
    """The newest, by id."""
    orders: dict[str, Order]
    """Of trades in progress, by our id."""
    trades: dict[str, Trade]
    """In progress, and the newest that are over, by id."""
    positions: dict[str, Position]
    """Those that are not zero, by ``venue/account/symbol``."""
    residuals: dict[str, Residual]
    """What trades have left, by id."""
    exposure: Exposure
    capital: CapitalPools
    risk: Risk
    venues: dict[str, Venue]
    tree: dict[str, Node]
    """By address."""
    latencies: dict[str, Latency]
    """By stage."""
    alerts: dict[str, Alert]
    """Pending and firing, by id; one that is gone is over."""
    pnl: ProfitAndLoss
    kill_switch: dict[str, str]
    """Scopes that are killed (``global``, a venue, or a connection's address), and by whom."""
    audit: dict[str, Audit]
    """The newest things operators did, by number."""


class Snapshot(TypedDict):
    """Everything at one moment."""

    seq: int
    """Grows with every difference; also the event's id."""
    state: Sections


class Difference(TypedDict):
    """What changed since the `seq` before."""

    seq: int
    diff: dict[str, Any]
    """A JSON merge patch (RFC 7396) for ``state``."""
