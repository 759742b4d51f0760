"""`perpbot demo connections`: six scenes, each as it should go."""

import pytest
from running_system import in_process

from perpbot.cli.demo import SCENES

pytestmark = [pytest.mark.process, pytest.mark.full]


def test_all_six_scenes_go_as_they_should() -> None:
    done = in_process(["demo", "connections"])
    assert done.code == 0, done.out + done.err
    assert [line[0] for line in done.out.splitlines() if line[0].isdigit()] == list("123456")
    assert len(SCENES) == 6
    for words in ("the circuit is open: after", "quotes go on: after", "it stopped cleanly: exit code 0"):
        assert words in done.out
