"""One venue's matching engine and accounting: price-time priority, exact cash, no clock and no I/O.

Liquidity comes from the house, whose levels a market model sets, and from clients' waiting orders. A house that
moves through a waiting order fills it at the order's price. Whoever calls passes the time; the same calls in the
same order give the same result.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import attrs

from perpbot.model.instrument import Instrument, InstrumentTable, Side
from perpbot.model.money import ZERO
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.book import Book
from perpbot.simulation.venues.orders import (
    Ending,
    Event,
    Execution,
    Funded,
    Lifetime,
    OrderEvent,
    Print,
    Refusal,
    RefusedError,
    Status,
    Ticket,
    VenueOrder,
)
from perpbot.simulation.venues.pre_trade import PreTrade

Levels = Sequence[tuple[Decimal, Decimal]]
"""Prices with the size the house has there from now on; zero for none."""


class Engine:
    """The markets, the books and the accounts of one venue."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        band: Decimal = Decimal("0.5"),
        fee_step: Decimal = Decimal("1e-8"),
        first_id: int = 1,
    ) -> None:
        self.instruments = InstrumentTable(instruments)
        self.books = {each.native: Book() for each in self.instruments}
        self.marks: dict[str, Decimal] = {}
        self.accounts: dict[str, Account] = {}
        self.next_order_id = first_id
        self.next_trade_id = first_id
        self.accounts_changed = False
        """Set whenever anything about an account changes; whoever saves accounts clears it."""
        self._pre_trade = PreTrade(self.marks, band)
        self._fee_step = fee_step
        self._events: list[Event] = []
        self._prints: dict[str, list[Print]] = {symbol: [] for symbol in self.books}

    # -- accounts ------------------------------------------------------------------------------------------------

    def open_account(self, name: str, currency: str, cash: Decimal, leverage: Decimal = Decimal(5)) -> Account:
        """Open an account with `cash` in it; every market starts at `leverage`."""
        account = Account(name, currency, {currency: cash}, cash)
        account.leverage = {each.native: min(leverage, each.max_leverage) for each in self.instruments}
        self.accounts[name] = account
        self.accounts_changed = True
        return account

    def adopt(self, account: Account) -> None:
        """Take an account as it was saved; its open orders wait again, oldest first, behind nothing."""
        self.accounts[account.name] = account
        for order in account.open_orders:
            self.books[order.symbol].own(order.side).add(order)
        ids = [*account.orders, *(each.id for each in account.executions), *(each.id for each in account.funding)]
        self.next_order_id = max([self.next_order_id, *(number + 1 for number in ids)])
        self.next_trade_id = max(self.next_trade_id, self.next_order_id)

    def set_leverage(self, account: str, symbol: str, leverage: Decimal) -> None:
        """Set the leverage of one market; `RefusedError` when the market does not offer it."""
        if not 1 <= leverage <= self._instrument(symbol).max_leverage:
            raise RefusedError(Refusal.LEVERAGE)
        self.accounts[account].leverage[symbol] = leverage
        self.accounts_changed = True

    # -- orders --------------------------------------------------------------------------------------------------

    def place(self, ticket: Ticket, now_ns: int, at_most: Decimal | None = None) -> VenueOrder:
        """Take an order, trade what can be traded, and return it as it stands then.

        At most `at_most` coins are traded at once, where that is given, and the rest is cancelled.

        Raises:
            RefusedError: the venue did not take it; nothing happened.
        """
        instrument = self._instrument(ticket.symbol)
        account = self.accounts[ticket.account]
        if ticket.client_id and ticket.client_id in account.by_client:
            account.duplicates += 1
            self.accounts_changed = True
            raise RefusedError(Refusal.DUPLICATE)
        self._pre_trade.check(ticket, instrument, account, self.books[ticket.symbol])
        order = self._take_up(ticket, now_ns)
        self._run(order, account, at_most, now_ns)
        return order

    def turn_down(self, ticket: Ticket, ending: Ending, now_ns: int) -> VenueOrder:
        """Take an order and end it at once, as venues do that check it only after they have answered."""
        order = self._take_up(ticket, now_ns)
        self._end(order, ending, now_ns)
        return order

    def cancel(self, account: str, order_id: int, now_ns: int, ending: Ending = Ending.USER) -> VenueOrder:
        """Cancel a waiting order; `RefusedError` when there is none of that id, or it is over."""
        order = self._waiting(account, order_id)
        self._end(order, ending, now_ns)
        return order

    def amend(self, account: str, order_id: int, size: Decimal, price: Decimal, now_ns: int) -> VenueOrder:
        """Give a waiting order another size and price; it trades what it can there, and waits behind the others.

        Raises:
            RefusedError: there is none of that id, it is over or has filled more, or it would not be taken like this.
        """
        order = self._waiting(account, order_id)
        ticket = Ticket(
            account=account, symbol=order.symbol, side=order.side, size=size, price=price, lifetime=order.lifetime,
            reduce_only=order.reduce_only,
        )  # fmt: skip
        self._pre_trade.check_grid(ticket, self._instrument(order.symbol))
        if size <= order.filled:
            raise RefusedError(Refusal.SIZE)
        if size > order.size and not order.reduce_only:
            self._pre_trade.check_margin(attrs.evolve(ticket, size=size - order.size), self.accounts[account])
        self.books[order.symbol].own(order.side).discard(order)
        order.size, order.price, order.updated_ns = size, price, now_ns
        self._tell(order)
        self._run_on(order, self.accounts[account], now_ns)
        return order

    def _waiting(self, account: str, order_id: int) -> VenueOrder:
        order = self.accounts[account].orders.get(order_id)
        if order is None:
            raise RefusedError(Refusal.UNKNOWN_ORDER)
        if order.status is not Status.OPEN:
            raise RefusedError(Refusal.OVER)
        return order

    def cancel_all(self, account: str, symbol: str | None, now_ns: int, ending: Ending = Ending.USER) -> int:
        """Cancel every waiting order, of one market or of all, and return how many there were."""
        orders = [each for each in self.accounts[account].open_orders if symbol in {None, each.symbol}]
        for order in orders:
            self._end(order, ending, now_ns)
        return len(orders)

    # -- the house -----------------------------------------------------------------------------------------------

    def house(self, symbol: str, bids: Levels, asks: Levels, now_ns: int) -> None:
        """Set the house's levels and fill the clients' orders it has moved through.

        Raises:
            ValueError: the house would bid what it asks.
        """
        book = self.books[symbol]
        book.bids.set_house(bids)
        book.asks.set_house(asks)
        while book.crossed:
            self._uncross(symbol, book, now_ns)

    def house_trade(self, symbol: str, side: Side, size: Decimal, now_ns: int) -> None:
        """Let somebody who is not a client take up to `size` from the best level."""
        best = self.books[symbol].other(side).best()
        if best is not None:
            self._match(symbol, side, best, size, None, now_ns)

    def fund(self, symbol: str, rate: Decimal, now_ns: int) -> None:
        """Settle funding: longs pay `rate` of the value at the mark to shorts, or receive it when it is negative."""
        for account in self.accounts.values():
            size = account.position(symbol).size
            if size:
                amount = (-size * self.marks[symbol] * rate).quantize(self._fee_step)
                account.settle(amount)
                account.funding_received += amount
                payment = Funded(
                    id=self._trade_id(), account=account.name, symbol=symbol, rate=rate, amount=amount, size=size,
                    mark=self.marks[symbol], currency=account.currency, time_ns=now_ns,
                )  # fmt: skip
                account.funding.append(payment)
                self._events.append(payment)
                self.accounts_changed = True

    # -- what happened -------------------------------------------------------------------------------------------

    def take_events(self) -> list[Event]:
        """What happened to accounts since the last call, in order."""
        events, self._events = self._events, []
        return events

    def take_prints(self, symbol: str) -> list[Print]:
        """Public trades since the last call, in order."""
        prints = self._prints[symbol]
        if prints:
            self._prints[symbol] = []
        return prints

    def _instrument(self, symbol: str) -> Instrument:
        instrument = self.instruments.native(symbol)
        if instrument is None:
            raise RefusedError(Refusal.SYMBOL)
        return instrument

    # -- matching ------------------------------------------------------------------------------------------------

    def _run(self, order: VenueOrder, account: Account, at_most: Decimal | None, now_ns: int) -> None:
        book = self.books[order.symbol]
        if order.lifetime is Lifetime.POST_ONLY and book.reaches(order.side, order.price):
            return self._end(order, Ending.POST_ONLY, now_ns)
        wanted = order.size if at_most is None else min(order.size, at_most)
        if order.reduce_only:
            wanted = min(wanted, account.position(order.symbol).reducible(order.side))
        if order.lifetime is Lifetime.FOK and min(wanted, self._offered(order, book)) < order.size:
            return self._end(order, Ending.FILL_OR_KILL, now_ns)
        self._match(order.symbol, order.side, order.price, wanted, order, now_ns)
        if order.status is not Status.OPEN:
            return None
        if order.lifetime in {Lifetime.IOC, Lifetime.FOK} or order.price is None or at_most is not None:
            return self._end(order, Ending.UNFILLED, now_ns)
        return book.own(order.side).add(order)

    def _run_on(self, order: VenueOrder, account: Account, now_ns: int) -> None:
        """Let an order that has filled in part look for the rest."""
        book = self.books[order.symbol]
        if order.lifetime is Lifetime.POST_ONLY and book.reaches(order.side, order.price):
            return self._end(order, Ending.POST_ONLY, now_ns)
        wanted = order.remaining
        if order.reduce_only:
            wanted = min(wanted, account.position(order.symbol).reducible(order.side))
        self._match(order.symbol, order.side, order.price, wanted, order, now_ns)
        return book.own(order.side).add(order) if order.status is Status.OPEN else None

    def _offered(self, order: VenueOrder, book: Book) -> Decimal:
        """How much an order could trade at once, its own account's orders left out."""
        offered = ZERO
        for price, size in book.other(order.side).picture():
            if order.price is not None and (price - order.price) * order.side.sign > 0:
                break
            own = (each.order for each in book.other(order.side).levels[price].queue)
            offered += size - sum((each.remaining for each in own if each.account == order.account), ZERO)
        return offered

    def _match(
        self, symbol: str, side: Side, limit: Decimal | None, size: Decimal, taker: VenueOrder | None, now_ns: int
    ) -> None:
        book = self.books[symbol]
        while size > 0 and book.reaches(side, limit):
            price = book.other(side).best()
            if price is None:
                return
            size -= self._take(symbol, side, price, size, taker, now_ns)

    def _take(
        self, symbol: str, side: Side, price: Decimal, wanted: Decimal, taker: VenueOrder | None, now_ns: int
    ) -> Decimal:
        """Trade up to `wanted` with the level at `price`, in the order of its queue; returns how much."""
        resting = self.books[symbol].other(side)
        level = resting.levels[price]
        left, gone = wanted, ZERO
        for waiting in list(level.queue):
            first = min(max(ZERO, waiting.ahead - gone), left)
            gone += self._take_house(symbol, side, price, first, taker, now_ns)
            left -= first
            if not left:
                break
            left -= self._take_client(waiting.order, price, left, taker, now_ns)
        rest = min(level.house, left)
        gone += self._take_house(symbol, side, price, rest, taker, now_ns)
        level.queue = [each for each in level.queue if each.order.status is Status.OPEN]
        for waiting in level.queue:
            waiting.ahead = max(ZERO, waiting.ahead - gone)
        resting.touch(price, eaten=bool(gone))
        return wanted - left + rest

    def _take_house(
        self,
        symbol: str,
        side: Side,
        price: Decimal,
        size: Decimal,
        taker: VenueOrder | None,
        now_ns: int,
    ) -> Decimal:
        if size:
            self.books[symbol].other(side).levels[price].house -= size
            self._trade(symbol, side, price, size, (None, taker), now_ns)
        return size

    def _take_client(
        self, maker: VenueOrder, price: Decimal, left: Decimal, taker: VenueOrder | None, now_ns: int
    ) -> Decimal:
        """Trade with one waiting order; it is cancelled where it would trade with itself or open a position."""
        if maker.status is not Status.OPEN:
            return ZERO
        if taker is not None and maker.account == taker.account:
            self._end(maker, Ending.SELF_TRADE, now_ns)
            return ZERO
        size = min(maker.remaining, left)
        if maker.reduce_only:
            size = min(size, self.accounts[maker.account].position(maker.symbol).reducible(maker.side))
        if size:
            self._trade(maker.symbol, maker.side.opposite, price, size, (maker, taker), now_ns)
        return size

    def _uncross(self, symbol: str, book: Book, now_ns: int) -> None:
        """The house has moved through a waiting order: fill it with what the house shows there."""
        bid, ask = book.bids.best(), book.asks.best()
        if bid is None or ask is None:
            return
        if book.bids.levels[bid].queue:
            side, price, moved, at = Side.SELL, bid, book.asks, ask
        elif book.asks.levels[ask].queue:
            side, price, moved, at = Side.BUY, ask, book.bids, bid
        else:
            raise ValueError(f"the house of {symbol} bids {bid} and asks {ask}")
        shown = moved.levels[at].house
        if not shown:
            raise ValueError(f"clients' orders of {symbol} cross at {bid} and {ask}")
        taken = self._take(symbol, side, price, shown, None, now_ns)
        moved.set_house([(at, shown - taken)])

    def _trade(
        self,
        symbol: str,
        side: Side,
        price: Decimal,
        size: Decimal,
        parties: tuple[VenueOrder | None, VenueOrder | None],
        now_ns: int,
    ) -> None:
        number = self._trade_id()
        self._prints[symbol].append(Print(number, symbol, price, size, side, now_ns))
        maker, taker = parties
        if maker is not None:
            self._fill(maker, number, price, size, now_ns, maker=True)
        if taker is not None:
            self._fill(taker, number, price, size, now_ns, maker=False)

    def _fill(self, order: VenueOrder, number: int, price: Decimal, size: Decimal, now_ns: int, *, maker: bool) -> None:
        instrument, account = self._instrument(order.symbol), self.accounts[order.account]
        position = account.position(order.symbol)
        before = position.size
        realised = position.trade(order.side, size, price)
        rate = instrument.maker_fee if maker else instrument.taker_fee
        fee = (price * size * rate).quantize(self._fee_step)
        account.settle(realised)
        fee, currency = account.charge(fee, self._fee_step)
        order.filled += size
        order.notional += size * price
        order.fees += fee if currency == account.currency else ZERO
        order.realised += realised
        order.updated_ns = now_ns
        if not order.remaining:
            order.status = Status.FILLED
        execution = Execution(
            id=number, order_id=order.id, account=order.account, symbol=order.symbol, client_id=order.client_id,
            side=order.side, price=price, size=size, fee=fee, currency=currency, maker=maker,
            realised=realised, position_before=before, time_ns=now_ns,
        )  # fmt: skip
        account.executions.append(execution)
        self._tell(order, execution)
        self._drop_reducers(account, order.symbol, now_ns)

    def _drop_reducers(self, account: Account, symbol: str, now_ns: int) -> None:
        """Cancel the reduce-only orders that have nothing left to reduce."""
        position = account.position(symbol)
        for order in account.open_orders:
            if order.reduce_only and order.symbol == symbol and not position.reducible(order.side):
                self._end(order, Ending.REDUCE_ONLY, now_ns)

    def _end(self, order: VenueOrder, ending: Ending, now_ns: int) -> None:
        order.status, order.ending, order.updated_ns = Status.CANCELLED, ending, now_ns
        self.books[order.symbol].own(order.side).discard(order)
        self._tell(order)

    def _tell(self, order: VenueOrder, execution: Execution | None = None) -> None:
        self.accounts[order.account].keep(order)
        self._events.append(OrderEvent(attrs.evolve(order), execution))
        self.accounts_changed = True

    def _take_up(self, ticket: Ticket, now_ns: int) -> VenueOrder:
        number, self.next_order_id = self.next_order_id, self.next_order_id + 1
        order = VenueOrder(id=number, created_ns=now_ns, updated_ns=now_ns, **attrs.asdict(ticket))
        self._tell(order)
        return order

    def _trade_id(self) -> int:
        self.next_trade_id += 1
        return self.next_trade_id - 1
