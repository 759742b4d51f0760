"""What can be wrong with a simulated world itself, as opposed to the program that runs in it.

None of these is an `OSError`: a program that handles trouble on the network must not take them for that.
"""


class WorldError(RuntimeError):
    """A simulated world cannot be set up here; the message names the reason."""


class RealWorldError(RuntimeError):
    """The program reached for something outside the simulated world: a real descriptor, TLS, a child process."""


class StandstillError(RuntimeError):
    """Callbacks keep running while virtual time stands still, as in ``while not done: gevent.sleep(0)``."""


class ForkedProgramError(RuntimeError):
    """A program in a fork failed; the message carries its traceback."""


class ForkTimeoutError(ForkedProgramError):
    """A program in a fork was killed because it took too long in real time; the message carries its Python stacks."""
