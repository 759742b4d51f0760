"""What a venue's module must offer. Nothing outside that module knows the venue's words.

A module holds the wire format (frames and requests in, events and signed requests out) and no behaviour: no
greenlets, no timers, no retries. Whoever calls it decides when. Reads (`fetch_…`) wait for the network; building a
request and decoding never do.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any, ClassVar, Protocol, TypeVar

import attrs

from perpbot.model.book import Book, Follows
from perpbot.model.events import Bar, BookDelta, BookSnapshot, Event, PublicTrade
from perpbot.model.instrument import Instrument, InstrumentTable
from perpbot.model.order import Balance, Fill, FundingPayment, Order, OrderUpdate, Outcome, Position
from perpbot.venues.http import Http, Reply, Request, call_kind
from perpbot.venues.rate_limit import RateLimits
from perpbot.venues.recorded import Recorded

T = TypeVar("T")


class VenueReadError(Exception):
    """A read failed: the venue did not answer, or not with what was asked for. The text is for the operator."""


class TooManyRequestsError(VenueReadError):
    """The venue, or what we know of its limits, does not let a question through now. It is not in trouble."""


class Credentials:
    """Named secrets. They show in no log, page, dump or error."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        """The secret called `name`; `KeyError` names it when it is missing."""
        return self._values[name]

    def get(self, name: str) -> str | None:
        """The secret called `name`, or None."""
        return self._values.get(name)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be shown, in whatever text it stands; addresses of wallets are public."""
        return tuple(value for name, value in self._values.items() if name != "walletAddress")

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{name}=***' for name in sorted(self._values))})"


@attrs.frozen(kw_only=True)
class Endpoints:
    """Where a venue is: the real one, its testnet, or a simulated one on loopback."""

    rest: str
    """Base URL in the form the venue's own clients take."""
    public_ws: str
    private_ws: str
    testnet: bool = False
    """Whether orders there are play; some venues want it said in headers or signatures."""


@attrs.frozen(kw_only=True)
class Heartbeat:
    """How a stream is kept alive and how its death is noticed."""

    interval_s: float
    """Send a heartbeat this often."""
    silence_s: float
    """Without any frame for this long the session is dead."""
    frame: str | None
    """The application's own heartbeat; None for a WebSocket ping."""


@attrs.frozen
class Margin:
    """What positions in one instrument are margined with, as the venue says it."""

    leverage: Decimal
    cross: bool = True
    """Whether the whole account stands behind a position, not a part that was set aside."""
    most: Decimal | None = attrs.field(default=None, eq=False)
    """The highest leverage, where the venue tells it here and not with the instrument."""


@attrs.frozen
class Tape:
    """A session in which trades between others come, or bars of a minute, or both."""

    url: str
    frames: list[str]
    """What to send there."""
    brings: frozenset[type[PublicTrade | Bar]] = frozenset({PublicTrade, Bar})


@attrs.frozen
class Pace:
    """How many frames may be sent at once, and how long to wait before as many more."""

    frames: int
    pause_s: float


class Compute(Protocol):
    """Calls a function that only computes, where its caller wants that done."""

    def __call__(self, work: Callable[..., T], *arguments: Any) -> T:
        """What `work` gives for `arguments`."""


def at_once(work: Callable[..., T], *arguments: Any) -> T:
    """Compute here and now."""
    return work(*arguments)


