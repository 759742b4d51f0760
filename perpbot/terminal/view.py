"""stub"""

from perpbot.program import Program
from supervisors.spec import ChildSpec


def live_view(program: Program) -> ChildSpec:
    raise NotImplementedError
