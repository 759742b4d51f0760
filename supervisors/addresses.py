"""Where the actors of PerpBot live: what others look them up by."""

JOURNAL = "/journal"
KILL_SWITCH = "/kill-switch"
VITALS = "/vitals"
HEARTBEAT = "/heartbeat"
ORDERS = "/books/orders"
BALANCES = "/books/balances"
POSITIONS = "/books/positions"
HEDGE_WATCH = "/books/hedge-watch"
RISK = "/books/risk"
TRADES = "/trades"
EXECUTOR = "/trades/executor"
FLATTENING = "/flattening"
FLATTENER = "/flattening/flattener"
BASIS = "/strategies/basis"
STATE = "/state"
POOLS = ("wash", "arb", "reserve")
CONNECTIONS = "/connections"
ALERTS = "/alerts"
DELIVERIES = "/deliveries"


def pool_address(name: str) -> str:
    """Where the capital pool called `name` lives."""
    return f"/books/pool-{name}"


def scanner_address(symbol: str) -> str:
    """Where the scanner of `symbol` lives."""
    return f"/strategies/scanner-{symbol}"