class Venue(ABC):
    """One venue and one account at it."""

    name: ClassVar[str]
    """Lower case, as in the configuration."""
    mainnet: ClassVar[Endpoints]
    """Where the real venue is."""
    testnet: ClassVar[Endpoints | None] = None
    """Where its testnet is, or None when it has none."""
    credential_names: ClassVar[tuple[str, ...]]
    """What `Credentials` must hold for trading."""
    needs_login: ClassVar[bool] = False
    """Whether the private stream sends `LoggedIn` before it takes subscriptions."""
    amends: ClassVar[bool] = False
    """Whether a waiting order can be given another size and price: `amend`."""
    finds_by_id_alone: ClassVar[bool] = False
    """Whether `fetch_order` asks for our id and nothing else, so that it finds orders in what is not listed, too."""
    dead_man: ClassVar[bool] = False
    """Whether the venue can be told to cancel the account's orders when it does not hear of us: `set_dead_man`."""
    book_by_rest: ClassVar[bool] = False
    """Whether a book starts from `fetch_book`, with deltas that arrive meanwhile kept; else the stream sends it."""
    recorded: ClassVar[Recorded] = Recorded(instruments="")
    """Which of its answers hold instruments and books, for recordings."""
    limits: ClassVar[RateLimits] = RateLimits()
    """What the venue counts of our calls; none where it does not say."""
    pace: ClassVar[Pace] = Pace(8, 0.25)
    """How subscriptions are sent; many at once break the limits of some venues."""
    session_life_s: ClassVar[float | None] = None
    """A stream is ended by the venue when it is this old, and is renewed before; None where it may live on."""
    quiet_book_s: ClassVar[float] = 10.0
    """A book that the stream says nothing of for this long is compared with the one by REST."""
    signs_slowly: ClassVar[bool] = False
    """Whether signing computes for milliseconds, as curves do in pure Python. `place` and `cancel` are then called
    through `compute`, and what else is signed goes that way by itself."""
    nonces_ascend: ClassVar[bool] = False
    """Whether the venue turns away a signed request that arrives after one that was signed later. Each is then signed,
    sent and answered in a `turn` of its own."""
    private_keepalive_s: ClassVar[float | None] = None
    """How often `keep_private_alive` must be called while a private stream is up; None for never."""
    request_lifetime_s: ClassVar[float]
    """A request that reaches the venue later than this after it was signed is turned away by the venue. An order
    that the venue does not know after this time never existed."""

    def __init__(
        self, endpoints: Endpoints, http: Http, credentials: Credentials | None = None, account: str = "main"
    ) -> None:
        self.endpoints = endpoints
        self.http = http
        self.credentials = credentials
        self.account = account
        self.instruments = InstrumentTable()
        self.compute: Compute = at_once
        """How it is signed where that takes milliseconds: a trading connection has it done in a thread, one call after
        the other, while all other methods are called as ever."""
        self.turn: Callable[[], AbstractContextManager[None]] = nullcontext
        """What to sign and send in where `nonces_ascend`: a trading connection lets one go after the other."""
        http.declare(self.limits, self.call_kind)

    @classmethod  # noqa: B027 - some venues need nothing
    def load(cls) -> None:
        """Import and compute once what signing needs. It may take a second: do it before anybody waits."""

    @property
    def secrets(self) -> Credentials:
        """The account's credentials, complete; `VenueReadError` names what is missing."""
        if self.credentials is None:
            raise VenueReadError(f"{self.name}: account {self.account!r} has no credentials")
        missing = [name for name in self.credential_names if not self.credentials.get(name)]
        if missing:
            raise VenueReadError(f"{self.name}: the credentials of account {self.account!r} lack {', '.join(missing)}")
        return self.credentials

    def call_kind(self, request: Request) -> str:
        """What the venue counts a call as; `limits` weighs it by what this begins with."""
        return call_kind(request)

    def venue_ms(self) -> int:
        """The venue's wall clock as far as we know it."""
        return self.http.venue_clock.now_ms()

    # -- instruments ---------------------------------------------------------------------------------------------

    @abstractmethod
    def fetch_instruments(self) -> list[Instrument]:
        """Every linear perpetual the venue trades, fees and funding interval included; `VenueReadError`.

        The caller sets `instruments` to what it chooses to use. Decoding works without instruments too: sizes then
        stay in the venue's unit and symbols are derived from the native name. What is not among the instruments
        that were chosen keeps its native name as symbol, so that it is never taken for one of them.
        """

    @abstractmethod
    def read_instruments(self, answer: bytes) -> list[Instrument]:
        """The linear perpetuals in the venue's own answer about its instruments; `DecodeError`.

        Fees and funding intervals that other answers hold are the venue's usual ones.
        """

    # -- public stream -------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def public_heartbeat(self) -> Heartbeat:
        """How the public stream is kept alive."""

    def public_url(self, instruments: Sequence[Instrument]) -> str:
        """Where to connect for market data."""
        del instruments
        return self.endpoints.public_ws

    @abstractmethod
    def public_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Frames that subscribe to book and funding of each instrument."""

    def tapes(self, instruments: Sequence[Instrument]) -> list[Tape]:
        """Where trades between others and bars of a minute are streamed: everything in one session, unless it is said.

        Nobody needs them to trade, so they are not among `public_subscriptions`.
        """
        frames = self.tape_subscriptions(instruments)
        return [Tape(self.public_url(instruments), frames)] if frames else []

    def tape_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Frames that subscribe to trades between others, and to bars of a minute where the public stream has them.

        None where PerpBot does not read them.
        """
        del instruments
        return []

    def book_resubscription(self, instrument: Instrument) -> list[str]:
        """Frames that make the stream send a fresh snapshot of one book. Not used when `book_by_rest`."""
        raise NotImplementedError(f"{self.name} starts its books by REST")

    @abstractmethod
    def decode_public(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of the public stream; `DecodeError` when it is not the venue's protocol.

        Frames that mean nothing to PerpBot give an empty list.
        """

    @abstractmethod
    def follows(self, book_sequence: int, delta: BookDelta) -> Follows:
        """Whether `delta` is next for a book at `book_sequence`: the venue's continuity rule."""

    def checksum_holds(self, book: Book, checksum: int) -> bool:
        """Whether the venue's checksum confirms the book. True where a venue has none."""
        del book, checksum
        return True

    def fetch_book(self, instrument: Instrument) -> BookSnapshot:
        """A snapshot by REST; `VenueReadError`.

        Where the stream sends its own snapshots, this one is not a place to go on from: its number may be 0, and it
        may be less deep. It is for looking, while the stream is down or silent.
        """
        raise NotImplementedError(f"{self.name} gives no books by REST")

    def read_recorded(self, url: str, answer: bytes) -> list[Instrument] | BookSnapshot | None:
        """What a recorded answer by REST holds: instruments, a book, or None for anything else; `DecodeError`."""
        if self.recorded.tells_instruments(url):
            return self.read_instruments(answer)
        native = self.recorded.whose_book(self.name, url)
        return None if native is None else self.read_book(native, answer)

    def read_book(self, native: str, answer: bytes) -> BookSnapshot:
        """The book in the venue's own answer about it; `DecodeError`. Only where `recorded` has books."""
        raise NotImplementedError(f"{self.name} gives no book of {native} in {answer[:40]!r}")

    # -- private stream ------------------------------------------------------------------------------------------

    @property
    def private_heartbeat(self) -> Heartbeat:
        """How the private stream is kept alive: as the public one, unless it is said."""
        return self.public_heartbeat

    def open_private(self) -> str:
        """Get ready for a private stream and say where to connect; may ask the venue, `VenueReadError`."""
        return self.endpoints.private_ws

    def private_frames(self) -> Iterator[bytes] | None:
        """The frames themselves, where there is no network between; None for a stream at `open_private`.

        It waits for each, and gives an empty one now and then as a sign of life.
        """
        return None

    def private_headers(self, url: str) -> Mapping[str, str]:
        """What the handshake of the private stream at `url`, which `open_private` gave, must carry in headers."""
        del url
        return {}

    def keep_private_alive(self) -> None:  # noqa: B027 - most venues need nothing
        """Prolong what `open_private` got; may ask the venue, `VenueReadError`."""

    def login(self) -> list[str]:
        """Frames to send first on a private stream."""
        return []

    @abstractmethod
    def private_subscriptions(self, instruments: Sequence[Instrument]) -> list[str]:
        """Frames that subscribe to orders, fills, positions and balances of the account."""

    @abstractmethod
    def decode_private(self, frame: str | bytes, received_ns: int) -> list[Event]:
        """The events in a frame of the private stream; `DecodeError` when it is not the venue's protocol."""

    # -- trading -------------------------------------------------------------------------------------------------

    def wire_id(self, number: int) -> str:
        """The client order id number `number` in the form the venue takes; unique as the number is.

        Twenty letters and digits, unless it is said: most venues take those.
        """
        return f"perp{number:016d}"

    @abstractmethod
    def prepare_trading(self) -> None:
        """Whatever must be loaded before requests can be built; asks the venue, `VenueReadError`."""

    @abstractmethod
    def fetch_margins(self, instruments: Sequence[Instrument]) -> dict[str, Margin]:
        """The margin that is set for each of `instruments`, by symbol; `VenueReadError`."""

    @abstractmethod
    def set_margin(self, instrument: Instrument, leverage: int) -> None:
        """Set cross margin and `leverage` for an instrument; `VenueReadError` when the venue will not have it."""

    def set_dead_man(self, instruments: Sequence[Instrument], countdown_s: int) -> None:
        """Have every open order of the account cancelled in `countdown_s`, unless this is called again before.

        0 switches it off. Where a venue keeps a switch for each instrument, those of `instruments` are set. Raises
        `VenueReadError` when the venue did not confirm it.
        """
        raise NotImplementedError(f"{self.name} has no dead man's switch")

    @abstractmethod
    def place(self, order: Order, instrument: Instrument) -> Request:
        """The signed request that places `order`. Builds only; every call makes a new nonce."""

    @abstractmethod
    def read_place(self, reply: Reply) -> Outcome:
        """What the venue's answer to `place` means. Anything that is not clear is `Unknown`."""

    @abstractmethod
    def cancel(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that cancels `order`, by the venue's id where it is known."""

    def amend(self, order: Order, venue_order_id: str | None, instrument: Instrument) -> Request:
        """The signed request that gives a waiting order the quantity and price of `order`, which has its ids.

        What became of it is asked for afterwards, as with `cancel`: the order may have filled meanwhile.
        """
        raise NotImplementedError(f"{self.name} cannot amend orders: cancel, see that it is gone, and place another")

    @abstractmethod
    def fetch_order(self, order: Order, instrument: Instrument) -> OrderUpdate | None:
        """What the venue knows of `order`, found by its client id; None when it has never heard of it.

        Raises `VenueReadError` when the question was not answered: that is not the same as None.
        """

    @abstractmethod
    def fetch_open_orders(self) -> list[OrderUpdate]:
        """Every open order of the account, ours and others'; `VenueReadError`."""

    @abstractmethod
    def fetch_fills(self, since_ms: int) -> list[Fill]:
        """The account's fills since `since_ms`, oldest first, all of them; `VenueReadError`."""

    @abstractmethod
    def fetch_positions(self) -> list[Position]:
        """Every position that is not zero; `VenueReadError`."""

    @abstractmethod
    def fetch_balances(self) -> list[Balance]:
        """Every currency that is not zero; `VenueReadError`."""

    @abstractmethod
    def fetch_funding_payments(self, since_ms: int) -> list[FundingPayment]:
        """Funding paid and received since `since_ms`, oldest first; `VenueReadError`."""
