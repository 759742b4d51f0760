"""The venues' own Python kits sign the same orders as we do: the same bytes where signing is deterministic.

Extended's signatures have a random part: there the kit's own hash must be what ours signed. OKX has no kit of its own;
its HMAC is worked out with the standard library in tests/venues/test_venue_requests.py.
"""

import json
from decimal import Decimal
from typing import Any

import pytest
from environments import Environments
from extended_cases import MARKET
from venue_cases import (
    CREDENTIALS,
    EDGEX_META,
    GRVT_MARKET,
    NATIVE_BTC,
    PRIVATE_KEY,
    an_order,
    bitcoin,
    parameters_of,
    trading,
)

from perpbot.model.instrument import Side
from perpbot.model.order import TimeInForce
from perpbot.venues.http import Request

pytest_plugins = ["kit_fixtures"]
pytestmark = [pytest.mark.full, pytest.mark.process]

ORDERS: list[dict[str, Any]] = [
    {},
    {"side": Side.SELL, "quantity": Decimal("0.763"), "price": Decimal(82_899)},
    {"reduce_only": True, "quantity": Decimal("0.1"), "price": Decimal(65_001)},
]
TIFS = {TimeInForce.IOC: "Ioc", TimeInForce.GTC: "Gtc"}


@pytest.fixture(params=ORDERS, ids=["buys", "sells", "reduces"])
def changes(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def placed(name: str, changes: dict[str, Any]) -> tuple[Request, dict[str, Any], bool]:
    """Our request to place an order, what is in it, and whether it buys."""
    made = trading(name)
    order = an_order(made, **changes)
    request = made.place(order, bitcoin(name))
    return request, parameters_of(request), order.side is Side.BUY


def signed(environments: Environments, name: str, words: dict[str, Any]) -> Any:
    return environments.run(name, "signing_kit.py", words, name)


def test_hyperliquids_kit_makes_the_same_action_and_signature(
    environments: Environments, changes: dict[str, Any]
) -> None:
    _, body, buys = placed("hyperliquid", changes)
    (wire,) = body["action"]["orders"]
    order = {
        "coin": "BTC", "is_buy": buys, "sz": float(wire["s"]), "limit_px": float(wire["p"]),
        "order_type": wire["t"], "reduce_only": "reduce_only" in changes, "cloid": wire["c"],
    }  # fmt: skip
    words = {"order": order, "key": PRIVATE_KEY, "nonce": body["nonce"], "expires_after": body["expiresAfter"]}
    theirs = signed(environments, "hyperliquid", words)
    ours = {each: int(str(body["signature"][each]), 0) for each in "rsv"}
    assert theirs == {"action": body["action"], **ours}


def test_edgexs_kit_makes_the_same_signature(environments: Environments, changes: dict[str, Any]) -> None:
    _, body, _ = placed("edgex", changes)
    order = {
        "contract_id": NATIVE_BTC["edgex"], "price": body["price"], "size": body["size"], "type": body["type"],
        "side": body["side"], "time_in_force": body["timeInForce"], "client_order_id": body["clientOrderId"],
        "expire_time": int(body["expireTime"]), "reduce_only": body["reduceOnly"],
    }  # fmt: skip
    account = int(CREDENTIALS["edgex"]["accountId"])
    words = {"order": order, "key": PRIVATE_KEY, "meta": EDGEX_META, "account": account}
    theirs = signed(environments, "edgex", words)
    assert Decimal(body.pop("l2Value")) == Decimal(theirs.pop("l2Value"))
    assert {each: str(body[each]).removeprefix("0x") for each in theirs} == theirs


def test_grvts_kit_makes_the_same_signature(environments: Environments, changes: dict[str, Any]) -> None:
    _, body, _ = placed("grvt", changes)
    order = body["order"]
    theirs = signed(environments, "grvt", {"order": order, "market": GRVT_MARKET, "key": PRIVATE_KEY})
    ours = {each: order["signature"][each] for each in ("r", "s", "v")}
    assert {**ours, "signer": order["signature"]["signer"].lower()} == theirs


def test_extendeds_kit_hashes_what_we_signed(environments: Environments, changes: dict[str, Any]) -> None:
    _, body, _ = placed("extended", changes)
    key = CREDENTIALS["extended"]["privateKey"]
    theirs = signed(environments, "extended", {"body": body, "l2Config": MARKET["l2Config"], "key": key})
    assert theirs["holds"] is True
    other = {**body, "qty": str(Decimal(body["qty"]) * 2)}
    wrong = signed(environments, "extended", {"body": other, "l2Config": MARKET["l2Config"], "key": key})
    assert wrong["holds"] is False


def test_backpacks_kit_makes_the_same_signature(environments: Environments, changes: dict[str, Any]) -> None:
    request, body, _ = placed("backpack", changes)
    order = {
        "symbol": body["symbol"], "side": body["side"], "order_type": body["orderType"], "price": body["price"],
        "time_in_force": body["timeInForce"], "quantity": body["quantity"], "client_id": body["clientId"],
        "reduce_only": body.get("reduceOnly"),
    }  # fmt: skip
    keys = CREDENTIALS["backpack"]
    words = {"order": order, "key": keys["apiKey"], "secret": keys["secret"], "headers": dict(request.headers)}
    theirs = signed(environments, "backpack", words)
    assert theirs["body"] == json.loads(str(request.body))
    assert theirs["headers"]["X-Signature"] == request.headers["X-Signature"]


def test_eth_account_makes_asters_signature(environments: Environments, changes: dict[str, Any]) -> None:
    request, _, _ = placed("aster", changes)
    message, _, signature = str(request.body).rpartition("&signature=")
    theirs = signed(environments, "aster", {"message": message, "key": PRIVATE_KEY})
    assert theirs["signature"] == signature.removeprefix("0x").lower()
