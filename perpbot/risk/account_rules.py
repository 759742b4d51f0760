"""The second level: the account as a whole."""

from perpbot.config.limits import Risk
from perpbot.model.money import ZERO, plain
from perpbot.risk.approval import Level, Refusal, percent
from perpbot.risk.rule import HUNDRED, AccountRule, Rule, seconds
from perpbot.risk.view import OpenRequest, View


class EnoughEquity(AccountRule):
    """There is enough capital to trade at all."""

    name = "min-equity"
    keys = ("risk.min_equity",)
    cure = "deposit, or check that balances are read"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Compare the total equity with the least allowed."""
        if view.equity <= 0 or view.equity < limits.min_equity:
            return self.no(f"equity {plain(round(view.equity, 2))}", f"{plain(limits.min_equity)} or more")
        return None


class TradeSize(Rule):
    """A leg is a small part of the equity."""

    level = Level.ACCOUNT
    name = "trade-size"
    keys = ("risk.max_trade_equity_pct",)
    cure = "lower scanner.max_notional, or deposit"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg's notional with the total equity."""
        for leg in request.legs:
            share = leg.notional / view.equity
            if share * HUNDRED > limits.max_trade_equity_pct:
                return self.no(f"{percent(share)} of equity", f"{plain(limits.max_trade_equity_pct)} %")
        return None


class VenueMargin(Rule):
    """Every leg's venue has its margin free, as far as it says so, whatever else, ours or not, uses margin there."""

    level = Level.ACCOUNT
    name = "venue-margin"
    keys = ("capital.margin_buffer_pct",)
    cure = "move funds to the venue; see `perpbot balances`, and `perpbot positions` for what is not ours"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare each leg's margin with what its venue says is free."""
        del limits
        for leg in request.legs:
            free = view.venue_free.get(leg.venue)
            if free is not None and leg.margin > free:
                return self.no(f"{plain(round(leg.margin, 2))} needed at {leg.venue}", f"{plain(round(free, 2))} free")
        return None


class Drawdown(AccountRule):
    """The equity is not too far below its highest."""

    name = "drawdown"
    keys = ("risk.max_drawdown_pct",)
    cure = "look at the trades that lost before raising the limit; after a withdrawal `perpbot risk rebase`"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Compare the equity with its peak."""
        drawdown = (view.peak_equity - view.equity) / view.peak_equity if view.peak_equity else ZERO
        if drawdown * HUNDRED >= limits.max_drawdown_pct:
            return self.no(percent(drawdown), f"less than {plain(limits.max_drawdown_pct)} %")
        return None


class DailyLoss(AccountRule):
    """Today's loss is bearable."""

    name = "daily-loss"
    keys = ("risk.daily_loss_limit", "risk.daily_loss_limit_pct", "risk.day_start_hour")
    cure = "wait for the next day, or look at the trades before raising the limit"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Compare today's result with both limits."""
        loss = -view.daily_profit
        if loss >= limits.daily_loss_limit:
            return self.no(f"loss of {plain(round(loss, 2))} today", f"less than {plain(limits.daily_loss_limit)}")
        if loss > 0 and loss * HUNDRED >= limits.daily_loss_limit_pct * view.equity:
            return self.no(
                f"loss of {plain(round(loss, 2))} today, of an equity of {plain(round(view.equity, 2))}",
                f"less than {plain(limits.daily_loss_limit_pct)} %",
            )
        return None


class FailureStreak(AccountRule):
    """After several failed trades in a row there is a pause."""

    name = "failure-cooldown"
    keys = ("risk.max_consecutive_failures", "risk.failure_cooldown_sec")
    cure = "wait, or lift the pause by hand: `perpbot risk resume`"

    def verdict(self, view: View, limits: Risk) -> Refusal | None:
        """Look whether the pause lasts."""
        del limits  # an alert may have begun a longer pause
        left = view.cooldown_until_ns - view.now_ns
        return self.no(f"a pause after failures, {seconds(left)} left", "no pause") if left > 0 else None


class LegsAlone(Rule):
    """Nothing is opened in a symbol or at a venue where a leg stands alone, or may."""

    level = Level.ACCOUNT
    name = "leg-alone"
    keys = ("risk.unhedged_tolerance", "execution.unknown_timeout_sec")
    cure = "look at the trade it names; it resolves itself when the venue answers, else close by hand"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look for a naked trade that has the symbol or a venue in common."""
        del limits
        venues = {leg.venue for leg in request.legs}
        for each in view.naked:
            if each.symbol == request.symbol or venues & {*each.unknown_at, *(each.venues if each.value else ())}:
                unknown = f", fate unknown at {', '.join(each.unknown_at)}" if each.unknown_at else ""
                alone = f"{plain(round(each.value, 2))} of {each.symbol} alone in trade {each.trade_id}{unknown}"
                return self.no(alone, "both legs of every trade")
        return None


class FastMarket(Rule):
    """Nothing is opened in a market that runs."""

    level = Level.ACCOUNT
    name = "fast-market"
    keys = ("risk.fast_market_pct", "risk.fast_market_window_sec", "risk.fast_market_freeze_sec")
    cure = "wait"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Look whether the symbol is frozen."""
        left = view.frozen_until_ns.get(request.symbol, 0) - view.now_ns
        if left > 0:
            move = f"{plain(limits.fast_market_pct)} % in {limits.fast_market_window_sec:g} s"
            return self.no(f"{request.symbol} moved more than {move}, {seconds(left)} left", "calmer markets")
        return None


class SymbolShare(Rule):
    """One symbol is not everything."""

    level = Level.ACCOUNT
    name = "symbol-share"
    keys = ("risk.max_symbol_share_pct",)
    cure = "wait until trades in the symbol have closed"

    def check(self, request: OpenRequest, view: View, limits: Risk) -> Refusal | None:
        """Compare the symbol's gross exposure, with this trade, with the equity."""
        gross = view.exposure.gross.get(request.symbol, ZERO) + sum((leg.notional for leg in request.legs), ZERO)
        share = gross / view.equity
        if share * HUNDRED > limits.max_symbol_share_pct:
            return self.no(f"{percent(share)} of equity in {request.symbol}", f"{plain(limits.max_symbol_share_pct)} %")
        return None
