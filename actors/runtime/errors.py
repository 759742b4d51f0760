"""The errors of the runtime."""


class DomainError(Exception):
    """An answer that says no. Raised in answer to an ask it goes to the asker and the actor carries on."""


class ActorDeadError(Exception):
    """Nobody lives at the address, or nobody does any more."""


class AskTimeoutError(Exception):
    """No answer came in time. The receiver will not carry the message out any more if it had not begun to."""


class AskCycleError(Exception):
    """The asked actor waits, directly or through others, for the asking one; the text names the cycle."""


class StartError(Exception):
    """An actor did not start; the cause is the error its start raised."""


class AddressTakenError(StartError):
    """Somebody lives at the address already."""


class UnkillableError(StartError):
    """What lived at the address could not be ended; the address is of no use until the process is started anew."""


class DeclinedError(Exception):
    """Raised by an actor's start: there is nothing for it to do here. It is not a failure, and nothing retries it."""
