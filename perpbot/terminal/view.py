"""The live view; a stub for now."""

from perpbot.program import Program
from supervisors.spec import ChildSpec


def live_view(program: Program) -> ChildSpec:
    """The child spec of the live view of `program`."""
    raise NotImplementedError
