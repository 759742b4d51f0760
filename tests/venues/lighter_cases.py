"""Lighter in tests: one moment, and what it says of an account."""

from decimal import Decimal

from venue_cases import venue, with_bitcoin

VENUE = with_bitcoin(venue("lighter"), tick=Decimal("0.1"), lot=Decimal("0.00001"))
MS = 1_777_941_384_181


TRADE = {
    "trade_id": 19_209_006_902, "type": "trade", "market_id": 1, "size": "0.1336", "price": "2352.73",
    "usd_amount": "314.324728", "ask_id": 281_476_929_510_102, "bid_id": 562_947_905_631_053, "ask_client_id": 0,
    "bid_client_id": 7_001_011_966, "ask_account_id": 91_249, "bid_account_id": 65, "is_maker_ask": True,
    "timestamp": MS, "taker_fee": 196, "maker_fee": 28,
}  # fmt: skip
ORDER = {
    "order_index": 281_476_929_510_110, "client_order_index": 42, "order_id": "281476929510110",
    "client_order_id": "42", "market_index": 1, "owner_account_index": 65, "initial_base_amount": "0.0050",
    "price": "2352.74", "remaining_base_amount": "0.0030", "is_ask": True, "filled_base_amount": "0.0020",
    "status": "open", "timestamp": 1_777_941_383, "created_at": 1_777_941_383, "updated_at": MS,
}  # fmt: skip
POSITION = {
    "market_id": 1, "symbol": "BTC", "initial_margin_fraction": "5.00", "sign": -1, "position": "1.5000",
    "avg_entry_price": "2350.10", "margin_mode": 0,
}  # fmt: skip
