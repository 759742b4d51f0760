"""What a tree of supervisors must do, said a second time and in another way: one step after the other, on plain values.

It knows nothing of the supervisors' own policy. Each event is followed to its very end before the next one; `now`
advances by what starts and stops take.
"""

from typing import Literal

import attrs

Began = Literal["up", "failed", "declined"]


@attrs.frozen
class Node:
    """One spec of the tree. The names are unique in the whole tree."""

    name: str
    restart: str = "permanent"
    shutdown_s: float = 5.0
    significant: bool = False
    supervisor: "Rules | None" = None
    """None for a worker."""


@attrs.frozen
class Rules:
    """The flags and the static children of a supervisor."""

    strategy: str = "one_for_one"
    intensity: int = 3
    period_s: float = 5.0
    auto_shutdown: str = "never"
    dynamic: bool = False
    children: tuple[Node, ...] = ()


@attrs.define
class Place:
    """A child's place under a supervisor that runs."""

    node: Node
    up: bool = False


@attrs.define
class Life:
    """A supervisor that runs."""

    rules: Rules
    places: dict[str, Place]
    restarts: list[float] = attrs.field(factory=list)


@attrs.define
class Habits:
    """How workers behave, by name. The model and the real ones have a copy each."""

    failing: dict[str, int] = attrs.field(factory=dict)
    """So many starts fail."""
    declining: dict[str, int] = attrs.field(factory=dict)
    slow_s: dict[str, float] = attrs.field(factory=dict)
    """Seconds a start takes."""
    lazy_s: dict[str, float] = attrs.field(factory=dict)
    """Seconds a clean-up takes."""

    def begins(self, name: str) -> Began:
        for habit, outcome in ((self.failing, "failed"), (self.declining, "declined")):
            if habit.get(name, 0) > 0:
                habit[name] -= 1
                return outcome  # type: ignore[return-value]
        return "up"


