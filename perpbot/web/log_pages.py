"""The routes about what was logged."""

from typing import Annotated, Any, Literal, TypedDict

import attrs
import gevent
import msgspec

from perpbot.clock import iso
from perpbot.logs.reading import MOST_ON_PAGE, NoSuchLogError, Wanted, log_files, read_page
from perpbot.sections import texts
from perpbot.web.route import Call, Problem, Route

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


@attrs.frozen(kw_only=True)
class LogQuery:
    """Which lines."""

    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    page_size: Annotated[int, msgspec.Meta(ge=1, le=MOST_ON_PAGE)] = 50
    level: Level | None = None
    """The least severe."""
    keyword: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Found anywhere in the line, whatever its case."""
    file: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """One of `/api/logs/files`; the one that is written now where not given."""


class LogPage(TypedDict):
    """Some lines, newest first."""

    total: int
    page: int
    items: list[dict[str, Any]]
    """As they were written: ``time``, ``level``, ``event``, ``actor`` and whatever belongs to it."""
    whole: bool
    """Whether the whole file was looked at; of a very long one only the newest part is."""


class LogFile(TypedDict):
    """One file."""

    name: str
    size: int
    """Bytes."""
    modified: texts.Time


class LogFiles(TypedDict):
    """The files there are, the one that is written now first."""

    files: list[str]
    details: list[LogFile]


def lines(call: Call) -> LogPage:
    """Read log lines, newest first."""
    given: LogQuery = call.given
    wanted = Wanted(
        file=given.file, level=given.level, keyword=given.keyword, page=given.page, page_size=given.page_size
    )
    state, name = call.desk.program.setting.state, _name(call)
    try:
        found = gevent.get_hub().threadpool.apply(read_page, (state, name, wanted))
    except NoSuchLogError as error:
        raise Problem(404, "not found", str(error)) from error
    return LogPage(total=found.total, page=found.page, items=list(found.items), whole=found.whole)


def files(call: Call) -> LogFiles:
    """List the log files."""
    name = call.desk.program.setting.settings.log.file
    found = [] if name is None else log_files(call.desk.program.setting.state, name)
    return LogFiles(
        files=[each.name for each in found],
        details=[LogFile(name=each.name, size=each.size, modified=iso(each.modified_ns)) for each in found],
    )


def _name(call: Call) -> str:
    name = call.desk.program.setting.settings.log.file
    if name is None:
        raise Problem(404, "not found", "nothing is logged to a file; set log.file")
    return name


ROUTES = [
    Route(method="GET", path="/api/logs/list", handle=lines, given=LogQuery, answer=LogPage, problems=(404,)),
    Route(method="GET", path="/api/logs/files", handle=files, answer=LogFiles),
]
