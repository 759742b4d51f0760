"""What is owned at a venue: dollars only, and what is free for margin apart from what is not known."""

from collections.abc import Hashable
from decimal import Decimal
from typing import Any

import pytest

from actors.account_reader import AccountRead
from actors.balances import Balances, EquityChanged
from perpbot.config.limits import Capital
from perpbot.model.order import Balance


class Books(Balances):
    """The actor without a system around it: it keeps what it publishes, and its journal keeps nothing."""

    _journal = type("Journal", (), {"ask": lambda *_: None})()

    def publish(self, topic: Hashable, message: Any, *, retain: bool = False) -> None:
        del topic, retain
        self.published: EquityChanged = message


def balance(currency: str, wallet: int, equity: int | None = None, available: int | None = None) -> Balance:
    whole, free = (None if each is None else Decimal(each) for each in (equity, available))
    return Balance(
        venue="aster", account="main", currency=currency, wallet=Decimal(wallet), equity=whole, available=free
    )


def read(*balances: Balance) -> EquityChanged:
    books = Books("/journal", ["/venues/aster/trading"], Capital())
    books.on_account(AccountRead(venue="aster", account="main", balances=balances, positions=(), read_ns=1))
    return books.published


FREE = {
    "it is told": ([balance("USDT", 100, 90, 40)], {"aster": 40}),
    "nothing is free, which is an answer": ([balance("USDT", 100, 90, 0)], {"aster": 0}),
    "it is not told": ([balance("USDT", 100)], {}),
    "two kinds of dollars": ([balance("USDT", 100, 90, 40), balance("USDC", 5, 5, 5)], {"aster": 45}),
    "a coin beside them": ([balance("USDT", 100, 90, 0), balance("BNB", 500, 500, 500)], {"aster": 0}),
}


@pytest.mark.parametrize(("balances", "free"), FREE.values(), ids=FREE)
def test_what_is_free_is_told_apart_from_what_is_not_known(balances: list[Balance], free: dict[str, int]) -> None:
    assert read(*balances).free == free


def test_a_coin_is_no_equity_and_an_equity_of_zero_is_not_replaced_by_the_wallet() -> None:
    assert read(balance("USDT", 100, 90), balance("BNB", 500, 500)).equity == 90
    assert read(balance("USDT", 100, 0)).equity == 0
    assert read(balance("USDC", 100)).equity == 100, "without an equity the wallet counts"
