"""The actor runtime: gevent-native actors on pykka, with addresses, bounded mailboxes and a control lane.

system    what all actors of one PerpBot share; starts and finds them
cell      one address: its mailbox, its incarnations, what is known of them
actor     the base class; handlers by message type
mailbox   bounded queues, first in first out; disciplines: the latest of each key, the most urgent first
watch     being told when somebody is gone for good
slot      the answer to an ask
stopping  how incarnations are ended
timers    messages to oneself, later
letters   what could not be delivered, and why
"""

from actors.runtime.actor import Actor, Ping, handles
from actors.runtime.asks import LATER
from actors.runtime.backoff import Backoff
from actors.runtime.cell import Cell
from actors.runtime.errors import (
    ActorDeadError,
    AddressTakenError,
    AskCycleError,
    AskTimeoutError,
    DeclinedError,
    DomainError,
    StartError,
    UnkillableError,
)
from actors.runtime.exits import Exit, ExitKind
from actors.runtime.letters import DeadLetter, DeadLetters, Undelivered
from actors.runtime.mailbox import Mailbox, MailboxFullError, MailboxSpec, Overflow, StashFullError
from actors.runtime.ref import Ref
from actors.runtime.slot import Slot
from actors.runtime.state import State
from actors.runtime.system import System
from actors.runtime.watch import DeathPactError, Terminated

__all__ = [
    "LATER",
    "Actor",
    "ActorDeadError",
    "AddressTakenError",
    "AskCycleError",
    "AskTimeoutError",
    "Backoff",
    "Cell",
    "DeadLetter",
    "DeadLetters",
    "DeathPactError",
    "DeclinedError",
    "DomainError",
    "Exit",
    "ExitKind",
    "Mailbox",
    "MailboxFullError",
    "MailboxSpec",
    "Overflow",
    "Ping",
    "Ref",
    "Slot",
    "StartError",
    "StashFullError",
    "State",
    "System",
    "Terminated",
    "Undelivered",
    "UnkillableError",
    "handles",
]