@attrs.define
class Model:
    """The state of a tree."""

    root: Node
    habits: Habits = attrs.field(factory=Habits)
    now: float = 0.0
    trace: list[str] = attrs.field(factory=list)
    lives: dict[str, Life] = attrs.field(factory=dict)
    parent: dict[str, str] = attrs.field(factory=dict)
    incarnations: dict[str, int] = attrs.field(factory=dict)
    stuck: set[str] = attrs.field(factory=set)
    escalations: int = 0
    over: bool = False

    # -- events ------------------------------------------------------------------------------------------------------

    def dies(self, name: str, how: str) -> None:
        """A node ends by itself."""
        if name in self.lives:
            if how == "kill":
                self._vanish(name)
            else:
                self._end_all(name)
        elif how in {"normal", "shutdown"}:
            self.trace.append(f"stop {name}")
            self.now += self.habits.lazy_s.get(name, 0.0)
        self.stuck.discard(name)
        if name == self.root.name:
            self.over = True
            return
        self._lost(self.parent[name], name, abnormal=how in {"crash", "kill"})

    def terminate(self, supervisor: str, name: str) -> str:
        places = self.lives[supervisor].places
        if name not in places:
            return "not found"
        if places[name].up:
            self._end(places[name].node)
        places[name].up = False
        self._drop_maybe(supervisor, name)
        return "ok"

    def restart(self, supervisor: str, name: str) -> str:
        places = self.lives[supervisor].places
        if name not in places:
            return "not found"
        if places[name].up:
            return "running"
        if self._begin_in(supervisor, name) == "failed":
            return "start failed"
        return "ok"

    def delete(self, supervisor: str, name: str) -> str:
        places = self.lives[supervisor].places
        if name not in places:
            return "not found"
        if places[name].up:
            return "running"
        self._drop(supervisor, name)
        return "ok"

    def add(self, supervisor: str, node: Node) -> str:
        places = self.lives[supervisor].places
        if node.name in places:
            return "already started" if places[node.name].up else "already present"
        self.parent[node.name] = supervisor
        places[node.name] = Place(node)
        if self._begin_in(supervisor, node.name) == "failed":
            self._drop(supervisor, node.name)
            return "start failed"
        return "ok"

    # -- looking -----------------------------------------------------------------------------------------------------

    def alive(self) -> dict[str, int]:
        """Who is up, and in which incarnation."""
        up = [] if self.over else [self.root.name]
        up += [name for life in self.lives.values() for name, place in life.places.items() if place.up]
        return {name: self.incarnations[name] for name in up}

    def counts(self, supervisor: str) -> tuple[int, int, int, int]:
        places = self.lives[supervisor].places.values()
        supervisors = sum(place.node.supervisor is not None for place in places)
        return len(places), sum(place.up for place in places), supervisors, len(places) - supervisors

    # -- beginnings --------------------------------------------------------------------------------------------------

    def begin(self, node: Node) -> Began:
        self.incarnations[node.name] = self.incarnations.get(node.name, 0) + 1
        if node.supervisor is None:
            self.trace.append(f"start {node.name}")
            self.now += self.habits.slow_s.get(node.name, 0.0)
            return self.habits.begins(node.name)
        self.lives[node.name] = Life(node.supervisor, {each.name: Place(each) for each in node.supervisor.children})
        for child in node.supervisor.children:
            self.parent[child.name] = node.name
            if self._begin_in(node.name, child.name) == "failed":
                self._end_all(node.name)
                return "failed"
        return "up"

    def _begin_in(self, supervisor: str, name: str) -> Began:
        place = self.lives[supervisor].places[name]
        outcome = self.begin(place.node)
        place.up = outcome == "up"
        if outcome == "declined":
            self._drop_maybe(supervisor, name)
        return outcome

    # -- ends --------------------------------------------------------------------------------------------------------

    def _end(self, node: Node) -> None:
        """Its supervisor stops it."""
        if node.supervisor is not None:
            self._end_all(node.name)
        elif node.name in self.stuck:
            self.now += node.shutdown_s
            self.stuck.discard(node.name)
        elif node.shutdown_s > 0:
            self.trace.append(f"stop {node.name}")
            self.now += min(self.habits.lazy_s.get(node.name, 0.0), node.shutdown_s)

    def _end_all(self, supervisor: str) -> None:
        life = self.lives.pop(supervisor)
        begun, latest = self.now, self.now
        for place in reversed(life.places.values()):
            if not place.up:
                continue
            if life.rules.dynamic:
                self.now = begun
            self._end(place.node)
            latest = max(latest, self.now)
        self.now = latest
        self._forget_added(life)

    def _vanish(self, supervisor: str) -> None:
        """A supervisor was killed: nobody below it has time for anything."""
        life = self.lives.pop(supervisor)
        for name, place in life.places.items():
            self.stuck.discard(name)
            if place.up and name in self.lives:
                self._vanish(name)
        self._forget_added(life)

    def _forget_added(self, life: Life) -> None:
        static = {node.name for node in life.rules.children}
        for name in life.places:
            if name not in static:
                self._forget(name)

    def _drop_maybe(self, supervisor: str, name: str) -> None:
        life = self.lives[supervisor]
        if life.rules.dynamic or life.places[name].node.restart == "temporary":
            self._drop(supervisor, name)

    def _drop(self, supervisor: str, name: str) -> None:
        del self.lives[supervisor].places[name]
        self._forget(name)

    def _forget(self, name: str) -> None:
        self.incarnations.pop(name, None)
        for child, above in list(self.parent.items()):
            if above == name:
                self._forget(child)

    # -- what a supervisor does about it -----------------------------------------------------------------------------

    def _lost(self, supervisor: str, name: str, *, abnormal: bool) -> None:
        life = self.lives[supervisor]
        place = life.places[name]
        place.up = False
        restart = place.node.restart
        if restart == "permanent" or (restart == "transient" and abnormal):
            self._try(supervisor, name)
            return
        significant = place.node.significant and life.rules.auto_shutdown != "never"
        others = any(each.node.significant and each.up for each in life.places.values())
        self._drop_maybe(supervisor, name)
        if significant and (life.rules.auto_shutdown == "any_significant" or not others):
            self.dies(supervisor, "shut down")

    def _try(self, supervisor: str, name: str) -> None:
        """Restart a child and who goes with it, until it works or the restarts are spent."""
        life = self.lives[supervisor]
        failed: str | None = name
        while failed is not None:
            life.restarts = [each for each in life.restarts if self.now - each <= life.rules.period_s]
            life.restarts.append(self.now)
            if len(life.restarts) > life.rules.intensity:
                self.escalations += 1
                self.dies(supervisor, "shut down")
                return
            names = list(life.places)
            group = {
                "one_for_one": [failed],
                "rest_for_one": names[names.index(failed) :],
                "one_for_all": names,
            }[life.rules.strategy]
            failed = self._renew(supervisor, group)

    def _renew(self, supervisor: str, group: list[str]) -> str | None:
        """Stop and start a group; who could not be started, or None."""
        places = self.lives[supervisor].places
        for name in reversed(group):
            if places[name].up:
                self._end(places[name].node)
                places[name].up = False
                if places[name].node.restart == "temporary":
                    self._drop(supervisor, name)
        for name in group:
            if name in places and self._begin_in(supervisor, name) == "failed":
                return name
        return None
