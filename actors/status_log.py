"""The state of the whole in the log, every few minutes (OPS-3)."""

import attrs

from actors.runtime import Actor, ActorDeadError, AskTimeoutError, handles
from actors.state import ReadState, State


@attrs.frozen
class _Log:
    """It is time."""


class StatusLog(Actor):
    """Writes one line about everything."""

    def __init__(self, state: str, interval_s: float) -> None:
        super().__init__()
        self._state_address = state
        self._interval_s = interval_s

    def on_start(self) -> None:
        """Begin."""
        self.timers.every(self._interval_s, _Log())

    @handles(_Log)
    def on_log(self, _: _Log) -> None:
        """Write the line."""
        try:
            state: State = self.look_up(self._state_address).ask(ReadState())
        except (ActorDeadError, AskTimeoutError) as error:
            self.log.warning("no status", error=str(error))
            return
        exposure = None if state.positions is None else state.positions.exposure
        self.log.info(
            "status",
            uptime_s=int(state.uptime_s),
            circuits={venue: dict(each.circuits) for venue, each in state.venues.items()},
            trades_open=len(state.trades),
            trades_over=state.trades_over,
            profit={currency: str(round(each.net, 4)) for currency, each in state.closed_profit.items()},
            open_at_mark={currency: str(round(each.net, 4)) for currency, each in state.open_profit.items()},
            net_exposure=None if exposure is None else str(round(exposure.net_total, 2)),
            kill=dict(state.kill),
            missing=list(state.missing),
        )
