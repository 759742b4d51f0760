"""Parts about money: orders, trades, positions, exposure, capital, profit."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from perpbot.model.money import ZERO
from perpbot.terminal.columns import Column
from perpbot.terminal.dashboard.block import CLOCK, Block, Look, Row, amount, block, seconds
from perpbot.terminal.dashboard.market import PAIR
from perpbot.terminal.lines import Span, gain, money, number
from perpbot.terminal.symbols import ARROW, base, short_id

LONG_ALONE_S = 5.0
"""Whoever stands alone for longer than it takes to hedge is to be looked at."""
NEARLY_ALL = Decimal("0.9")
BARS = 20


def orders(look: Look, width: int) -> Block:
    """Orders of trades in progress, those of unknown fate first."""
    columns = [
        Column("", 10),
        Column("venue", 11),
        Column("symbol", 6),
        Column("purpose", 7, order=3),
        Column("side", 4),
        Column("quantity", 9, right=True),
        Column("price", 9, right=True, order=2),
        Column("filled", 9, right=True, order=1),
        Column("state", 10),
        Column("age", 7, right=True, order=4),
        Column("reason", 0, flexible=True, order=5),
    ]
    rows = (_order(each, look) for each in look.rows("orders").values())
    return block("Orders", columns, rows, width, look, "No order is open.")


def _order(each: Row, look: Look) -> list[Span]:
    return [
        (short_id(each["trade"]), "bad bold" if each["unknown"] else "bold"),
        (each["venue"], ""),
        (base(each["symbol"]), ""),
        (each["purpose"], ""),
        (each["side"], ""),
        (number(amount(each["quantity"]), 9), ""),
        (number(amount(each["price"]), 9), ""),
        (number(amount(each["filled"]), 9), ""),
        (each["status"].lower(), "bad" if each["unknown"] else ""),
        (seconds(look.age_s(each["changed_at"])), "dim"),
        (each["reason"], "dim"),
    ]


def in_progress(look: Look, width: int) -> Block:
    """Trades that are open, oldest first, with where they stand."""
    columns = [
        Column("", 12),
        Column("symbol", 6),
        Column("quantity", 8, right=True, order=2),
        Column("buy → sell", PAIR, order=1),
        Column("phase", 8),
        Column("age", 8, right=True, order=4),
        Column("expected", 9, right=True, order=3),
        Column("reason", 0, flexible=True, order=6),
    ]
    opened = ((name, each) for name, each in look.rows("trades").items() if each["open"])
    rows = (_opened(name, each, look) for name, each in opened)
    return block("In progress", columns, rows, width, look, "No trade is in progress.")


def _opened(name: str, each: Row, look: Look) -> list[Span]:
    return [
        (short_id(name), "bold"),
        (base(each["symbol"]), ""),
        (number(amount(each["quantity"]), 8), ""),
        (f"{each['buy']}{ARROW}{each['sell']}", ""),
        (look.say(each["phase"]), "good" if each["phase"] == "open" else "warn"),
        (seconds(look.age_s(each["opened_at"])), ""),
        (f"{amount(each['expected_net']):+,.4f}", ""),
        (each["reason"], "dim"),
    ]


def completed(look: Look, width: int) -> Block:
    """Trades that are over, newest first, with what they earned after fees."""
    columns = [
        Column("", 9),
        Column("trade", 6, order=5),
        Column("symbol", 6),
        Column("quantity", 8, right=True, order=3),
        Column("buy → sell", PAIR, order=1),
        Column("after fees", 10, right=True),
        Column("currency", 9, order=6),
        Column("fees", 8, right=True, order=7),
        Column("end", 11, flexible=True, order=2),
    ]
    rows = (_over(name, each) for name, each in look.rows("trades").items() if not each["open"])
    return block("Completed", columns, rows, width, look, "No trade is over yet.")


def _other_fees(each: Row) -> Iterable[tuple[str, str]]:
    paid: Mapping[str, str] = each.get("other_fees", {})
    return paid.items()


def _over(name: str, each: Row) -> list[Span]:
    well = each["phase"] == "completed"
    return [
        (each["settled_at"][CLOCK], ""),
        (short_id(name), ""),
        (base(each["symbol"]), ""),
        (number(amount(each["quantity"]), 8), ""),
        (f"{each['buy']}{ARROW}{each['sell']}", ""),
        gain(amount(each["net"]), 4),
        ("+".join(each["currencies"]), ""),
        (" + ".join([money(amount(each["fees"]), 4), *(f"{paid} {coin}" for coin, paid in _other_fees(each))]), ""),
        (each["reason"] if well else f"{each['phase']}: {each['reason']}", "dim" if well else "warn"),
    ]


def positions(look: Look, width: int) -> Block:
    """What is held, and where a venue contradicts it."""
    columns = [
        Column("", 13),
        Column("symbol", 6),
        Column("quantity", 11, right=True),
        Column("value", 12, right=True),
        Column("currency", 9, order=2),
        Column("mark", 11, right=True, order=3),
        Column("venue says", 0, flexible=True, order=1),
    ]
    rows = (_position(each) for each in look.rows("positions").values())
    return block("Positions", columns, rows, width, look, "Nothing is held.")


def _position(each: Row) -> list[Span]:
    quantity, other = amount(each["quantity"]), each.get("venue_says")
    return [
        (each["venue"], "bold"),
        (base(each["symbol"]), ""),
        (number(quantity, 11), "bad" if quantity < 0 else "good"),
        (money(amount(each["value"])), "") if "value" in each else ("-", "dim"),
        (each.get("currency", ""), "dim"),
        (number(amount(each["mark"]), 11), "dim") if "mark" in each else ("-", "dim"),
        ("", "") if other is None else (other, "bad bold"),
    ]


def exposure(look: Look, width: int) -> Block:
    """What is at stake in each symbol, over all venues."""
    columns = [
        Column("", 13),
        Column("net", 14, right=True),
        Column("gross", 14, right=True),
        Column("", 0, flexible=True),
    ]
    symbols = look.rows("exposure").get("symbols", {})
    rows = (
        [(base(symbol), "bold"), _net(amount(each["net"])), (money(amount(each["gross"])), ""), ("", "")]
        for symbol, each in symbols.items()
        if amount(each["gross"])
    )
    return block("Exposure", columns, rows, width, look, "Nothing is exposed.")


def _net(value: Decimal) -> Span:
    return money(value), "warn" if abs(value) > 1 else ""


def unhedged(look: Look, width: int) -> Block:
    """Trades with a leg that stands alone, or may, and for how long."""
    columns = [
        Column("", 10),
        Column("symbol", 6),
        Column("value", 12, right=True),
        Column("alone for", 9, right=True),
        Column("where", 24, order=1),
        Column("unknown at", 0, flexible=True, order=2),
    ]
    alone = look.rows("exposure").get("unhedged", {})
    rows = (_alone(name, each, look.age_s(each["since"])) for name, each in alone.items())
    return block("Unhedged", columns, rows, width, look, "Everything is hedged.")


def _alone(name: str, each: Row, age_s: float) -> list[Span]:
    style = "bad" if age_s > LONG_ALONE_S else "warn"
    return [
        (short_id(name), f"{style} bold"),
        (base(each["symbol"]), ""),
        (money(amount(each["value"])), style),
        (seconds(age_s), style),
        (", ".join(each["venues"]), ""),
        (", ".join(each["unknown_at"]), "bad"),
    ]


def pools(look: Look, width: int) -> Block:
    """Each pool over all venues, and how much of it is in use."""
    columns = [
        Column("", 10),
        Column("total", 12, right=True),
        Column("borrowed", 10, right=True, order=2),
        Column("allocated", 11, right=True),
        Column("available", 12, right=True),
        Column("used", 7, right=True),
        Column("", BARS, order=3),
        Column("", 0, flexible=True, order=4),
    ]
    rows = (_pool(name, each.values()) for name, each in look.rows("capital").get("pools", {}).items())
    return block("Pools", columns, rows, width, look, "No pool.")


def _pool(name: str, venues: Iterable[Row]) -> list[Span]:
    each = [*venues]
    total, borrowed, allocated, available = (
        sum((amount(one[key]) for one in each), ZERO) for key in ("total", "borrowed", "allocated", "available")
    )
    whole = total + borrowed
    used = allocated / whole if whole else ZERO
    style = "warn" if used > NEARLY_ALL else ""
    return [
        (name, "bold"),
        (money(total), ""),
        (money(borrowed), "dim"),
        (money(allocated), ""),
        (money(available), ""),
        (f"{used:.0%}", style),
        bar(used, BARS, style),
        ("", ""),
    ]


def bar(share: Decimal, width: int, style: str) -> Span:
    """A share as a bar."""
    full = min(width, max(0, int(share * width)))
    return "█" * full + "░" * (width - full), style or "good"


def balances(look: Look, width: int) -> Block:
    """What is owned at each venue, with what keeps arbitrage away from it."""
    columns = [
        Column("", 13),
        Column("currency", 9),
        Column("equity", 12, right=True),
        Column("wallet", 12, right=True, order=1),
        Column("available", 12, right=True, order=2),
        Column("note", 0, flexible=True, order=3),
    ]
    capital = look.rows("capital")
    rows = (_balance(each, capital, look) for each in capital.get("balances", {}).values())
    return block("Balances", columns, rows, width, look, "No balance is known.")


def _balance(each: Row, capital: Row, look: Look) -> list[Span]:
    venue = each["venue"]
    safe = capital.get("safe_mode", {}).get(venue)
    note = look.say("safe mode") if safe else capital.get("low", {}).get(venue, "")
    return [
        (venue, "bold"),
        (each["currency"], ""),
        (money(amount(each.get("equity", each["wallet"]))), ""),
        (money(amount(each["wallet"])), "dim"),
        (money(amount(each["available"])), "dim") if "available" in each else ("-", "dim"),
        (note, "warn"),
    ]


def profits(facet: str) -> tuple[str, str]:
    """The part that cuts what was earned by a facet, and its key in the section."""
    return f"By {facet}", f"{facet}s"


def profit_by(name: str, key: str, look: Look, width: int) -> Block:
    """What was realised, cut in one way, the newest day first and else as it comes."""
    columns = [
        Column("", 13),
        Column("prices", 12, right=True, order=1),
        Column("fees", 10, right=True, order=2),
        Column("funding", 10, right=True, order=3),
        Column("net", 12, right=True),
        Column("", BARS, order=4),
        Column("", 0, flexible=True, order=5),
    ]
    found = look.rows("pnl").get(key, {})
    most = max((abs(amount(each["net"])) for each in found.values()), default=ZERO)
    rows = (_earned(each, found[each], most) for each in _order_of(key, found))
    return block(name, columns, rows, width, look, "Nothing was earned yet.")


def _order_of(key: str, found: Mapping[str, Row]) -> Iterator[str]:
    return iter(sorted(found, reverse=key == "days"))


def _earned(name: str, each: Row, most: Decimal) -> list[Span]:
    net = amount(each["net"])
    full = int(abs(net) / most * BARS) if most else 0
    return [
        (base(name), "bold"),
        (f"{amount(each['trading']):+,.4f}", ""),
        (money(amount(each["fees"]), 4), "dim"),
        (f"{amount(each['funding']):+,.4f}", "dim"),
        gain(net, 4),
        ("█" * full, "good" if net > 0 else "bad"),
        ("", ""),
    ]
