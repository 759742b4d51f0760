"""Random trees and what may happen to them: done to real supervisors and to the model, compared after each step."""

from collections.abc import Callable
from copy import deepcopy
from itertools import groupby

import attrs
import gevent
from otp_model import Habits, Model, Node, Rules
from supervised import Crash, Sleep, Stage

from actors.runtime import ActorDeadError, DeclinedError
from actors.runtime.signals import TaskFailed
from perpbot.chance import Chance, Random
from supervisors.administration import (
    AdministrationError,
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
)
from supervisors.spec import ChildSpec, Flags
from supervisors.supervisor import Supervisor

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")
RESTARTS = ("permanent", "permanent", "transient", "temporary")
LONG_S = 100_000.0


def make_tree(chance: Random, size: int) -> Node:
    """A tree of at most `size` nodes."""
    names = iter(chance.sample(range(1000), size))
    left = [size - 1]

    def rules(depth: int) -> Rules:
        dynamic = chance.random() < 0.2
        auto_shutdown = "never" if dynamic else chance.choice(("never", "never", "any_significant", "all_significant"))
        children: list[Node] = []
        while left[0] > 0 and len(children) < 8 and (chance.random() < 0.8 or depth == 0):
            left[0] -= 1
            children.append(node(depth + 1, auto_shutdown, worker=dynamic))
        return Rules(
            strategy="one_for_one" if dynamic else chance.choice(STRATEGIES),
            intensity=chance.choice((0, 1, 2, 3, 6)) if depth else 8,
            period_s=chance.choice((1.3, 5.1, 40.7)),
            auto_shutdown=auto_shutdown,
            dynamic=dynamic,
            children=tuple(children),
        )

    def node(depth: int, auto_shutdown: str, *, worker: bool) -> Node:
        name = f"n{next(names)}"
        restart = chance.choice(RESTARTS)
        significant = auto_shutdown != "never" and restart != "permanent" and chance.random() < 0.6
        if worker or depth >= 4 or chance.random() < 0.6:
            return Node(name, restart, chance.choice((0.0, 1.1, 4.3)), significant)
        return Node(name, restart, 0.0, significant, rules(depth))

    return Node(f"n{next(names)}", supervisor=rules(0))


@attrs.define
class Puppets:
    """The real tree."""

    root: Node
    stage: Stage = attrs.field(factory=Stage)
    habits: Habits = attrs.field(factory=Habits)
    address: dict[str, str] = attrs.field(factory=dict)

    def start(self) -> None:
        spec = self.spec(self.root, "")
        self.stage.system.spawn(spec.start, self.address[self.root.name])

    def spec(self, node: Node, above: str) -> ChildSpec:
        """The spec of a node and of everything below it."""
        self.address[node.name] = f"{above}/{node.name}"
        rules = node.supervisor
        if rules is None:
            script = self.stage.script(node.name)
            script.start, script.stop = self._start_of(node.name), self._stop_of(node.name)
            worker = self.stage.child(node.name)
            return attrs.evolve(
                worker, restart=node.restart, shutdown_s=node.shutdown_s, significant=node.significant,
                start_timeout_s=LONG_S,
            )  # fmt: skip
        specs = [self.spec(child, self.address[node.name]) for child in rules.children]
        flags = Flags(
            strategy=rules.strategy,
            intensity=rules.intensity,
            period_s=rules.period_s,
            auto_shutdown=rules.auto_shutdown,
            dynamic=rules.dynamic,
        )
        return ChildSpec(
            name=node.name,
            start=lambda: Supervisor(specs, flags),
            restart=node.restart,
            kind="supervisor",
            significant=node.significant,
            start_timeout_s=LONG_S,
        )

    def _start_of(self, name: str) -> Callable[[], None]:
        def play() -> None:
            gevent.sleep(self.habits.slow_s.get(name, 0.0))
            match self.habits.begins(name):
                case "failed":
                    raise RuntimeError(f"{name} does not start")
                case "declined":
                    raise DeclinedError

        return play

    def _stop_of(self, name: str) -> Callable[[], None]:
        return lambda: gevent.sleep(self.habits.lazy_s.get(name, 0.0))

    def dies(self, name: str, how: str) -> None:
        cell = self.stage.cell(self.address[name])
        if how == "crash" and cell.kind == "supervisor":
            cell.mailbox.signal(TaskFailed("test", RuntimeError("crashed"), cell.incarnation))
        elif how == "crash":
            cell.ref.tell(Crash())
        elif how == "kill":
            cell.kill()
        else:
            self.stage.end(self.address[name], how)

    def ask(self, supervisor: str, request: object) -> str:
        try:
            self.stage.ask(request, self.address[supervisor], LONG_S)
        except AdministrationError as error:
            return error.why.value
        except ActorDeadError:
            return "dead"
        return "ok"

    def alive(self) -> dict[str, int]:
        cells = {name: self.stage.system.known(address) for name, address in self.address.items()}
        return {name: cell.incarnation for name, cell in cells.items() if cell is not None and cell.alive}

    def counts(self, supervisor: str) -> tuple[int, int, int, int]:
        return attrs.astuple(self.stage.ask(CountChildren(), self.address[supervisor]))


