# ruff: noqa: RUF009 - the calls declare keys; each makes a field
"""Settings of the venues: where each is, how its two connections behave, and which credentials it trades with."""

from collections.abc import Iterator

import attrs

from perpbot.config.section import (
    Fault,
    Section,
    address,
    clash,
    count,
    flag,
    milliseconds,
    rate,
    rule,
    seconds,
    section,
    variable,
    word,
)
from perpbot.plugins import ADAPTERS, plugins

_OWN = ("paradex", "extended", "okx", "lighter", "edgex", "backpack", "grvt", "aster", "hyperliquid")
VENUES = (*_OWN, *sorted(plugins(ADAPTERS).keys() - {*_OWN}))
"""The names a venue may have in the configuration, whether PerpBot speaks its dialect yet or not."""


SHORTEST_DEAD_MAN_S = 10


@attrs.frozen(kw_only=True)
class Connection(Section):
    """What every connection to a venue has: a rate limit, a heartbeat, a circuit breaker, a way to reconnect."""

    rate_limit_per_sec: float = rate(10, "Questions, all of them, let through on average.", "0.1", "1000", "per second")
    burst_size: int = count(20, "Questions let through at once after a pause.", 1, 10_000, "requests")
    heartbeat_interval_sec: float = seconds(30, "How often a sign of life is asked for.", "0.1", "300")
    heartbeat_timeout_sec: float = seconds(60, "Silence after which the circuit opens.", "0.2", "900")
    max_latency_ms: float = milliseconds(500, "Mean latency above which an alert is raised.", "1", "60000")
    circuit_open_error_streak: int = count(5, "Errors in a row that open the circuit.", 1, 1000, "errors")
    circuit_halfopen_wait_sec: float = seconds(
        60, "Wait before an open circuit lets its first probe through.", "0.05", "3600"
    )
    circuit_halfopen_wait_max_sec: float = seconds(
        300, "What that wait grows to while probes keep failing.", "0.05", "7200"
    )
    reconnect_delay_sec: float = seconds(1, "Wait before the first attempt to reconnect.", "0.01", "60")
    reconnect_delay_max_sec: float = seconds(60, "What that wait grows to while attempts fail.", "0.01", "600")

    @rule
    def _silence_outlasts_heartbeat(self) -> Iterator[Fault]:
        if self.heartbeat_timeout_sec <= self.heartbeat_interval_sec:
            yield clash(self, "heartbeat_timeout_sec", "must be more than", "heartbeat_interval_sec")

    @rule
    def _halfopen_wait_grows(self) -> Iterator[Fault]:
        if self.circuit_halfopen_wait_max_sec < self.circuit_halfopen_wait_sec:
            yield clash(self, "circuit_halfopen_wait_max_sec", "must not be less than", "circuit_halfopen_wait_sec")

    @rule
    def _reconnect_delay_grows(self) -> Iterator[Fault]:
        if self.reconnect_delay_max_sec < self.reconnect_delay_sec:
            yield clash(self, "reconnect_delay_max_sec", "must not be less than", "reconnect_delay_sec")


@attrs.frozen(kw_only=True)
class MarketData(Connection):
    """The read-only connection, always on."""


@attrs.frozen(kw_only=True)
class Trading(Connection):
    """The connection that sends orders. It exists only with `trade_enabled: true` and credentials.

    Credentials are named, never given: each `…_env` key holds the name of an environment variable.
    """

    rate_limit_per_sec: float = rate(5, "Orders let through, on average.", "0.1", "1000", "per second")
    burst_size: int = count(10, "Orders let through at once after a pause.", 1, 10_000, "requests")
    trade_enabled: bool = flag(False, "Whether orders are sent to this venue at all.")
    account: str = word(
        "main", "Our name for the account; part of every order's key.", "[a-z0-9_-]{1,32}", "a name (a-z, 0-9, _ and -)"
    )
    api_key_env: str | None = variable("Environment variable that holds the API key.")
    api_secret_env: str | None = variable("Environment variable that holds the API secret.")
    api_passphrase_env: str | None = variable("Environment variable that holds the API key's passphrase.")
    account_id_env: str | None = variable(
        "Environment variable that holds the number of the account, at venues that number them."
    )
    wallet_address_env: str | None = variable("Environment variable that holds the address of the trading wallet.")
    private_key_env: str | None = variable("Environment variable that holds the private key that signs orders.")
    request_timeout_sec: float = seconds(
        5, "Wait for the answer to a request; an order without an answer is then unknown.", "0.1", "60"
    )
    dead_man_sec: int = count(
        60,
        "Time without us after which the venue cancels every open order of the account, whoever placed it, where it "
        "has such a switch; at least 10, or 0 for never.",
        0,
        120,
        "seconds",
    )
    leverage: int = count(1, "Leverage set up at the venue for each instrument.", 1, 20, "times")

    @rule
    def _switch_has_time(self) -> Iterator[Fault]:
        if 0 < self.dead_man_sec < SHORTEST_DEAD_MAN_S:
            text = f"{self.dead_man_sec} must be 0 for never, or at least {SHORTEST_DEAD_MAN_S}, which OKX asks for"
            yield Fault(("dead_man_sec",), text)

    @property
    def credentials(self) -> dict[str, str]:
        """The variables that hold credentials, by what they hold: ``{"api_key": "OKX_API_KEY"}``."""
        held = ("api_key", "api_secret", "api_passphrase", "account_id", "wallet_address", "private_key")
        named = {each: getattr(self, f"{each}_env") for each in held}
        return {each: variable for each, variable in named.items() if variable is not None}


@attrs.frozen(kw_only=True)
class EndpointOverride(Section):
    """Addresses in place of the venue's own."""

    rest: str | None = address("Base URL for requests.", "https", "http")
    public_ws: str | None = address("URL of the market-data stream.", "wss", "ws")
    private_ws: str | None = address("URL of the account's stream.", "wss", "ws")


@attrs.frozen(kw_only=True)
class Exchange(Section):
    """One venue."""

    market_data: MarketData = section(MarketData, "The read-only connection, always on.")
    trading: Trading = section(Trading, "The connection that sends orders.")
    endpoints: EndpointOverride = section(EndpointOverride, "Addresses in place of the venue's own.")
    testnet: bool = flag(False, "Whether the venue's testnet is used. Testnets and real venues do not mix.")
    proxy: str | None = address("Proxy for REST and WebSocket.", "http", "https", "socks5", "socks5h", anywhere=True)
    proxy_env: str | None = variable("Environment variable that holds the proxy's URL, where that has a password.")
    ca_file: str | None = word(
        None,
        "PEM file of the only certificate authorities that are believed, in place of the system's.",
        r"[^\x00-\x1f]{1,1000}",
        "the path of a PEM file",
    )

    @rule
    def _one_proxy(self) -> Iterator[Fault]:
        if self.proxy is not None and self.proxy_env is not None:
            yield Fault(("proxy_env",), "give proxy or proxy_env, not both")
