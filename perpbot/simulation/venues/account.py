"""An account at a simulated venue: its cash, positions, orders and fills, exact to the last unit."""

from collections.abc import Mapping
from decimal import Decimal

import attrs

from perpbot.model.instrument import Side
from perpbot.model.money import ZERO
from perpbot.simulation.venues.orders import Execution, Funded, Status, VenueOrder

_COST_STEP = Decimal("1e-12")


@attrs.define
class Position:
    """A position and what it cost.

    `cost` is the sum of signed size times price over the fills that built the position, less what was released by
    closing parts of it. All of it is released when the position is closed, so that the profits realised on the way
    from flat to flat add up to the cash that flowed, exactly.
    """

    size: Decimal = ZERO
    """Positive long, negative short."""
    cost: Decimal = ZERO

    @property
    def entry(self) -> Decimal:
        """Mean price of what is held; zero when flat."""
        return self.cost / self.size if self.size else ZERO

    def unrealised(self, mark: Decimal) -> Decimal:
        """Profit at `mark`."""
        return self.size * mark - self.cost

    def reducible(self, side: Side) -> Decimal:
        """How much an order of `side` can trade before it would open a position the other way."""
        return max(ZERO, -self.size * side.sign)

    def trade(self, side: Side, size: Decimal, price: Decimal) -> Decimal:
        """Book a fill and return the profit it realises."""
        closing = min(size, self.reducible(side))
        realised = self._close(closing, price) if closing else ZERO
        opening = (size - closing) * side.sign
        self.size += opening
        self.cost += opening * price
        return realised

    def _close(self, closing: Decimal, price: Decimal) -> Decimal:
        held = abs(self.size)
        released = self.cost if closing == held else (self.cost * closing / held).quantize(_COST_STEP)
        closed = closing.copy_sign(self.size)
        self.size -= closed
        self.cost -= released
        return closed * price - released


@attrs.frozen
class FeeCoin:
    """A coin that fees are taken in as long as there is enough of it, as Aster and Binance do at a discount."""

    name: str
    price: Decimal
    """What one of it is worth in the currency of settlement."""


@attrs.define
class Account:
    """One client of a venue."""

    name: str
    currency: str
    """What it is settled in."""
    cash: dict[str, Decimal] = attrs.field(factory=dict)
    deposited: Decimal = ZERO
    positions: dict[str, Position] = attrs.field(factory=dict)
    leverage: dict[str, Decimal] = attrs.field(factory=dict)
    orders: dict[int, VenueOrder] = attrs.field(factory=dict)
    """Every order ever taken, by the venue's id."""
    by_client: dict[str, VenueOrder] = attrs.field(factory=dict)
    executions: list[Execution] = attrs.field(factory=list)
    funding: list[Funded] = attrs.field(factory=list)
    fees_paid: Decimal = ZERO
    """Those in the currency of settlement."""
    funding_received: Decimal = ZERO
    duplicates: int = 0
    """Orders refused because their client id had been used."""
    deposits: dict[str, Decimal] = attrs.field(factory=dict)
    """What was paid in of coins beside the currency of settlement."""
    fee_coin: FeeCoin | None = None
    """What fees are taken in; it is forgotten when the venue's process ends."""
    _open: dict[int, VenueOrder] = attrs.field(factory=dict, repr=False)

    def position(self, symbol: str) -> Position:
        """The position in `symbol`, flat when there never was one."""
        return self.positions.setdefault(symbol, Position())

    @property
    def open_orders(self) -> list[VenueOrder]:
        """Orders that wait, oldest first."""
        return list(self._open.values())

    def keep(self, order: VenueOrder) -> None:
        """Take an order into the books, or note that it changed."""
        self.orders[order.id] = order
        if order.client_id:
            self.by_client[order.client_id] = order
        if order.status is Status.OPEN:
            self._open[order.id] = order
        else:
            self._open.pop(order.id, None)

    def settle(self, amount: Decimal) -> None:
        """Add `amount` to the cash, or take it when it is negative."""
        self.cash[self.currency] = self.cash.get(self.currency, ZERO) + amount

    def deposit(self, coin: str, amount: Decimal) -> None:
        """Pay in `amount` of a coin beside the currency of settlement."""
        self.cash[coin] = self.cash.get(coin, ZERO) + amount
        self.deposits[coin] = self.deposits.get(coin, ZERO) + amount

    def charge(self, fee: Decimal, step: Decimal) -> tuple[Decimal, str]:
        """Take a fee, which is in the currency of settlement; returns what was taken, and in which currency.

        `step` is the smallest amount. What the account has too little of the fee coin for, and a rebate, is as usual.
        """
        coin = self.fee_coin
        if coin is not None and fee > 0:
            taken = (fee / coin.price).quantize(step)
            if taken <= self.cash.get(coin.name, ZERO):
                self.cash[coin.name] -= taken
                return taken, coin.name
        self.settle(-fee)
        self.fees_paid += fee
        return fee, self.currency

    @property
    def earned(self) -> dict[str, Decimal]:
        """What the cash became minus what was paid in, by currency."""
        paid_in = {**self.deposits, self.currency: self.deposited}
        return {coin: cash - paid_in.get(coin, ZERO) for coin, cash in self.cash.items()}

    @property
    def balance(self) -> Decimal:
        """Cash in the currency of settlement."""
        return self.cash.get(self.currency, ZERO)

    def unrealised(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Profit of all positions at `marks`."""
        held = (pair for pair in self.positions.items() if pair[1].size)
        return sum((position.unrealised(marks[symbol]) for symbol, position in held), ZERO)

    def margin(self, symbol: str, mark: Decimal, extra: Decimal = ZERO) -> Decimal:
        """Initial margin of the position and the orders in `symbol`, with one more order of signed size `extra`.

        It covers the larger of what all the buys, or all the sells, would make of the position.
        """
        held = self.positions[symbol].size if symbol in self.positions else ZERO
        waiting = [each for each in self._open.values() if each.symbol == symbol and not each.reduce_only]
        buys = sum((each.remaining for each in waiting if each.side is Side.BUY), max(ZERO, extra))
        sells = sum((each.remaining for each in waiting if each.side is Side.SELL), max(ZERO, -extra))
        return max(abs(held + buys), abs(held - sells)) * mark / self.leverage[symbol]

    def used_margin(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Initial margin of everything held and ordered."""
        symbols = {symbol: None for symbol, position in self.positions.items() if position.size}
        symbols.update((order.symbol, None) for order in self._open.values())
        return sum((self.margin(symbol, marks[symbol]) for symbol in symbols), ZERO)

    def equity(self, marks: Mapping[str, Decimal]) -> Decimal:
        """Cash plus the profit of all positions."""
        return self.balance + self.unrealised(marks)

    def available(self, marks: Mapping[str, Decimal]) -> Decimal:
        """What is free to become margin."""
        return max(ZERO, self.equity(marks) - self.used_margin(marks))
