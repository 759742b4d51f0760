"""Where each venue is and with which credentials: the real ones, testnets, or simulated venues."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from perpbot.clock import monotonic_ns
from perpbot.config.exchanges import Exchange
from perpbot.config.operation import Mode
from perpbot.config.settings import Settings
from perpbot.simulation.paper.book_keeping import PaperBooks
from perpbot.simulation.paper.venue import PaperTrading, on_paper
from perpbot.venues.http import Http
from perpbot.venues.rate_limit import Limiter, Rate
from perpbot.venues.registry import venue_class
from perpbot.venues.route import Route, environment_proxy
from perpbot.venues.venue import Credentials, Endpoints, Venue

MS_PER_S = 1_000
CREDENTIAL_NAMES = {
    "api_key": "apiKey",
    "api_secret": "secret",
    "api_passphrase": "password",
    "account_id": "accountId",
    "wallet_address": "walletAddress",
    "private_key": "privateKey",
}
"""What the configuration calls a secret, and what the venues' modules call it."""


class PlacesError(Exception):
    """A venue cannot be reached as configured; the text says which, why, and what to do."""


def venues(settings: Settings, simulated: Mapping[str, Any] | None, environment: Mapping[str, str]) -> dict[str, Venue]:
    """One adapter for each configured exchange.

    Args:
        settings: the configuration.
        simulated: what the simulated venues printed, or None for real ones.
        environment: where the credentials of real venues are.

    Raises:
        PlacesError: a venue is not served, has no testnet, or misses a credential.
    """
    paper = settings.mode is Mode.PAPER
    return {name: venue(name, each, simulated, environment, paper=paper) for name, each in settings.exchanges.items()}


def venue(
    name: str,
    exchange: Exchange,
    simulated: Mapping[str, Any] | None,
    environment: Mapping[str, str],
    *,
    paper: bool = False,
) -> Venue:
    """The adapter of one exchange, as `venues` makes it; `PlacesError`. On `paper` it gets no credentials."""
    cls = on_paper(venue_class(name)) if paper else venue_class(name)
    endpoints = _endpoints(name, cls, exchange, simulated)
    credentials = None if paper else _credentials(name, cls, exchange, simulated, environment)
    http = Http(
        read_timeout_s=exchange.trading.request_timeout_sec,
        route=_route(name, exchange, endpoints.rest, environment),
        limiter=_limiter(exchange),
    )
    return cls(endpoints, http, credentials, exchange.trading.account)


def trading_venues(settings: Settings, made: Mapping[str, Venue]) -> tuple[str, ...]:
    """Venues that orders may go to: `trade_enabled`, and credentials or paper."""
    return tuple(
        name
        for name, venue in made.items()
        if settings.exchanges[name].trading.trade_enabled
        and (venue.credentials is not None or isinstance(venue, PaperTrading))
    )


def open_paper(settings: Settings, made: Mapping[str, Venue], state: Path) -> None:
    """Open the accounts on paper of the venues that trade so, in the directory `state`; `PlacesError`."""
    for name, each in made.items():
        if not isinstance(each, PaperTrading) or not settings.exchanges[name].trading.trade_enabled:
            continue
        path = state / "paper" / f"{name}.jsonl"
        try:
            books = PaperBooks(path)
            account = books.account(name, each.account, settings.paper.starting_balance)
        except (OSError, ValueError) as error:
            raise PlacesError(f"the account on paper in {path} cannot be used: {error}; move it away") from error
        each.trade_on_paper(account, books.keep, settings.paper.latency_ms / MS_PER_S)


def _endpoints(name: str, cls: type[Venue], exchange: Exchange, simulated: Mapping[str, Any] | None) -> Endpoints:
    if simulated is not None:
        if name not in simulated:
            served = ", ".join(each for each in simulated if each not in {"admin", "world"})
            raise PlacesError(f"{name} is configured but not served by the simulated venues, which have {served}")
        where = simulated[name]
        return Endpoints(rest=where["rest"], public_ws=where["ws"]["public"], private_ws=where["ws"]["private"])
    own = cls.mainnet
    if exchange.testnet:
        if cls.testnet is None:
            raise PlacesError(f"{name} has no testnet; remove `testnet: true` from it")
        own = cls.testnet
    return Endpoints(
        rest=exchange.endpoints.rest or own.rest,
        public_ws=exchange.endpoints.public_ws or own.public_ws,
        private_ws=exchange.endpoints.private_ws or own.private_ws,
        testnet=exchange.testnet,
    )


def _limiter(exchange: Exchange) -> Limiter:
    data, trading = exchange.market_data, exchange.trading
    reads, orders = Rate(data.rate_limit_per_sec, data.burst_size), Rate(trading.rate_limit_per_sec, trading.burst_size)
    return Limiter(reads, orders, monotonic_ns())


def _route(name: str, exchange: Exchange, url: str, environment: Mapping[str, str]) -> Route:
    proxy = exchange.proxy or environment_proxy(environment, url)
    if exchange.proxy_env is not None:
        proxy = environment.get(exchange.proxy_env)
        if not proxy:
            text = f"{name} goes through a proxy, but the environment has no {exchange.proxy_env}"
            raise PlacesError(f"{text}; set it or remove `proxy_env`")
    route = Route(proxy, exchange.ca_file)
    try:
        route.trust  # noqa: B018 - read now, while there is somebody to tell
    except OSError as error:
        raise PlacesError(
            f"{name}: ca_file {exchange.ca_file} cannot be read as PEM: {error.strerror or error}"
        ) from error
    return route


def _credentials(
    name: str,
    cls: type[Venue],
    exchange: Exchange,
    simulated: Mapping[str, Any] | None,
    environment: Mapping[str, str],
) -> Credentials | None:
    if simulated is not None:
        return Credentials(simulated[name]["credentials"])
    named = {CREDENTIAL_NAMES[kind]: variable for kind, variable in exchange.trading.credentials.items()}
    if not named or not exchange.trading.trade_enabled:
        return None
    missing = [variable for variable in named.values() if not environment.get(variable)]
    if missing:
        names = ", ".join(missing)
        raise PlacesError(f"{name} trades, but the environment has no {names}; set that, or trade_enabled: false there")
    lacking = [each for each in cls.credential_names if each not in named]
    if lacking:
        raise PlacesError(f"{name} needs {', '.join(lacking)} to trade; name the variable that holds it")
    return Credentials({kind: environment[variable] for kind, variable in named.items()})