@attrs.define
class Play:
    """One random tree, and what happens to it."""

    seed: int
    chance: Random = attrs.field(init=False)
    model: Model = attrs.field(init=False)
    real: Puppets = attrs.field(init=False)
    done: list[str] = attrs.field(factory=list)
    added: int = 0

    def __attrs_post_init__(self) -> None:
        self.chance = Chance(self.seed).stream("play")
        tree = make_tree(self.chance, self.chance.choice((4, 8, 15, 30, 50)))
        self.model, self.real = Model(tree), Puppets(tree)

    def run(self, steps: int) -> int:
        """Let so many things happen; how many did before the root was over."""
        self.model.begin(self.model.root)
        self.real.start()
        self._compare()
        for step in range(steps):
            self._step()
            self._compare()
            if self.model.over:
                return step + 1
        return steps

    # -- what happens ------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        self.model.trace.clear()
        self.real.stage.events.clear()
        begun = self.model.now
        kind = self.chance.choices(("die", "habit", "hang", "ask"), (5, 2, 1, 4))[0]
        {"die": self._die, "habit": self._take_up_habit, "hang": self._hang, "ask": self._ask}[kind]()
        pause = self.chance.choice((0.01, 0.7, 3.3, 60.9))
        gevent.sleep(max(0.0, self.model.now - begun) + pause if kind != "ask" else pause)
        self.model.now += pause

    def _die(self) -> None:
        workers = sorted(name for name in self.model.alive() if name not in self.model.lives)
        everyone = sorted(self.model.alive())
        name = self.chance.choice(workers if workers and self.chance.random() < 0.8 else everyone)
        how = "kill" if name in self.model.stuck else self.chance.choice(("crash", "kill", "normal", "shutdown"))
        self.done.append(f"{name} dies: {how}")
        self.real.dies(name, how)
        self.model.dies(name, how)

    def _take_up_habit(self) -> None:
        workers = sorted(name for name in self.real.address if name in self.real.stage.scripts)
        if not workers:
            return
        name = self.chance.choice(workers)
        habit = self.chance.choice(("failing", "failing", "declining", "slow_s", "lazy_s"))
        often = self.chance.choice((1, 1, 2, 5))
        value = often if habit in {"failing", "declining"} else self.chance.uniform(0.1, 3.0)
        self.done.append(f"{name} {habit} {value}")
        for habits in (self.model.habits, self.real.habits):
            getattr(habits, habit)[name] = value

    def _hang(self) -> None:
        workers = sorted(set(self.model.alive()) - set(self.model.lives) - self.model.stuck)
        if workers:
            name = self.chance.choice(workers)
            self.done.append(f"{name} hangs")
            self.model.stuck.add(name)
            self.real.stage.cell(self.real.address[name]).ref.tell(Sleep(LONG_S * 100))

    def _ask(self) -> None:
        supervisor = self.chance.choice(sorted(self.model.lives))
        what = self.chance.choice(("terminate", "restart", "delete", "add"))
        if what == "add":
            name = self.chance.choice([f"a{self.added}", *self.model.lives[supervisor].places])
            self.added += name == f"a{self.added}"
            node = Node(name, self.chance.choice(RESTARTS), self.chance.choice((0.0, 2.2)))
            known = name in self.real.address
            spec = self.real.stage.child(name) if known else self.real.spec(node, self.real.address[supervisor])
            answers = self.model.add(supervisor, node), self.real.ask(supervisor, StartChild(spec))
        else:
            name = self.chance.choice(["nobody", *self.model.lives[supervisor].places])
            answers = (
                getattr(self.model, what)(supervisor, name),
                self.real.ask(supervisor, self._request(what, supervisor, name)),
            )
        self.done.append(f"{supervisor}: {what} {name}: {answers[0]}")
        assert answers[0] == answers[1], (self.seed, self.done)

    def _request(self, what: str, supervisor: str, name: str) -> object:
        if what == "restart":
            return RestartChild(name)
        if what == "delete":
            return DeleteChild(name)
        rules = self.model.lives[supervisor].rules
        return TerminateChild(
            self.real.stage.cell(f"{self.real.address[supervisor]}/{name}").ref if rules.dynamic else name
        )

    # -- comparing ---------------------------------------------------------------------------------------------------

    def _compare(self) -> None:
        where = (self.seed, self.done)
        assert self._in_order(self.real.stage.events) == self._in_order(self.model.trace), where
        assert self.real.alive() == self.model.alive(), where
        assert self.real.stage.system.escalations == self.model.escalations, where
        for supervisor in self.model.lives:
            assert self.real.counts(supervisor) == self.model.counts(supervisor), (*where, supervisor)

    def _in_order(self, events: list[str]) -> list[str]:
        """Children of a dynamic supervisor stop at the same time, in no order."""

        def together(event: str) -> str:
            verb, name = event.split()
            above = self.model.parent.get(name, "")
            return above if verb == "stop" and above in self._dynamic() else event

        return [event for _, run in groupby(events, together) for event in sorted(run)]

    def _dynamic(self) -> set[str]:
        def walk(node: Node) -> set[str]:
            if node.supervisor is None:
                return set()
            found = {node.name} if node.supervisor.dynamic else set()
            return found.union(*(walk(child) for child in node.supervisor.children))

        return walk(deepcopy(self.model.root))


def play_many(seeds: range, steps: int) -> int:
    """How many things happened in all."""
    return sum(Play(seed).run(steps) for seed in seeds)
