"""The actor runtime: gevent-native actors on pykka, with addresses, bounded mailboxes and a control lane.

system       what all actors of one PerpBot share; starts and finds them
cell         one address: its mailbox, its incarnations, what is known of them
life         one incarnation from its start to its end; state, exits: where it is, how it ended
stopping     how incarnations are ended: asked, then killed
reading      the hot loop: signals, ticks, messages; trampoline: the same for compute-only actors
handling     how one message is handled; asks: how one whose sender waits is answered
signals      what travels ahead of every message, and how it is obeyed
topics       publishing and subscribing
tasks        greenlets beside an actor's own
actor        the base class; handlers by message type
mailbox      bounded queues, first in first out; disciplines: the latest of each key, the most urgent first
ref          how actors speak to each other; slot: what an ask waits on
watch        being told when somebody is gone for good
timers       messages to oneself, later
letters      what could not be delivered, and why; crashes: what failed
standalone   actors under pykka's own interface
trace, telemetry, stacks, watchdog   looking at all of it while it runs
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
