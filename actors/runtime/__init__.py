"""The actor runtime: gevent-native actors on pykka, with addresses, bounded mailboxes and a control lane.

system    what all actors of one PerpBot share; starts and finds them
cell      one address: its mailbox, its incarnations, what is known of them
actor     the base class; handlers by message type
mailbox   bounded queues: first in first out, or the latest for each key
slot      the answer to an ask
stopping  how incarnations are ended
timers    messages to oneself, later
letters   what could not be delivered, and why
"""

from actors.runtime.actor import LATER, Actor, handles
from actors.runtime.backoff import Backoff
from actors.runtime.cell import Cell, State
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
from actors.runtime.mailbox import Mailbox, MailboxFullError, MailboxSpec, Overflow
from actors.runtime.ref import Ref
from actors.runtime.slot import Slot
from actors.runtime.system import System

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
    "DeclinedError",
    "DomainError",
    "Exit",
    "ExitKind",
    "Mailbox",
    "MailboxFullError",
    "MailboxSpec",
    "Overflow",
    "Ref",
    "Slot",
    "StartError",
    "State",
    "System",
    "Undelivered",
    "UnkillableError",
    "handles",
]
