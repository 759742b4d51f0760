"""The fourth level: whether the orders could be carried out, and at sane prices."""

from decimal import Decimal

from perpbot.config.limits import Risk
from perpbot.model.money import plain
from perpbot.model.quote import Quote
from perpbot.risk.approval import Level, Refusal, percent
from perpbot.risk.rule import HUNDRED, Rule
from perpbot.risk.view import OpenRequest, View

PERFECT = Decimal(1)
MS_PER_S = 1_000


class DifferentVenues(Rule):
    """The two legs of a pair are never on one venue, and we never trade with ourselves."""

    level = Level.EXECUTION
    name = "different-venues"
    cure = "nothing: this is a guard against a mistake in PerpBot"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a venue that appears twice."""
        del view, limits
        venues = [leg.venue for leg in request.legs]
        if any(venues.count(venue) > 1 for venue in venues):
            return self.no(f"both legs at {venues[0]}", "two different venues")
        return None


class OrderMinimum(Rule):
    """Both venues take an order of the size, by quantity and by value: no leg is refused beside a filled one."""

    level = Level.EXECUTION
    name = "order-minimum"
    keys = ("scanner.min_notional",)
    cure = "raise scanner.min_notional above both venues' minima; see `perpbot venues`"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg's quantity with the smallest order of its venue."""
        del view, limits
        for leg in request.legs:
            if leg.quantity < leg.smallest:
                return self.no(f"{plain(leg.quantity)} coins at {leg.venue}", f"{plain(leg.smallest)} or more")
        return None


class Leverage(Rule):
    """Every venue goes on to confirm the leverage that the margin was reckoned at."""

    level = Level.EXECUTION
    name = "leverage"
    cure = "wait: the next opportunity is reckoned at what the venue has confirmed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg's leverage with what its venue has confirmed."""
        del limits
        for leg in request.legs:
            gate = view.gates.get(leg.venue)
            if gate is not None and gate.leverage is not None and leg.leverage > gate.leverage:
                return self.no(f"{plain(leg.leverage)} times at {leg.venue}", f"{plain(gate.leverage)} confirmed")
        return None


class Depth(Rule):
    """Both books offer the quantity within the limit, unless a leg waits as a maker."""

    level = Level.EXECUTION
    name = "depth"
    keys = ("scanner.slippage_pct", "quote_engine.l2_depth")
    cure = "trade smaller; the book is thin, or has moved away"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg with what its book offered, and its limit with the best price."""
        del limits
        for leg in request.legs:
            quote = view.quotes.get(leg.venue)
            if leg.waits or quote is None:
                continue  # without a quote PriceCollar refuses it
            if leg.depth is not None and leg.depth < leg.quantity:
                return self.no(f"{plain(leg.quantity)} coins at {leg.venue}", f"{plain(leg.depth)} in the book")
            best = quote.ask if leg.side.sign > 0 else quote.bid
            if leg.side.sign * (best - leg.limit) > 0:
                return self.no(f"limit {plain(leg.limit)} at {leg.venue}", f"a best price within it, not {plain(best)}")
        return None


class ConnectionAlive(Rule):
    """Every leg's venue can be traded at."""

    level = Level.EXECUTION
    name = "connection"
    cure = "see `perpbot status`: a kill switch, or a circuit that is not closed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Ask each venue's gate."""
        del limits
        for leg in request.legs:
            gate = view.gates.get(leg.venue)
            reason = f"{leg.venue} has no trading connection" if gate is None else gate.open_refusal
            if reason is not None:
                return self.no(reason, "a connection that is up")
        return None


class ConnectionHealth(Rule):
    """The connections to every leg's venue work well: none is ill, and none too slow or too often wrong."""

    level = Level.EXECUTION
    name = "connection-health"
    keys = ("risk.min_connection_score",)
    cure = "see `perpbot status`; check the network, or the limits of the venue's connections"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a venue that is ill, or whose score is too low."""
        for leg in request.legs:
            if leg.venue in view.ill:
                return self.no(f"{leg.venue} is not well: {view.ill[leg.venue]}", "connections that are well")
            score = view.scores.get(leg.venue, PERFECT)
            if score < limits.min_connection_score:
                return self.no(f"the connections to {leg.venue} score {score}", plain(limits.min_connection_score))
        return None


class RateLimit(Rule):
    """Both legs leave at once: at neither venue would the rate limit hold one back while the other one leaves."""

    level = Level.EXECUTION
    name = "rate-limit"
    cure = "wait; where the venue allows more, raise `rate_limit_per_sec` and `burst_size` of its `trading`"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare what each venue's gate would let through with one more order."""
        del limits
        for leg in request.legs:
            gate = view.gates.get(leg.venue)
            if gate is not None and gate.wait_s > 0:
                wait_ms = max(1, round(gate.wait_s * MS_PER_S))
                return self.no(f"an order to {leg.venue} would wait for {wait_ms} ms", "legs that leave at once")
        return None


class SelfTrade(Rule):
    """No order of ours could meet another one of ours at its venue."""

    level = Level.EXECUTION
    name = "self-trade"
    cure = "wait until the order it names is filled or cancelled"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for an order of ours, on the other side, at a price that a leg would take."""
        del limits
        for leg in request.legs:
            for order in view.working:
                if order.venue == leg.venue and order.meets(leg.side, leg.limit):
                    return self.no(
                        f"{leg.side} at {plain(leg.limit)} would meet our own order {order.client_id} at {leg.venue}, "
                        f"{order.side} at {plain(order.price)}",
                        "to meet others' only",
                    )
        return None


class Slippage(Rule):
    """The mean price the book promises is not far beyond the best price."""

    level = Level.EXECUTION
    name = "slippage"
    keys = ("risk.max_slippage_pct",)
    cure = "trade smaller; the book is thin"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the mean price the book promises with the best price."""
        for leg in request.legs:
            quote = view.quotes.get(leg.venue)
            if quote is None:
                continue  # PriceCollar refuses it
            best = quote.ask if leg.side.sign > 0 else quote.bid
            slip = leg.side.sign * (leg.expected - best) / best
            if slip * HUNDRED > limits.max_slippage_pct:
                return self.no(f"{percent(slip)} at {leg.venue}", f"{plain(limits.max_slippage_pct)} %")
        return None


class PriceCollar(Rule):
    """No absurd price, whatever the reason for it."""

    level = Level.EXECUTION
    name = "price-collar"
    keys = ("risk.price_collar_pct",)
    cure = "nothing while prices are absurd; check the venue's quotes"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each limit price with what its venue quotes."""
        for leg in request.legs:
            refusal = self.check_price(leg.venue, leg.limit, view.quotes.get(leg.venue), limits)
            if refusal is not None:
                return refusal
        return None

    def check_price(self, venue: str, price: Decimal, quote: Quote | None, limits: Risk) -> Refusal | None:
        """Compare one price with the middle of a venue's quote; without a quote there is no fair price."""
        if quote is None:
            return self.no(f"no fresh quote of {venue}", "a price to compare with")
        distance = abs(price - quote.mid) / quote.mid
        if price <= 0 or distance * HUNDRED > limits.price_collar_pct:
            return self.no(
                f"{plain(price)} is {percent(distance)} from {venue}'s price", f"{plain(limits.price_collar_pct)} %"
            )
        return None
