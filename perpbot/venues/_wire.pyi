from collections.abc import Callable, Iterable

from perpbot.model.book import Level
from perpbot.model.instrument import InstrumentTable
from perpbot.model.quote import Quote
from perpbot.venues.wire import Scale, WireLevel

SOURCE: int

def levels(scale: Scale, rows: Iterable[WireLevel]) -> list[Level]: ...

class BestReader:
    def __init__(self, venue: str, form: str, scale: Callable[[str], Scale]) -> None: ...
    def read(self, frame: str | bytes, received_ns: int, table: InstrumentTable) -> Quote | None: ...
