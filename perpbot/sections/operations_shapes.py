"""The shapes of how PerpBot does: the whole, venues, actors, latencies, audit, alerts."""

from typing import NotRequired, TypedDict

from perpbot.sections.texts import Money, Time


class Overview(TypedDict):
    """The first thing to look at."""

    at: Time
    """When the state was taken, to the second."""
    version: str
    mode: str
    """``simulation``, ``paper`` or ``live``."""
    config: str
    """Name of the configuration file."""
    uptime_s: int
    healthy: bool
    """Whether there are no problems."""
    problems: list[str]
    """What is not as it should be, a sentence each."""
    alive: bool
    """Whether the process may be left alone, as the watchdog sees it."""
    trading: str
    """``running``, ``killed`` by the global switch, ``blocked`` by a rule that refuses everything, ``stopping``."""
    symbols: list[str]
    equity: Money
    """Over all venues, dollars of all kinds added one to one."""
    profit_today: Money
    """Net, realised this UTC day."""
    net_exposure: NotRequired[Money]
    gross_exposure: NotRequired[Money]
    trades_open: int
    trades_over: NotRequired[int]
    """Since the journal began."""
    orders_unknown: NotRequired[int]
    """Orders whose fate is not known."""
    actors: int
    restarts: int
    crashes: int
    dead_letters: int
    log_lines_lost: int
    stream_clients: int
    """Browsers and others that follow the state."""


class Connection(TypedDict):
    """One connection of a venue."""

    circuit: str
    """``CONNECTED``, ``DEGRADED``, ``DISCONNECTED`` or ``CIRCUIT_OPEN``."""
    reason: str
    since: Time
    """When the circuit came into its state."""
    healthy: NotRequired[bool]
    latency_ms: dict[str, float]
    """``mean``, ``p50``, ``p99``, as far as known."""
    error_rate: NotRequired[float]
    error_streak: NotRequired[int]
    alerts: list[str]


class Venue(TypedDict):
    """One venue and how we stand with it."""

    state: str
    """The trading connection's circuit, the market-data connection's where nothing is traded."""
    trading: bool
    """Whether orders may go there at all."""
    open_allowed: bool
    """Whether an order that adds risk would be let through now."""
    refusal: NotRequired[str]
    """Why not."""
    connections: dict[str, Connection]
    """``market-data``, and ``trading`` where there is one."""
    tokens: dict[str, float]
    """``reads`` and ``orders``: how many calls could leave at once."""
    paused_s: float
    """How long nothing is sent because the venue complained."""
    clock_ahead_ms: int
    """How far the venue's clock is ahead of ours."""
    dead_man: NotRequired[str]
    killed: bool
    """Whether its own or the global kill switch is on."""
    counts: dict[str, int]
    """Frames, quotes, gaps, reconnects and errors."""
    unlisted: list[str]


class Node(TypedDict):
    """One actor or supervisor, at its address."""

    parent: NotRequired[str]
    name: str
    kind: str
    type: str
    state: str
    strategy: NotRequired[str]
    circuit: NotRequired[str]
    restarts: int
    depth: int
    """Messages that wait."""
    high_water: int
    dropped: int
    messages_per_s: NotRequired[float]
    busy: NotRequired[float]
    """Share of the time it is at work."""
    troubles: list[str]
    last_failure: NotRequired[str]


class Latency(TypedDict):
    """How long one stage takes."""

    count: int
    p50_us: float
    p99_us: float
    max_us: float
    histogram: dict[str, int]
    """How many took less than so many microseconds and no less than the step before; steps double."""


class Audit(TypedDict):
    """One thing an operator did."""

    at: Time
    who: str
    source: str
    """Where it came from: an address, or ``socket``."""
    action: str
    what: str
    outcome: str


class Alert(TypedDict):
    """One alert."""

    severity: str
    """``info``, ``warning``, ``high``, ``error`` or ``critical``."""
    state: str
    """``pending`` or ``firing``; of what happened lately also ``resolved``."""
    text: str
    """What is wrong, with the values behind it, in the language that is configured."""
    titles: dict[str, str]
    """What is wrong, by language: ``en`` and ``zh``."""
    reading: str
    """The values behind it, as in ``quote_latency 7.2s``; several with commas between."""
    since: Time
    rule: str
    about: str
    """The venue, connection or component; empty for all together."""
    acknowledged: bool
    silenced: bool
    runbook: str
    sound: bool
    """Whether it is to be heard."""
