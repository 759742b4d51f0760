"""EdgeX's instruments, the orders it is asked to take, and its answers, read to the end."""

import hashlib
from decimal import Decimal
from typing import Any

import pytest
from edgex_cases import BTC, FILL, NOON_MS, ORDER, PAID
from venue_cases import EDGEX_META, Answer, an_order, bitcoin, edgex, parameters_of, sent, trading, venue, with_bitcoin

from perpbot.model.money import Money
from perpbot.model.order import OrderStatus, TimeInForce
from perpbot.venues.http import Request
from perpbot.venues.venue import VenueReadError

# -- instruments -------------------------------------------------------------------------------------------------


def test_contracts_are_named_by_their_numbers() -> None:
    (instrument,) = venue("edgex", lambda _request: edgex(EDGEX_META), signed=False).fetch_instruments()
    assert instrument == bitcoin(
        "edgex",
        min_quantity=Decimal("0.002"),
        maker_fee=Decimal("0.0004"),
        taker_fee=Decimal("0.00045"),
        funding_hours=Decimal(4),
        max_leverage=Decimal(100),
    )


RATES = {"isSetFeeRate": True, "takerFeeRate": "0.0003", "makerFeeRate": "0.0001"}
UNSET = {"isSetFeeRate": False, "takerFeeRate": "", "makerFeeRate": ""}


@pytest.mark.parametrize(
    ("of_all", "of_one", "taker"),
    [(UNSET, UNSET, "0.00045"), (RATES, UNSET, "0.0003"), (RATES, {**RATES, "takerFeeRate": "0.0002"}, "0.0002")],
)
def test_the_accounts_fees_go_before_the_usual(of_all: dict[str, Any], of_one: dict[str, Any], taker: str) -> None:
    account = {"defaultTradeSetting": of_all, "contractIdToTradeSetting": {BTC: of_one}}
    made = venue("edgex", lambda request: edgex(account if "getAccountById" in request.url else EDGEX_META))
    assert made.fetch_instruments()[0].taker_fee == Decimal(taker)


def changed_contract(**words: Any) -> dict[str, Any]:
    return {**EDGEX_META, "contractList": [{**EDGEX_META["contractList"][0], **words}]}


@pytest.mark.parametrize("words", [{"enableTrade": False}, {"enableOpenPosition": False}, {"quoteCoinId": "1001"}])
def test_contracts_nothing_can_be_opened_in_are_left_out(words: dict[str, Any]) -> None:
    made = venue("edgex", lambda _request: edgex(changed_contract(**words)), signed=False)
    assert made.fetch_instruments() == []


@pytest.mark.parametrize(
    "words", [{"tickSize": "0"}, {"stepSize": "NaN"}, {"baseCoinId": "9"}, {"fundingRateIntervalMin": "0"}]
)
def test_a_contract_that_makes_no_sense_is_refused(words: dict[str, Any]) -> None:
    made = venue("edgex", lambda _request: edgex(changed_contract(**words)), signed=False)
    with pytest.raises(VenueReadError, match="edgex"):
        made.fetch_instruments()


# -- requests ----------------------------------------------------------------------------------------------------


def test_an_order_says_what_it_signs_and_expires() -> None:
    made = trading("edgex")
    before_ms = made.venue_ms()
    words = parameters_of(made.place(an_order(made, reduce_only=True), bitcoin("edgex")))
    expires_ms = int(words["expireTime"])
    assert before_ms + 8_900 <= expires_ms <= made.venue_ms() + 10_000
    assert int(words["l2ExpireTime"]) == expires_ms + 8 * 24 * 3_600_000
    wanted = {
        "price": "65000", "size": "0.05", "type": "LIMIT", "side": "BUY", "timeInForce": "IMMEDIATE_OR_CANCEL",
        "clientOrderId": "perp0000000000000001", "reduceOnly": True, "l2Value": "3250", "l2Size": "0.05",
        "l2LimitFee": "2", "contractId": BTC,
    }  # fmt: skip
    assert {name: words[name] for name in wanted} == wanted
    assert int(words["l2Nonce"]) == int(hashlib.sha256(b"perp0000000000000001").hexdigest()[:8], 16)


