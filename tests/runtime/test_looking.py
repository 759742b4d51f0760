"""What somebody who looks at an actor sees of its mailbox and of those around it."""

import pytest
from runtime_actors import Do, Note, Notebook, Sleep, quiet_system, settle, spawn

from actors.runtime import MailboxSpec
from perpbot.simulation.world import in_world, run_forked
from supervisors.inspection import inspect

IN_ORDER = MailboxSpec()
LATEST = MailboxSpec(latest_by=lambda message: getattr(message, "what", None))
URGENT = MailboxSpec(priority=lambda _: 0)


def waiting(_world: object, spec: MailboxSpec) -> dict[str, int]:
    system = quiet_system()
    ref = system.spawn(Notebook, "/notebook", mailbox=spec)
    ref.tell(Sleep(1.0))
    settle()
    for message in (Note(1), Note(2), Sleep(1.0)):
        ref.tell(message)
    shown: dict[str, int] = inspect(system, {}, "/notebook", None)["mailbox"]["waiting"]
    return shown


@pytest.mark.parametrize("spec", [IN_ORDER, LATEST, URGENT], ids=["in order", "latest", "most urgent"])
def test_the_types_of_what_waits_are_counted_in_every_kind_of_mailbox(spec: MailboxSpec) -> None:
    assert run_forked(waiting, 1, spec) == {"Note": 2, "Sleep": 1}


@in_world()
def test_who_watches_and_who_subscribed_is_shown_on_both_sides() -> None:
    system = quiet_system()
    seen = spawn(system, "/seen")
    spawn(system, "/seeing").ask(Do(lambda actor: (actor.watch(seen), actor.subscribe("/seen", "news"))))
    shown = inspect(system, {}, "/seen", None)
    assert shown["watchers"] == ["/seeing"]
    assert shown["subscribers"] == {"news": ["/seeing"]}
    assert inspect(system, {}, "/seeing", None)["subscribed_to"] == ["/seen"]
