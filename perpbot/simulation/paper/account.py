"""One account on paper: what a venue would have made of our orders, by the book that it shows.

Orders take what the book shows, level by level, and what was taken is gone until the book changes. An order that waits
fills at its own price once the other side has come to it, and no more of it than stands there. Queues, the market's
answer to our orders, and liquidation are not simulated.
"""

from collections import deque
from collections.abc import Callable, Iterator
from decimal import Decimal

import attrs

from perpbot.clock import NS_PER_SECOND
from perpbot.model.book import Book, Level
from perpbot.model.events import Event, Funding
from perpbot.model.instrument import Instrument, Side
from perpbot.model.money import ZERO, Money, Price, Quantity
from perpbot.model.order import (
    Accepted,
    Balance,
    Fill,
    FundingPayment,
    Liquidity,
    Order,
    OrderStatus,
    OrderUpdate,
    Outcome,
    Position,
    Refused,
    TimeInForce,
)

REMEMBERED = 5_000
"""Fills, orders and payments that can be asked for afterwards."""


@attrs.define
class Held:
    """What is held in one instrument."""

    quantity: Decimal = ZERO
    entry: Decimal = ZERO
    """Mean price."""


@attrs.define
class Waiting:
    """An order that is open."""

    order: Order
    instrument: Instrument
    id: str
    filled: Decimal = ZERO

    @property
    def left(self) -> Decimal:
        """What may still fill, coins."""
        return self.order.quantity - self.filled


@attrs.define
class Market:
    """What the venue shows of one symbol."""

    book: Book
    mark: Decimal = ZERO
    """The last mid price."""
    taken: dict[tuple[Side, Decimal], Decimal] = attrs.field(factory=dict)
    """What we took of each level since the book changed."""
    funding: Funding | None = None


