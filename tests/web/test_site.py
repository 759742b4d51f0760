"""Where the console is served, and what is said when that is not possible."""

import re
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from perpbot.config.web import Web
from perpbot.web.site import SiteError, open_site


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens at."""
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        yield other.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_is_refused_in_one_sentence(taken: int, tmp_path: Path) -> None:
    with pytest.raises(SiteError) as caught:
        open_site(Web(), taken, tmp_path)
    told = f"the console cannot be served at 127.0.0.1:{taken}: another program listens there"
    assert str(caught.value) == f"{told}; give another --port, or --no-web"


def test_a_configured_port_that_is_taken_gives_way_to_a_free_one_and_says_so(taken: int, tmp_path: Path) -> None:
    site = open_site(Web(port=taken), None, tmp_path)
    with closing(site.listener):
        port = site.listener.getsockname()[1]
        assert port != taken
        assert site.url == f"http://127.0.0.1:{port}"
        assert f"127.0.0.1:{taken} is taken" in site.notes[0]


def test_where_the_password_is_is_told_at_each_start(tmp_path: Path) -> None:
    kept = tmp_path / "operator.password"
    for _ in range(2):
        site = open_site(Web(port=0), None, tmp_path)
        site.listener.close()
        (note,) = site.notes
        another = f"(rm {tmp_path}/operator.json for another)"
        assert note == f"Sign in with the password in {kept}; remove that file when you have it {another}."
        assert not site.invitation
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert site.operator.knows(kept.read_text().strip())
    kept.unlink()
    site = open_site(Web(port=0), None, tmp_path)
    site.listener.close()
    assert site.notes == (f"Sign in with the password of the first start (rm {tmp_path}/operator.json for another).",)
    assert not kept.exists()


def test_on_a_terminal_the_password_is_shown_and_kept_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    site = open_site(Web(port=0), None, tmp_path)
    site.listener.close()
    shown = re.fullmatch(r"Sign in with the password (\S+) \(shown this once; rm .*\)\.", site.notes[0])
    assert shown
    assert site.operator.knows(shown[1])
    assert site.invitation == f"Sign in at {site.url} with the password {shown[1]}"
    assert [each.name for each in tmp_path.iterdir()] == ["operator.json"]


def test_a_password_that_was_kept_is_forgotten_when_a_terminal_shows_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_site(Web(port=0), None, tmp_path).listener.close()
    (tmp_path / "operator.json").unlink()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for told in ("shown this once", "the password of the first start"):
        site = open_site(Web(port=0), None, tmp_path)
        site.listener.close()
        assert told in site.notes[0], "not where an older one is"


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match=r"web.tls_cert none.pem and web.tls_key none.key cannot be used: No such file"):
        open_site(Web(tls_cert="none.pem", tls_key="none.key"), 0, tmp_path)


REFUSED = {
    "wide": ({"host": "0.0.0.0"}, "would travel unencrypted"),  # noqa: S104 - that is the point
    "no address": ({"host": "1.2.3"}, "is not an IP address"),
    "half a certificate": ({"tls_cert": "a.pem"}, "go together"),
    "too many streams": ({"stream_clients": 300}, "must be less than connections"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_settings_that_would_be_unsafe_are_refused(case: str) -> None:
    settings, said = REFUSED[case]
    with pytest.raises(ValueError, match=said):
        Web(**settings)  # type: ignore[arg-type]


def test_a_wide_address_is_fine_behind_a_proxy_that_encrypts() -> None:
    assert not Web(host="0.0.0.0", public_url="https://perpbot.example").local  # noqa: S104 - behind a proxy
