"""EdgeX's words: how it writes orders, fills, positions, collateral, funding and refusals. Numbers are strings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from perpbot.clock import NS_PER_MS
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, plain
from perpbot.simulation.venues.account import Account, Position
from perpbot.simulation.venues.errors import RequestError
from perpbot.simulation.venues.orders import Ending, Execution, Funded, Lifetime, Refusal, Status, VenueOrder

Words = dict[str, Any]

USDC = "1000"
"""The coin everything is settled in."""
FIRST_CONTRACT = 30_000_001
FIRST_COIN = 1_001

LIFETIMES = {
    "GOOD_TIL_CANCEL": Lifetime.GTC,
    "POST_ONLY": Lifetime.POST_ONLY,
    "IMMEDIATE_OR_CANCEL": Lifetime.IOC,
    "FILL_OR_KILL": Lifetime.FOK,
}
_TIFS = {lifetime: name for name, lifetime in LIFETIMES.items()}
REFUSALS = {
    Refusal.SYMBOL: ("INVALID_CONTRACT_ID", "invalid contractId"),
    Refusal.PRICE: ("INVALID_ORDER_PRICE", "price is not a multiple of tickSize"),
    Refusal.SIZE: ("INVALID_ORDER_SIZE", "size is not a multiple of stepSize"),
    Refusal.SMALL: ("INVALID_ORDER_SIZE", "size is below minOrderSize"),
    Refusal.BAND: ("INVALID_ORDER_PRICE", "price is too far from the oracle price"),
    Refusal.DUPLICATE: ("CLIENT_ORDER_ID_DUPLICATE", "clientOrderId has been used"),
    Refusal.LEVERAGE: ("INVALID_LEVERAGE", "leverage is out of range"),
}
"""EdgeX documents no codes but that of a contract; these are like it."""
LATER = {
    Refusal.MARGIN: Ending.MARGIN,
    Refusal.REDUCE_ONLY: Ending.REDUCE_ONLY,
    Refusal.NO_LIQUIDITY: Ending.UNFILLED,
}
"""What is seen only after the order was taken: it is cancelled then, and says why."""
_REASONS = {
    Ending.USER: "USER_CANCELED",
    Ending.MARGIN: "MARGIN_NOT_ENOUGH",
    Ending.REDUCE_ONLY: "REDUCE_ONLY_CANCELED",
}


class EdgexError(RequestError[str]):
    """A request EdgeX refuses."""

    usual_status = 200


@attrs.frozen
class Owner:
    """Whose rows these are."""

    user_id: str
    account_id: str

    def words(self) -> Words:
        """As every row begins."""
        return {"userId": self.user_id, "accountId": self.account_id, "coinId": USDC}


def ms(time_ns: int) -> str:
    """A time as EdgeX writes it."""
    return str(time_ns // NS_PER_MS)


def order_words(order: VenueOrder, owner: Owner) -> Words:
    """An order. While it is filled in part it is still open."""
    return {
        "id": str(order.id),
        **owner.words(),
        "contractId": order.symbol,
        "side": order.side.name,
        "price": plain(order.price or ZERO),
        "size": plain(order.size),
        "clientOrderId": order.client_id,
        "type": "MARKET" if order.price is None else "LIMIT",
        "timeInForce": _TIFS[order.lifetime],
        "reduceOnly": order.reduce_only,
        "triggerPrice": "0",
        "triggerPriceType": "UNKNOWN_PRICE_TYPE",
        "expireTime": "0",
        "isPositionTpsl": False,
        "isLiquidate": False,
        "isDeleverage": False,
        "status": {Status.OPEN: "OPEN", Status.FILLED: "FILLED", Status.CANCELLED: "CANCELED"}[order.status],
        "cancelReason": _reason(order),
        "cumFillSize": plain(order.filled),
        "cumFillValue": plain(order.notional),
        "cumFillFee": plain(order.fees),
        "cumRealizePnl": plain(order.realised),
        "createdTime": ms(order.created_ns),
        "updatedTime": ms(order.updated_ns),
    }


def _reason(order: VenueOrder) -> str:
    if order.ending is None:
        return "UNKNOWN_ORDER_CANCEL_REASON"
    return _REASONS.get(order.ending, "COULD_NOT_FILL")


def fill_words(fill: Execution, owner: Owner) -> Words:
    """A fill; its fee is positive when it costs."""
    return {
        "id": str(fill.id),
        **owner.words(),
        "contractId": fill.symbol,
        "orderId": str(fill.order_id),
        "orderSide": fill.side.name,
        "fillSize": plain(fill.size),
        "fillValue": plain(fill.price * fill.size),
        "fillFee": plain(fill.fee),
        "fillPrice": plain(fill.price),
        "liquidateFee": "0",
        "realizePnl": plain(fill.realised - fill.fee),
        "direction": "MAKER" if fill.maker else "TAKER",
        "isPositionTpsl": False,
        "isLiquidate": False,
        "isDeleverage": False,
        "matchTime": ms(fill.time_ns),
        "censorStatus": "CENSOR_SUCCESS",
        "createdTime": ms(fill.time_ns),
        "updatedTime": ms(fill.time_ns),
    }


def position_words(symbol: str, held: Position, owner: Owner, now_ns: int) -> Words:
    """A position and what it cost, both negative when it is short."""
    return {
        **owner.words(),
        "contractId": symbol,
        "openSize": plain(held.size),
        "openValue": plain(held.cost),
        "openFee": "0",
        "fundingFee": "0",
        "createdTime": ms(now_ns),
        "updatedTime": ms(now_ns),
    }


def position_asset_words(instrument: Instrument, account: Account, mark: Decimal, owner: Owner) -> Words:
    """What a position is worth."""
    held = account.position(instrument.native)
    return {
        **owner.words(),
        "contractId": instrument.native,
        "positionValue": plain(held.size * mark),
        "maxLeverage": plain(account.leverage[instrument.native]),
        "initialMarginRequirement": plain(account.margin(instrument.native, mark)),
        "avgEntryPrice": plain(round(held.entry, 8)),
        "unrealizePnl": plain(held.unrealised(mark)),
    }


def collateral_words(account: Account, owner: Owner, now_ns: int) -> Words:
    """The collateral. Its amount has paid for the positions; the legacy amount is cash."""
    cost = sum((held.cost for held in account.positions.values()), ZERO)
    return {
        **owner.words(),
        "amount": plain(account.balance - cost),
        "legacyAmount": plain(account.balance),
        "cumDepositAmount": plain(account.deposited),
        "cumWithdrawAmount": "0",
        "cumFillFeeAmount": plain(-account.fees_paid),
        "cumFundingFeeAmount": plain(account.funding_received),
        "createdTime": ms(now_ns),
        "updatedTime": ms(now_ns),
    }


def collateral_asset_words(account: Account, marks: Mapping[str, Decimal], owner: Owner) -> Words:
    """What the collateral is worth with the profits of open positions."""
    return {
        **owner.words(),
        "totalEquity": plain(account.equity(marks)),
        "initialMarginRequirement": plain(account.used_margin(marks)),
        "pendingWithdrawAmount": "0",
        "pendingTransferOutAmount": "0",
        "orderFrozenAmount": "0",
        "availableAmount": plain(round(account.available(marks), 6)),
    }


def funding_words(paid: Funded, owner: Owner) -> Words:
    """A settlement of funding as a change of a position; negative when it was paid."""
    return {
        "id": str(paid.id),
        **owner.words(),
        "contractId": paid.symbol,
        "type": "SETTLE_FUNDING_FEE",
        "deltaOpenSize": "0",
        "deltaOpenValue": "0",
        "deltaOpenFee": "0",
        "deltaFundingFee": plain(paid.amount),
        "fundingTime": ms(paid.time_ns),
        "fundingRate": plain(paid.rate),
        "fundingOraclePrice": plain(paid.mark),
        "fundingPositionSize": plain(paid.size),
        "createdTime": ms(paid.time_ns),
        "updatedTime": ms(paid.time_ns),
    }


def account_words(account: Account, owner: Owner, instrument: Instrument) -> Words:
    """An account's settings; fees as of `instrument`, which are those of all."""
    fees = {"takerFeeRate": plain(instrument.taker_fee), "makerFeeRate": plain(instrument.maker_fee)}
    unset = {"isSetFeeRate": False, "takerFeeRate": "", "makerFeeRate": "", "isSetFeeDiscount": False}
    return {
        "id": owner.account_id,
        "userId": owner.user_id,
        "defaultTradeSetting": {
            "isSetFeeRate": True,
            **fees,
            "isSetFeeDiscount": False,
            "isSetMaxLeverage": False,
            "maxLeverage": "0",
        },
        "contractIdToTradeSetting": {
            symbol: {**unset, "isSetMaxLeverage": True, "maxLeverage": plain(leverage)}
            for symbol, leverage in account.leverage.items()
        },
        "maxLeverageLimit": "0",
        "status": "NORMAL",
        "isLiquidating": False,
    }
