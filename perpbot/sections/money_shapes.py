"""The shapes of what is ordered, held, at stake, limited and earned."""

from typing import NotRequired, TypedDict

from perpbot.sections.texts import Money, Time


class Order(TypedDict):
    """One of our orders."""

    trade: str
    venue: str
    symbol: str
    purpose: str
    """``open``, ``make``, ``follow``, ``hedge``, ``unwind``, ``close`` or ``top-up``; ``foreign``, ``residual``: never
    sent."""
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
    """What the orders of one leg of a trade came to, in its venue's quote currency."""

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
    """What the legs are quoted in. Amounts of two different dollars are added one to one in all figures but `legs`."""
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
    """From the frame behind it to both first orders on disk and with their connections, which sign and send them."""
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
