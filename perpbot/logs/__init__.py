"""Log lines: JSON in a file, short lines on the terminal. Built for one system, nothing is configured globally.

making       the logger: stamps every event, takes secrets out of it, hands it to the writers
background   writes in a thread of its own
file         the file, begun anew when it is full and every day
reading      the files read back: pages, by level and keyword
"""

from perpbot.logs.background import Background, Event
from perpbot.logs.file import LogFile
from perpbot.logs.making import bind, make_log, terminal_writer

__all__ = ["Background", "Event", "LogFile", "bind", "make_log", "terminal_writer"]
