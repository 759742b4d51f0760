"""Channels are made from references only, and their secrets show nowhere."""

from pathlib import Path
from typing import Any

import pytest

from perpbot.alerts.alert import Severity
from perpbot.alerts.wording import Message
from perpbot.config.alerts import Alerts, Channel
from perpbot.delivery import service
from perpbot.delivery.channels import open_channels
from perpbot.delivery.errors import ChannelError, DeliveryError
from perpbot.delivery.service import Service
from perpbot.delivery.sound import play
from perpbot.delivery.webhook import Webhook
from perpbot.masking import Mask

TOKEN = "123456789:abcdefg_hijklmnop"  # noqa: S105 - it opens nothing
MESSAGE = Message(title="t", body="b", severity=Severity.ERROR)


def alerts(*urls: str) -> Alerts:
    return Alerts(channels=tuple(Channel(name=f"c{number}", url=url) for number, url in enumerate(urls)))


def test_every_way_to_refer_to_a_secret_leads_to_it_and_the_mask_learns_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "hook").write_text("https://example.com/hooks/PATHSECRET\n")
    environment = {
        "TOKEN": TOKEN,
        "MAIL": "mailtos://me:MAILSECRET@example.com",
        "CREDENTIALS_DIRECTORY": str(tmp_path),
    }
    mask = Mask()
    made = open_channels(
        alerts("tgram://${TOKEN}/12315544", "env:MAIL", "cred:hook", f"file:{tmp_path}/hook"), environment, mask
    )
    assert [type(each) for each in made.values()] == [Service, Service, Webhook, Webhook]
    text = mask(f"{TOKEN} MAILSECRET x/PATHSECRET/y abcdefg_hijklmnop")
    assert not any(each in text for each in (TOKEN, "MAILSECRET", "PATHSECRET", "hijklmnop"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("env:NOWHERE", "the environment has no NOWHERE"),
        ("cred:hook", "CREDENTIALS_DIRECTORY"),
        ("file:/nowhere/hook", "cannot be read"),
        ("tgram://${NOWHERE}/1", "^alert channel .*: environment variable NOWHERE is not set; .* in alerts.yaml$"),
        ("env:EMPTY", "no EMPTY"),
        ("env:NONSENSE", "apprise does not understand"),
        ("env:JSON", "a webhook is written https"),
    ],
)
def test_a_secret_that_is_not_there_or_of_no_use_is_named_and_not_shown(url: str, words: str) -> None:
    environment = {"EMPTY": "", "NONSENSE": f"nosuch://{TOKEN}", "JSON": f"json://localhost/{TOKEN}"}
    with pytest.raises(ChannelError, match=words) as caught:
        open_channels(alerts(url), environment, Mask())
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("url", [f"tgram://{TOKEN}/1", "https://example.com/hook", "env:", "cred:../key", "file:x"])
def test_a_secret_itself_is_refused_in_a_file_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="expected a reference") as caught:
        alerts(url)
    assert TOKEN not in str(caught.value)


def test_no_apprise_is_loaded_and_nothing_is_made_where_no_channel_is_on() -> None:
    off = Alerts(channels=(Channel(name="off", url="env:NOWHERE", enabled=False),))
    assert open_channels(off, {}, Mask()) == {}
    assert "apprise" not in vars(service)


def test_what_a_service_says_went_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Service("phone", f"tgram://{TOKEN}/12315544")
    plugin: Any = made._plugin

    def send(*_: Any, **__: Any) -> bool:
        plugin.logger.warning("Failed to send: Unauthorized, error=401.")
        return False

    monkeypatch.setattr(type(plugin), "send", send)
    with pytest.raises(DeliveryError, match="Unauthorized, error=401"):
        made.send(MESSAGE)
    assert plugin.redirects is False


@pytest.mark.parametrize(
    ("command", "words"),
    [(("false",), "exit code 1"), (("no-such-player",), "no-such-player cannot be run: No such file or directory")],
)
def test_a_sound_that_cannot_be_made_says_why(command: tuple[str, ...], words: str) -> None:
    play(("true",))
    with pytest.raises(DeliveryError, match=words):
        play(command)
