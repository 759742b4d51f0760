"""EdgeX in tests: what it says of an account."""

BTC = "30000001"
NOON_MS = 1_790_586_000_000
ORDER = {
    "id": "564815695875932430", "coinId": "1000", "contractId": BTC, "side": "BUY", "price": "97444.5", "size": "0.003",
    "clientOrderId": "perp0000000000000001", "status": "OPEN", "cumFillSize": "0.001",
    "cancelReason": "UNKNOWN_ORDER_CANCEL_REASON", "updatedTime": str(NOON_MS),
}  # fmt: skip
FILL = {
    "id": "564815957260763406", "coinId": "1000", "contractId": BTC, "orderId": "564815695875932430",
    "orderSide": "BUY", "fillSize": "0.001", "fillValue": "97.4445", "fillFee": "0.017540", "fillPrice": "97444.5",
    "direction": "MAKER", "matchTime": str(NOON_MS), "createdTime": str(NOON_MS + 2),
}  # fmt: skip
PAID = {
    "id": "5", "coinId": "1000", "contractId": BTC, "type": "SETTLE_FUNDING_FEE", "deltaFundingFee": "-0.5",
    "fundingTime": str(NOON_MS), "createdTime": str(NOON_MS + 9),
}  # fmt: skip
