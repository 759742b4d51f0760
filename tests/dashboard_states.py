"""States as a running system tells them: a usual one, and one where everything is wrong and long."""

from typing import Any

AT = "2026-11-21T09:06:48.000Z"
EMPTY: dict[str, Any] = {
    "overview": {
        "at": AT, "version": "0.1.0", "mode": "paper", "config": "config/paper.yaml", "uptime_s": 93_784,
        "healthy": True, "problems": [], "alive": True, "trading": "running", "symbols": ["BTC-PERP", "ETH-PERP"],
        "equity": "0", "profit_today": "0", "trades_open": 0, "actors": 40, "restarts": 0, "crashes": 0,
        "dead_letters": 0, "log_lines_lost": 0, "stream_clients": 0,
    },
    "exposure": {"net": "0", "gross": "0", "symbols": {}, "venues": {}, "unhedged": {}},
}  # fmt: skip


def quote(bid: str, ask: str, *, stale: bool = False) -> dict[str, Any]:
    return {"bid": bid, "ask": ask, "bid_size": "1", "ask_size": "1", "source": "stream", "stale": stale}


def venue(circuit: str, why: str = "") -> dict[str, Any]:
    connections = {
        "market-data": {"circuit": "CONNECTED", "latency_ms": {"p99": 3.0}},
        "trading": {"circuit": circuit, "latency_ms": {"p99": 70.0}},
    }
    refused = {"refusal": why} if why else {}
    counts = {"quotes": 9, "gaps": 1, "reconnects": 0, "errors": 2}
    return {"connections": connections, "open_allowed": not why, "counts": counts, "unlisted": ["ETH-PERP"], **refused}


def opportunity(verdict: str, *, admitted: bool) -> dict[str, Any]:
    return {
        "at": AT, "last_at": AT, "quotes": 3, "symbol": "BTC-PERP", "buy": "okx", "sell": "hyperliquid",
        "quantity": "0.005", "net": "0.8091", "net_pct": "0.162", "admitted": admitted, "verdict": verdict,
    }  # fmt: skip


def trade(*, is_open: bool) -> dict[str, Any]:
    usual = {
        "open": is_open, "symbol": "BTC-PERP", "buy": "okx", "sell": "hyperliquid", "quantity": "0.0051",
        "phase": "hedging" if is_open else "completed", "reason": "target reached", "opened_at": AT,
        "expected_net": "0.3353", "currencies": ["USDT", "USDC"],
    }  # fmt: skip
    over = {"settled_at": AT, "net": "-0.4", "fees": "0.9", "trading": "0.5"}
    return usual if is_open else {**usual, **over}


BUSY: dict[str, Any] = {
    **EMPTY,
    "overview": {
        **EMPTY["overview"], "mode": "live", "trading": "killed", "equity": "30005.5", "profit_today": "-3.1",
        "net_exposure": "498.26", "gross_exposure": "1498.2", "trades_open": 1, "trades_over": 7,
        "problems": ["a venue is away", "a 很长的 sentence about something that is wrong " * 4, "c", "d"],
    },
    "exposure": {
        "net": "498.26", "gross": "1498.2", "venues": {}, "symbols": {"BTC-PERP": {"net": "498.26", "gross": "1498.2"}},
        "unhedged": {
            "1795251157-t9": {
                "symbol": "BTC-PERP", "venues": ["okx"], "value": "498.26", "unknown_at": ["okx"],
                "since": "2026-11-21T09:06:01.000Z",
            }
        },
    },
    "quotes": {
        "okx": {"BTC-PERP": quote("97033.2", "97035.9"), "ETH-PERP": quote("3400", "3401")},
        "hyperliquid": {"BTC-PERP": quote("97100", "97101"), "ETH-PERP": quote("1", "2", stale=True)},
        "nowhere": {},
    },
    "venues": {
        "okx": venue("CONNECTED"),
        "hyperliquid": venue("CIRCUIT_OPEN", "the circuit is open: no heartbeat"),
        "nowhere": {"connections": {}, "open_allowed": True, "counts": {}, "unlisted": []},
    },
    "opportunities": {
        "a": opportunity("admitted: 1795251157-t9", admitted=True),
        "b": opportunity("refused: position/symbol-cooldown: 12 s are left", admitted=False),
    },
    "orders": {
        "1795251157-901": {
            "trade": "1795251157-t9", "venue": "okx", "symbol": "BTC-PERP", "purpose": "open", "side": "buy",
            "quantity": "0.0051", "price": "97035.9", "filled": "0", "status": "UNKNOWN", "unknown": True,
            "settled": False, "reason": "no answer", "changed_at": AT,
        }
    },
    "trades": {"1795251157-t9": trade(is_open=True), "1795251157-t8": trade(is_open=False)},
    "positions": {
        "okx/main/BTC-PERP": {
            "venue": "okx", "account": "main", "symbol": "BTC-PERP", "quantity": "-0.0051", "mark": "97034.1",
            "value": "-494.87", "currency": "USDT", "venue_says": "-0.01",
        }
    },
    "capital": {
        "equity": "30005.5", "owners": {}, "symbols": {}, "safe_mode": {"okx": True}, "low": {"aster": "move 500"},
        "pools": {"arb": {"okx": {"total": "100", "borrowed": "0", "allocated": "95", "available": "5"}}},
        "balances": {
            "okx/main/USDT": {"venue": "okx", "account": "main", "currency": "USDT", "wallet": "10000"},
            "aster/main/USDT": {
                "venue": "aster", "account": "main", "currency": "USDT", "wallet": "1", "equity": "2", "available": "0",
            },
        },
    },
    "risk": {
        "blocks": [],
        "limits": {
            "drawdown": {"level": "account", "used": "8.5", "limit": "10", "unit": "pct", "share": 0.85},
            "daily-loss": {"level": "account", "used": "900", "limit": "500", "unit": "usd", "share": 1.8},
        },
    },
    "alerts": {
        "quotes-late/okx": {
            "severity": "critical", "state": "firing", "text": "Stream is down", "since": AT, "acknowledged": False,
            "silenced": False,
        },
        "daily-loss": {
            "severity": "info", "state": "pending", "text": "\x1b[2J每日亏损超限", "since": AT, "acknowledged": True,
            "silenced": False,
        },
    },
    "pnl": {
        "currencies": {"USDT": {"trading": "1", "fees": "2", "funding": "0", "net": "-1"}},
        "days": {"2026-11-21": {"trading": "1", "fees": "2", "funding": "0", "net": "-1"}},
    },
    "kill_switch": {"global": "root at the command line"},
    "tree": {
        "/perpbot": {
            "name": "perpbot", "kind": "supervisor", "state": "running", "restarts": 0, "depth": 0, "dropped": 0,
            "troubles": [],
        },
        "/state": {
            "parent": "/perpbot", "name": "state", "kind": "actor", "state": "backing-off", "restarts": 2, "depth": 3,
            "dropped": 1, "troubles": ["growing mailbox"], "messages_per_s": 3.0, "busy": 0.4,
        },
    },
}  # fmt: skip
