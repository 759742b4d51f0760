"""A supervisor: keeps its children, and answers and obeys whoever administers it.

Its own mailbox takes only administration.
"""

from typing import Any

from actors.runtime import AddressTakenError, DeclinedError, Ref, StartError, handles
from supervisors.administration import (
    AdministrationError,
    ChangeChild,
    ChangeFlags,
    CountChildren,
    Counts,
    DeleteChild,
    GetChildSpec,
    Refused,
    ResetBackoff,
    RestartChild,
    Standing,
    StartChild,
    Started,
    TerminateChild,
    WhichChild,
    WhichChildren,
)
from supervisors.keeper import Keeper
from supervisors.policy import WAITING, Child, Status, StopChildren
from supervisors.spec import ChildSpec, Kind, SpecError


class Supervisor(Keeper):
    """Starts its children in order, watches them, restarts them by policy, and stops them newest first."""

    @handles(StartChild)
    def start_child(self, request: StartChild) -> Started:
        """Start a new child; nothing is left of it when that fails."""
        name = request.spec.name
        child = self.policy.children.get(name)
        if child is not None:
            self._refuse_second(child)
        limit = self.policy.flags.max_children
        if limit is not None and len(self.policy.children) >= limit:
            raise AdministrationError(Refused.MAX_CHILDREN, f"{self.address} takes no more than {limit} children")
        try:
            self.policy.add(request.spec)
        except SpecError as error:
            raise AdministrationError(Refused.BAD_SPEC, str(error)) from error
        try:
            return self._start_child(name)
        except DeclinedError:
            self._carry_out(self._declined(name))
            return Started(None)
        except AddressTakenError as error:
            self.policy.remove(name)
            raise AdministrationError(Refused.ALREADY_STARTED, str(error), self._cell_of(name).ref) from error
        except StartError as error:
            self._report_failed_start(name, error)
            self._forget(name)
            raise AdministrationError(Refused.START_FAILED, str(error)) from error

    def _refuse_second(self, child: Child) -> None:
        cell = self._cell_of(child.spec.name)
        if child.status is Status.UP:
            raise AdministrationError(Refused.ALREADY_STARTED, f"{cell.address} is already started", cell.ref)
        raise AdministrationError(Refused.ALREADY_PRESENT, f"{cell.address} is already present, {child.status.value}")

    @handles(TerminateChild)
    def terminate_child(self, request: TerminateChild) -> None:
        """Stop a child; stopping a stopped one is fine."""
        name = request.child if isinstance(request.child, str) else self._name_of(request.child)
        self._child(name)
        if self.policy.flags.dynamic and isinstance(request.child, str):
            raise AdministrationError(
                Refused.BY_REFERENCE, f"{self.address} is dynamic: {name!r} is terminated by its reference"
            )
        cell = self._cell_of(name)
        self._carry_out([StopChildren((name,))])
        cell.retire()

    @handles(RestartChild)
    def restart_child(self, request: RestartChild) -> Started:
        """Start a stopped child; a failure is only reported, nothing is retried."""
        self._stopped_child(request.name)
        try:
            return self._start_child(request.name)
        except DeclinedError:
            self._carry_out(self._declined(request.name))
            return Started(None)
        except StartError as error:
            self._report_failed_start(request.name, error)
            self._retire([request.name])
            raise AdministrationError(Refused.START_FAILED, str(error)) from error

    @handles(DeleteChild)
    def delete_child(self, request: DeleteChild) -> None:
        """Drop a stopped child."""
        self._stopped_child(request.name)
        self._forget(request.name)

    @handles(ResetBackoff)
    def reset_backoff(self, request: ResetBackoff) -> None:
        """Start again from the shortest wait."""
        child = self._child(request.name)
        if child.spec.backoff is None or child.spec.backoff.reset_after_s is not None:
            raise AdministrationError(Refused.BAD_SPEC, f"the back-off of {request.name} is not reset by hand")
        self.policy.reset_backoff(request.name)

    @handles(ChangeFlags)
    def change_flags(self, request: ChangeFlags) -> None:
        """Go by other flags."""
        try:
            self.policy.change_flags(request.flags)
        except SpecError as error:
            raise AdministrationError(Refused.BAD_SPEC, str(error)) from error

    @handles(ChangeChild)
    def change_child(self, request: ChangeChild) -> None:
        """Go by another spec of a child."""
        self._child(request.spec.name)
        try:
            self.policy.change_child(request.spec)
        except SpecError as error:
            raise AdministrationError(Refused.BAD_SPEC, str(error)) from error

    @handles(CountChildren)
    def count_children(self, _: CountChildren) -> Counts:
        """How many children there are, and how many are up."""
        children = list(self.policy.children.values())
        supervisors = sum(each.spec.kind is Kind.SUPERVISOR for each in children)
        active = sum(each.status is Status.UP for each in children)
        return Counts(len(children), active, supervisors, len(children) - supervisors)

    @handles(WhichChildren)
    def which_children(self, _: WhichChildren) -> tuple[Standing, ...]:
        """Where every child stands, newest first."""
        return tuple(self._standing(child) for child in reversed(self.policy.children.values()))

    @handles(WhichChild)
    def which_child(self, request: WhichChild) -> Standing:
        """Where one child stands."""
        return self._standing(self._child(request.name))

    @handles(GetChildSpec)
    def get_child_spec(self, request: GetChildSpec) -> ChildSpec:
        """The spec of one child."""
        return self._child(request.name).spec

    def _standing(self, child: Child) -> Standing:
        name = child.spec.name
        ref = self._cell_of(name).ref if child.status is Status.UP else None
        return Standing(name, ref, child.status, child.spec.kind)

    def _name_of(self, ref: Ref) -> str:
        name = ref.address.rsplit("/", 1)[-1]
        if name not in self.policy.children or self._cell_of(name).ref is not ref:
            raise AdministrationError(Refused.NOT_FOUND, f"{ref.address} is no child of {self.address}")
        return name

    def _child(self, name: str) -> Child:
        child = self.policy.children.get(name)
        if child is None:
            raise AdministrationError(Refused.NOT_FOUND, f"{self.address} has no child {name!r}")
        return child

    def _stopped_child(self, name: str) -> Child:
        child = self._child(name)
        if child.status is Status.UP:
            raise AdministrationError(Refused.RUNNING, f"{self.address}/{name} is running")
        if child.status in WAITING:
            raise AdministrationError(Refused.RESTARTING, f"{self.address}/{name} is {child.status.value}")
        return child

    def describe(self) -> dict[str, Any]:
        """The flags, where each child stands, and the newest reports."""
        flags = self.policy.flags
        return {
            "strategy": flags.strategy.value,
            "intensity": flags.intensity,
            "period_s": flags.period_s,
            "auto_shutdown": flags.auto_shutdown.value,
            "children": {name: child.status.value for name, child in self.policy.children.items()},
            "reports": list(self._reports),
        }