def test_an_order_that_waits_is_good_for_weeks() -> None:
    made = trading("edgex")
    words = parameters_of(made.place(an_order(made, time_in_force=TimeInForce.GTC), bitcoin("edgex")))
    assert int(words["expireTime"]) > made.venue_ms() + 21 * 24 * 3_600_000


def test_an_order_for_what_was_not_listed_says_so() -> None:
    made = trading("edgex")
    with pytest.raises(VenueReadError, match="30000009 was not listed"):
        made.place(an_order(made), bitcoin("edgex", native="30000009"))


def test_an_account_that_cannot_trade_is_refused() -> None:
    made = venue("edgex", lambda _request: edgex({**EDGEX_META, "status": "DISABLED"}))
    with pytest.raises(VenueReadError, match="DISABLED"):
        made.prepare_trading()


# -- reads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 100, 101, 250])
def test_fills_are_read_to_the_end_oldest_first_each_once(count: int) -> None:
    rows = [{**FILL, "id": str(number), "createdTime": str(NOON_MS + number)} for number in range(count)][::-1]

    def answer(request: Request) -> Answer:
        asked = parameters_of(request)
        begin = int(asked.get("offsetData", 0))
        end = begin + int(asked["size"])
        return edgex({"dataList": rows[begin:end], "nextPageOffsetData": str(end) if end < len(rows) else ""})

    fills = with_bitcoin(venue("edgex", answer)).fetch_fills(NOON_MS)
    assert [fill.trade_ref for fill in fills] == [str(number) for number in range(count)]


def test_a_page_that_does_not_go_on_is_a_failure() -> None:
    stuck = edgex({"dataList": [FILL], "nextPageOffsetData": "5"})
    with pytest.raises(VenueReadError, match="does not go on after 5"):
        venue("edgex", lambda _request: stuck).fetch_fills(NOON_MS)


def test_an_order_is_looked_for_in_the_history_when_its_client_id_finds_nothing() -> None:
    def answer(request: Request) -> Answer:
        return edgex({"dataList": [{**ORDER, "status": "CANCELED"}]} if "History" in request.url else [])

    made = with_bitcoin(venue("edgex", answer))
    update = made.fetch_order(an_order(made), bitcoin("edgex"))
    assert update is not None
    assert update.status is OrderStatus.CANCELLED


def test_cash_is_what_the_coin_is_worth_without_open_profits() -> None:
    assets = {
        "positionList": [{"contractId": BTC, "openSize": "0.001", "openValue": "97.4445"}],
        "positionAssetList": [{"coinId": "1000", "unrealizePnl": "0.289926609240472316741943359375"}],
        "collateralAssetModelList": [
            {"coinId": "1000", "totalEquity": "15.791238609240472316741943359375", "availableAmount": "13.836550"},
            {"coinId": "1001", "totalEquity": "0", "availableAmount": "0"},
        ],
    }
    made = with_bitcoin(venue("edgex", lambda _request: edgex(assets)))
    (balance,) = made.fetch_balances()
    assert (balance.currency, balance.wallet, balance.available) == ("USDC", Decimal("15.501312"), Decimal("13.836550"))
    (position,) = made.fetch_positions()
    assert (position.quantity, position.entry_price) == (Decimal("0.001"), Decimal("97444.5"))


def test_funding_is_read_to_the_end() -> None:
    made = with_bitcoin(venue("edgex", lambda _request: edgex({"dataList": [PAID], "nextPageOffsetData": ""})))
    (payment,) = made.fetch_funding_payments(NOON_MS)
    assert payment.amount == Money(Decimal("-0.5"), "USDC")
    assert parameters_of(sent(made)[0])["filterTypeList"] == "SETTLE_FUNDING_FEE"
