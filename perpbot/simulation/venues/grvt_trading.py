"""GRVT's private endpoints, all asked by POST with a session."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from perpbot.clock import NS_PER_MS, NS_PER_SECOND
from perpbot.model.instrument import Side
from perpbot.simulation.venues import grvt_words as words_of
from perpbot.simulation.venues.account import Account
from perpbot.simulation.venues.ethereum import recover, signature_bytes
from perpbot.simulation.venues.grvt_signing import CHAIN_ID, order_digest
from perpbot.simulation.venues.grvt_words import LIFETIMES, REFUSALS, GrvtError, Words
from perpbot.simulation.venues.orders import Lifetime, Refusal, RefusedError, Ticket, VenueOrder
from perpbot.simulation.venues.venue import ACCOUNT

if TYPE_CHECKING:
    from perpbot.simulation.venues.grvt import Grvt

Parameters = Mapping[str, Any]
Handler = Callable[[Parameters, int], Any]
T = TypeVar("T")

_ACK = {"result": {"ack": True}}
_LONGEST_NS = 30 * 24 * 3_600 * NS_PER_SECOND
_MOST_ROWS = 1_000
_MOST_COUNTDOWN_MS = 300_000
_CURVE_HALF = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_MALFORMED = (1003, "Request could not be processed due to malformed syntax")


class GrvtTrading:
    """What the owner of the account may ask."""

    def __init__(self, venue: "Grvt") -> None:
        self._venue = venue
        self.handlers: dict[str, Handler] = {
            "create_order": self._place,
            "cancel_order": self._cancel,
            "cancel_all_orders": self._cancel_all,
            "cancel_on_disconnect": self._countdown,
            "order": self._order,
            "open_orders": self._open_orders,
            "order_history": self._order_history,
            "fill_history": self._fills,
            "funding_payment_history": self._funding,
            "positions": self._positions,
            "account_summary": lambda _words, now_ns: {"result": self._summary(now_ns)},
            "aggregated_account_summary": self._aggregated,
            "get_sub_accounts": lambda _words, _now_ns: {"sub_account_ids": [venue.sub_account]},
            "set_initial_leverage": self._leverage,
            "get_all_initial_leverage": self._leverages,
        }

    @property
    def account(self) -> Account:
        """The one account."""
        return self._venue.engine.accounts[ACCOUNT]

    def check_account(self, name: str, words: Parameters) -> None:
        """A request must name the trading account the session may use, unless it is about all of them."""
        named = words.get("order", words).get("sub_account_id")
        if named != self._venue.sub_account and name not in {"get_sub_accounts", "aggregated_account_summary"}:
            raise GrvtError(2003, "Order sub account does not match logged in user")

    # -- orders --------------------------------------------------------------------------------------------------

    def _place(self, words: Parameters, now_ns: int) -> Any:
        order = words["order"]
        self._check_signature(order, now_ns)
        placed = _tried(partial(self._venue.place, self._ticket(order), now_ns))
        return {"result": words_of.acknowledgement(placed, self._venue.sub_account)}

    def _check_signature(self, order: Parameters, now_ns: int) -> None:
        signature = order["signature"]
        if str(signature.get("chain_id", CHAIN_ID)) not in {str(CHAIN_ID), "0"}:
            raise GrvtError(1012, "Invalid signature chain ID")
        if int(signature["v"]) not in {27, 28}:
            raise GrvtError(2005, "Signature V must be 27/28")
        if int(signature["s"], 16) > _CURVE_HALF:
            raise GrvtError(2007, "Signature S must be in the lower half of the curve")
        if not 0 <= int(signature["nonce"]) < 2**32:
            raise GrvtError(*_MALFORMED)
        lifetime_ns = int(signature["expiration"]) - now_ns
        if lifetime_ns <= 0:
            raise GrvtError(2001, "Signature has expired")
        if lifetime_ns > _LONGEST_NS:
            raise GrvtError(2008, "Signature exceeds maximum allowed duration.")
        try:
            signer = recover(order_digest(order, self._venue.hashes), signature_bytes(signature))
        except ValueError as error:
            raise GrvtError(2002, "Signature does not match payload") from error
        if signer != str(signature["signer"]).lower():
            raise GrvtError(2002, "Signature does not match payload")
        if signer != self._venue.address:
            raise GrvtError(2000, "Signature is from an unauthorized signer")

    def _ticket(self, order: Parameters) -> Ticket:
        client_id = str(order["metadata"]["client_order_id"])
        if not client_id.isdecimal() or not 0 < int(client_id) < 2**64:
            raise GrvtError(2011, "Client Order ID should be supplied when creating an order")
        if len(order["legs"]) != 1:
            raise GrvtError(2042, "Orderbook Orders must contain only one leg")
        (leg,) = order["legs"]
        price = Decimal(leg.get("limit_price") or 0)
        if bool(order["is_market"]) == bool(price):
            market = order["is_market"]
            raise GrvtError(2020 if market else 2021, "Market orders have no limit price, limit orders must have one")
        lifetime = LIFETIMES[order["time_in_force"]]
        if order["post_only"]:
            if lifetime is not Lifetime.GTC:
                raise GrvtError(2032, "Post Only can only be set to true for GTT/AON orders")
            lifetime = Lifetime.POST_ONLY
        return Ticket(
            account=ACCOUNT,
            symbol=leg["instrument"],
            side=Side.BUY if leg["is_buying_asset"] else Side.SELL,
            size=Decimal(leg["size"]),
            price=price or None,
            lifetime=lifetime,
            reduce_only=bool(order["reduce_only"]),
            client_id=client_id,
        )

    def _find(self, words: Parameters) -> VenueOrder:
        if words.get("order_id"):
            order = self.account.orders.get(words_of.order_number(words["order_id"]))
        elif words.get("client_order_id"):
            order = self.account.by_client.get(str(words["client_order_id"]))
        else:
            raise GrvtError(3021, "Either order ID or client order ID must be supplied")
        if order is None:
            raise GrvtError(*REFUSALS[Refusal.UNKNOWN_ORDER])
        return order

    def _cancel(self, words: Parameters, now_ns: int) -> Any:
        _tried(partial(self._venue.engine.cancel, ACCOUNT, self._find(words).id, now_ns))
        return _ACK

    def _cancel_all(self, words: Parameters, now_ns: int) -> Any:
        bases = words.get("base")
        for order in self.account.open_orders:
            if not bases or self._venue.coins[order.symbol] in bases:
                self._venue.engine.cancel(ACCOUNT, order.id, now_ns)
        return _ACK

    def _countdown(self, words: Parameters, now_ns: int) -> Any:
        """The dead man's switch: less than a second turns it off."""
        countdown_ms = int(words.get("countdown_time") or 0) // 1_000 * 1_000
        if countdown_ms > _MOST_COUNTDOWN_MS:
            raise GrvtError(6000, "Countdown time is bigger than 300s supported")
        self._venue.set_deadline(ACCOUNT, None, now_ns + countdown_ms * NS_PER_MS if countdown_ms else None)
        return _ACK

    def _order(self, words: Parameters, _now_ns: int) -> Any:
        return {"result": words_of.order_words(self._find(words), self._venue.sub_account)}

    def _open_orders(self, _words: Parameters, _now_ns: int) -> Any:
        return {"result": [words_of.order_words(each, self._venue.sub_account) for each in self.account.open_orders]}

    # -- histories -----------------------------------------------------------------------------------------------

    def _order_history(self, words: Parameters, _now_ns: int) -> Any:
        rows, following = _page(list(self.account.orders.values()), lambda each: each.created_ns, words)
        return {"result": [words_of.order_words(each, self._venue.sub_account) for each in rows], "next": following}

    def _fills(self, words: Parameters, _now_ns: int) -> Any:
        bases = words.get("base")
        fills = [each for each in self.account.executions if not bases or self._venue.coins[each.symbol] in bases]
        rows, following = _page(fills, lambda each: each.time_ns, words)
        return {"result": [words_of.fill_words(each, self._venue.sub_account) for each in rows], "next": following}

    def _funding(self, words: Parameters, _now_ns: int) -> Any:
        rows, following = _page(self.account.funding, lambda each: each.time_ns, words)
        return {"result": [words_of.funding_words(each, self._venue.sub_account) for each in rows], "next": following}

    # -- account -------------------------------------------------------------------------------------------------

    def _positions(self, words: Parameters, now_ns: int) -> Any:
        bases, account, marks = words.get("base"), self.account, self._venue.engine.marks
        return {
            "result": [
                words_of.position_words(symbol, account, marks[symbol], now_ns, self._venue.sub_account)
                for symbol, coin in self._venue.coins.items()
                if account.position(symbol).size and (not bases or coin in bases)
            ]
        }

    def _summary(self, now_ns: int) -> Words:
        return words_of.summary_words(self.account, self._venue.engine.marks, now_ns, self._venue.sub_account)

    def _aggregated(self, _words: Parameters, now_ns: int) -> Any:
        summary = self._summary(now_ns)
        totals = {"total_equity": summary["total_equity"], "spot_balances": summary["spot_balances"]}
        return {"result": {"main_account_id": self._venue.main_account, **totals}}

    def _leverage(self, words: Parameters, _now_ns: int) -> Any:
        symbol, leverage = self._venue.data.symbol(words), Decimal(str(words["leverage"]))
        _tried(partial(self._venue.engine.set_leverage, ACCOUNT, symbol, leverage))
        return {"success": True}

    def _leverages(self, _words: Parameters, _now_ns: int) -> Any:
        return {
            "results": [
                {
                    "instrument": each.native,
                    "leverage": words_of.decimal(self.account.leverage[each.native]),
                    "min_leverage": "1.0",
                    "max_leverage": words_of.decimal(each.max_leverage),
                    "margin_type": "CROSS",
                }
                for each in self._venue.engine.instruments
            ]
        }


def _tried(act: Callable[[], T]) -> T:
    """What the engine answers, its refusals in GRVT's words."""
    try:
        return act()
    except RefusedError as error:
        raise GrvtError(*REFUSALS[error.refusal]) from error


def _page(rows: Sequence[T], time_of: Callable[[T], int], words: Parameters) -> tuple[list[T], str]:
    """A page of a history, newest first, and the cursor of the next one; empty when there is none."""
    begin, end = int(words.get("start_time") or 0), int(words.get("end_time") or 10**20)
    wanted = [row for row in rows[::-1] if begin <= time_of(row) <= end]
    first, limit = int(words.get("cursor") or 0), int(words.get("limit") or 500)
    if not 0 < limit <= _MOST_ROWS or first < 0:
        raise GrvtError(*_MALFORMED)
    last = first + limit
    return wanted[first:last], str(last) if last < len(wanted) else ""