@attrs.define
class PaperAccount:
    """A wallet, positions and orders. Whoever calls says what time it is."""

    venue: str
    name: str
    wallet: Decimal
    currency: str = "USD"
    """That of the instruments, once one is known."""
    leverage: dict[str, int] = attrs.field(factory=dict)
    held: dict[str, Held] = attrs.field(factory=dict)
    waiting: dict[str, Waiting] = attrs.field(factory=dict)
    """By our id on the wire."""
    markets: dict[str, Market] = attrs.field(factory=dict)
    orders: dict[str, OrderUpdate] = attrs.field(factory=dict)
    """The newest of each order, by our id on the wire."""
    fills: deque[Fill] = attrs.field(factory=lambda: deque(maxlen=REMEMBERED))
    payments: deque[FundingPayment] = attrs.field(factory=lambda: deque(maxlen=REMEMBERED))
    number: int = 0
    tell: Callable[[Event], None] = lambda _: None
    """Is told of every order, fill and payment."""

    # -- the market ------------------------------------------------------------------------------------------------

    def moved(self, book: Book, funding: Funding | None, now_ns: int) -> None:
        """The venue quotes anew: what waits may fill, and funding may be due."""
        market = self.markets.setdefault(book.symbol, Market(book))
        market.book, market.taken = book, {}
        if not book.valid:
            return
        market.mark = (book.best_bid()[0] + book.best_ask()[0]) / 2
        self._settle_funding(book.symbol, market, funding, now_ns)
        for each in [*self.waiting.values()]:
            if each.order.symbol == book.symbol:
                self._take(each, Liquidity.MAKER, now_ns)

    def gone(self, symbol: str) -> None:
        """The venue has no price any more."""
        if symbol in self.markets:
            self.markets[symbol].book = Book(self.venue, symbol)

    def _settle_funding(self, symbol: str, market: Market, funding: Funding | None, now_ns: int) -> None:
        before, market.funding = market.funding, funding or market.funding
        due = None if before is None else before.next_settlement_ns
        if before is None or due is None or now_ns < due:
            return
        market.funding = funding if funding is not None and funding.next_settlement_ns != due else None
        quantity = self.held.get(symbol, Held()).quantity
        if quantity:
            cash = -quantity * market.mark * before.rate.fraction
            self.wallet += cash
            ref = f"{symbol}-{due // NS_PER_SECOND}"
            payment = FundingPayment(
                venue=self.venue,
                account=self.name,
                symbol=symbol,
                amount=Money(cash, self.currency),
                settled_ns=due,
                ref=ref,
            )
            self.payments.append(payment)
            self.tell(payment)

    # -- orders ----------------------------------------------------------------------------------------------------

    def place(self, order: Order, instrument: Instrument, now_ns: int) -> Outcome:
        """Take an order, or say why not."""
        if order.wire_id in self.orders:
            return Refused(f"{order.wire_id} was placed before")
        why = self._refusal(order, instrument)
        if why is not None:
            return Refused(f"paper: {why}")
        self.currency = instrument.quote
        self.number += 1
        placed = Waiting(order, instrument, f"paper-{self.number}")
        self.waiting[order.wire_id] = placed
        self._update(placed, OrderStatus.ACCEPTED, now_ns)
        if order.time_in_force is not TimeInForce.POST_ONLY:
            self._take(placed, Liquidity.TAKER, now_ns)
        if order.time_in_force is TimeInForce.IOC and placed.left:
            self._end(placed, now_ns, "nothing more to be had at the limit")
        return Accepted(placed.id)

    def cancel(self, wire_id: str, now_ns: int) -> bool:
        """End an order that waits; whether there was one."""
        placed = self.waiting.get(wire_id)
        if placed is None:
            return False
        self._end(placed, now_ns, "cancelled")
        return True

    def _refusal(self, order: Order, instrument: Instrument) -> str | None:
        market = self.markets.get(order.symbol)
        if market is None or not market.book.valid:
            return f"{self.venue} shows no price of {order.symbol}"
        if not instrument.on_grid(order.price):
            return f"{order.price} is not on the grid of {instrument.native}"
        closes = self._closable(order)
        if order.reduce_only and closes < order.quantity:
            return f"reduce-only: {closes} can be closed"
        if not order.reduce_only and not instrument.accepts(order.quantity, order.price):
            return f"{order.quantity} at {order.price} is not what {instrument.native} takes"
        if order.time_in_force is TimeInForce.POST_ONLY and next(self._reach(order, market), None) is not None:
            return "post-only: it would take"
        if not order.reduce_only and order.notional > self._free() * self.leverage.get(order.symbol, 1):
            return f"not enough margin: {self._free():.2f} {instrument.quote} are free"
        return None

    def _closable(self, order: Order) -> Decimal:
        quantity = self.held.get(order.symbol, Held()).quantity
        return max(ZERO, -quantity * order.side.sign)

    def _reach(self, order: Order, market: Market) -> Iterator[Level]:
        """The levels that an order may take, with what is left of each."""
        if not market.book.valid:
            return
        buys = order.side is Side.BUY
        for price, size in market.book.asks() if buys else market.book.bids():
            if order.side.sign * (price - order.price) > 0:
                return
            left = size - market.taken.get((order.side, price), ZERO)
            if left > 0:
                yield price, Quantity(left)

    def _take(self, placed: Waiting, liquidity: Liquidity, now_ns: int) -> None:
        order, market = placed.order, self.markets[placed.order.symbol]
        for price, size in [*self._reach(order, market)]:
            quantity = placed.instrument.round_quantity(min(size, placed.left))
            if order.reduce_only:
                quantity = Quantity(min(quantity, self._closable(order)))
            if quantity <= 0:
                break
            key = order.side, price
            market.taken[key] = market.taken.get(key, ZERO) + quantity
            # who waits is traded at his own price, who comes at that of who waited
            self._fill(placed, order.price if liquidity is Liquidity.MAKER else price, quantity, liquidity, now_ns)

    def _fill(self, placed: Waiting, price: Price, quantity: Quantity, liquidity: Liquidity, now_ns: int) -> None:
        order, instrument = placed.order, placed.instrument
        rate = instrument.maker_fee if liquidity is Liquidity.MAKER else instrument.taker_fee
        fee = price * quantity * rate
        self.number += 1
        placed.filled += quantity
        self._book(order.symbol, order.side.sign * quantity, price, fee)
        fill = Fill(
            venue=self.venue,
            account=self.name,
            symbol=order.symbol,
            trade_ref=f"paper-{self.number}",
            client_id=order.wire_id,
            venue_order_id=placed.id,
            side=order.side,
            price=price,
            quantity=quantity,
            fee=Money(fee, instrument.quote),
            liquidity=liquidity,
            time_ns=now_ns,
            quote=instrument.quote,
        )
        self.fills.append(fill)
        self.tell(fill)
        if placed.left:
            self._update(placed, OrderStatus.PARTIALLY_FILLED, now_ns)
        else:
            del self.waiting[order.wire_id]
            self._update(placed, OrderStatus.FILLED, now_ns)

    def _book(self, symbol: str, change: Decimal, price: Decimal, fee: Decimal) -> None:
        """Bring wallet and position up to date with a fill of `change` coins, signed."""
        held = self.held.setdefault(symbol, Held())
        self.wallet -= fee
        before, after = held.quantity, held.quantity + change
        if before * change >= 0:
            held.entry = (held.entry * before + price * change) / after
        else:
            closed = min(abs(change), abs(before)) * (1 if before > 0 else -1)
            self.wallet += closed * (price - held.entry)
            if before * after < 0:
                held.entry = price
        held.quantity = after
        if not after:
            del self.held[symbol]

    def recall(self, event: Fill | FundingPayment | OrderUpdate) -> None:
        """Take up what an earlier process told. What waited then was forgotten with it."""
        if isinstance(event, OrderUpdate):
            waited = attrs.evolve(event, status=OrderStatus.CANCELLED, reason="forgotten at a restart")
            self.orders[event.client_id] = event if event.status.final else waited
            return
        self.number += 1
        if isinstance(event, FundingPayment):
            self.wallet += event.amount.amount
            self.payments.append(event)
            return
        self.currency = event.currency
        self._book(event.symbol, event.side.sign * event.quantity, event.price, event.quoted_fee)
        self.fills.append(event)

    def _end(self, placed: Waiting, now_ns: int, reason: str) -> None:
        del self.waiting[placed.order.wire_id]
        self._update(placed, OrderStatus.CANCELLED, now_ns, reason)

    def _update(self, placed: Waiting, status: OrderStatus, now_ns: int, reason: str = "") -> None:
        order = placed.order
        update = OrderUpdate(
            venue=self.venue,
            account=self.name,
            symbol=order.symbol,
            client_id=order.wire_id,
            venue_order_id=placed.id,
            status=status,
            filled=Quantity(placed.filled),
            reason=reason,
            time_ns=now_ns,
        )
        self.orders[order.wire_id] = update
        while len(self.orders) > REMEMBERED:
            self.orders.pop(next(iter(self.orders)))
        self.tell(update)

    # -- what it comes to ------------------------------------------------------------------------------------------

    def _unrealised(self) -> Decimal:
        return sum(
            (
                each.quantity * (self.markets[symbol].mark - each.entry)
                for symbol, each in self.held.items()
                if symbol in self.markets and self.markets[symbol].mark
            ),
            ZERO,
        )

    def _free(self) -> Decimal:
        used = sum(
            (abs(each.quantity) * each.entry / self.leverage.get(symbol, 1) for symbol, each in self.held.items()), ZERO
        )
        return self.wallet + self._unrealised() - used

    def balances(self) -> list[Balance]:
        """The wallet."""
        equity = self.wallet + self._unrealised()
        free = max(ZERO, self._free())
        return [
            Balance(
                venue=self.venue,
                account=self.name,
                currency=self.currency,
                wallet=self.wallet,
                equity=equity,
                available=free,
            )
        ]

    def positions(self) -> list[Position]:
        """What is held."""
        return [
            Position(
                venue=self.venue,
                account=self.name,
                symbol=symbol,
                quantity=Quantity(each.quantity),
                entry_price=Price(each.entry),
            )
            for symbol, each in self.held.items()
        ]
