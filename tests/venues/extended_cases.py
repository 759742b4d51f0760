"""What Extended is asked before it is traded at, and the answers."""

from typing import Any

from perpbot.venues.http import Request

MARKET: dict[str, Any] = {
    "name": "BTC-USD", "assetName": "BTC", "collateralAssetName": "USD", "status": "ACTIVE", "type": "PERPETUAL",
    "tradingConfig": {
        "minOrderSize": "0.0001", "minOrderSizeChange": "0.00001", "minPriceChange": "1", "maxLeverage": "50.00",
    },
    "l2Config": {
        "collateralId": "0x1", "collateralResolution": 1_000_000, "syntheticId": "0x4254432d3600000000000000000000",
        "syntheticResolution": 1_000_000,
    },
}  # fmt: skip
OWNER: dict[str, Any] = {"accountId": 3017, "l2Key": "0x7b", "l2Vault": "500343"}


def start(request: Request) -> dict[str, Any]:
    """The owner of the key, or the markets."""
    return {"status": "OK", "data": OWNER if request.url.endswith("/user/account/info") else [MARKET]}
