"""What a trade asks the risk rules before each of its orders; the answer is an approval, or a refusal that says why."""

from collections.abc import Mapping
from decimal import Decimal

from actors.executor import Admitted
from actors.gate import Gate
from actors.order_requests import ReadToCome
from actors.risk import AssessOpening, AssessReduction
from actors.runtime import Ref
from perpbot.capital.margin import leg_margin, maintenance
from perpbot.execution.plan import Leg
from perpbot.execution.trade import Want
from perpbot.model.instrument import Instrument
from perpbot.model.money import ZERO, Quantity
from perpbot.model.quote import Quote
from perpbot.risk.approval import Approval, Refusal
from perpbot.risk.view import LegRequest, OpenRequest


class TradeApprovals:
    """Asks for the orders of one trade."""

    def __init__(self, admitted: Admitted, orders: Ref, risk: Ref, gates: Mapping[str, Gate]) -> None:
        self._plan = admitted.plan
        self._pool = admitted.pool
        self._reserved = admitted.reserved
        self._orders = orders
        self._risk = risk
        self._gates = gates

    def to_reduce(self, wants: tuple[Want, ...], quotes: Mapping[str, Quote]) -> Approval | Refusal:
        """For orders that take risk away."""
        legs = tuple(
            LegRequest(
                venue=self._plan.leg(want.leg).venue, side=want.side, quantity=want.quantity, limit=want.price,
                expected=want.price, margin=ZERO,
            )
            for want in wants
        )  # fmt: skip
        answer: Approval | Refusal = self._risk.ask(
            AssessReduction(trade_id=self._plan.trade_id, legs=legs, quotes=quotes)
        )
        return answer

    def to_open_more(
        self,
        wants: tuple[Want, ...],
        held: Mapping[str, Decimal],
        instruments: Mapping[str, Instrument],
        quotes: Mapping[str, Quote],
    ) -> Approval | Refusal:
        """For orders that open once more: all four levels, of both legs at the largest quantity.

        Their margin, with that of what each leg holds already, comes out of what is reserved for the trade. `held` and
        `instruments` are those of the legs, by name. Orders of ours that wait are looked for when these are submitted.
        """
        plan, asked = self._plan, {want.leg: want for want in wants}
        quantity = max(want.quantity for want in wants)
        legs = tuple(
            self._leg(leg, asked.get(leg.name), quantity, abs(held[leg.name]), instruments[leg.name])
            for leg in plan.legs
        )
        answer: Approval | Refusal = self._risk.ask(
            AssessOpening(
                request=OpenRequest(trade_id=plan.trade_id, symbol=plan.symbol, legs=legs),
                pool=self._pool,
                pool_available=self._reserved,
                open_sides={leg.venue: leg.side for leg in plan.legs},
                to_come=self._orders.ask(ReadToCome(plan.trade_id)),
                quotes=quotes,
                begun=True,
            )
        )
        return answer

    def _leg(
        self, leg: Leg, want: Want | None, quantity: Quantity, held: Decimal, instrument: Instrument
    ) -> LegRequest:
        limit = leg.limit if want is None else want.price
        leverage = self._gates[leg.venue].leverage(self._plan.symbol)
        return LegRequest(
            venue=leg.venue,
            side=leg.side,
            quantity=quantity,
            limit=limit,
            expected=leg.expected if want is None or want.expected is None else want.expected,
            margin=leg_margin((held + quantity) * limit, leverage=leverage, fee=instrument.taker_fee, buffer=ZERO),
            maintenance=maintenance(instrument),
            leverage=leverage,
            smallest=instrument.smallest_order(limit),
        )
