"""Passwords, tokens and tickets: what is good, for how long, and how often."""

from pathlib import Path
from typing import Any

import gevent
import jwt
import pytest

from perpbot.simulation.world import in_world
from perpbot.web.attempts import ALL_FAILURES, FAILURES, Attempts
from perpbot.web.operator import OperatorFileError, find_operator
from perpbot.web.tokens import ACCESS_S, REFRESH_S, TICKET_S, NoTokenError, Scope, Tokens

KEY = b"k" * 32
CHEAP = 2**4


def tokens() -> Tokens:
    return Tokens(KEY)


def refused(function: Any, *arguments: Any) -> str:
    with pytest.raises(NoTokenError) as caught:
        function(*arguments)
    return str(caught.value)


@in_world()
def test_an_access_token_says_who_and_what_for_a_quarter_of_an_hour() -> None:
    issuer = tokens()
    pair = issuer.issue("operator", [Scope.READ])
    gevent.sleep(ACCESS_S - 1)
    caller = issuer.check(pair.access)
    assert (caller.name, caller.scopes) == ("operator", frozenset({Scope.READ}))
    gevent.sleep(1)
    assert refused(issuer.check, pair.access) == "the token has expired"


@in_world()
def test_a_refresh_token_works_once_and_its_second_use_ends_the_session() -> None:
    issuer = tokens()
    first = issuer.issue("operator", [Scope.READ])
    second = issuer.refresh(first.refresh)
    issuer.check(second.access)
    assert "used before" in refused(issuer.refresh, first.refresh)
    assert "session is over" in refused(issuer.check, second.access)
    assert "session is over" in refused(issuer.refresh, second.refresh)


@in_world()
def test_a_refresh_token_expires() -> None:
    issuer = tokens()
    pair = issuer.issue("operator", [Scope.READ])
    gevent.sleep(REFRESH_S)
    assert "expired" in refused(issuer.refresh, pair.refresh)


@in_world()
def test_a_session_that_was_ended_has_no_good_token_left() -> None:
    issuer = tokens()
    pair = issuer.issue("operator", [Scope.READ])
    ticket = issuer.ticket(issuer.check(pair.access))
    issuer.end(issuer.check(pair.access).session)
    assert "session is over" in refused(issuer.check, pair.access)
    assert issuer.redeem(ticket) is None


@in_world()
def test_a_ticket_works_once_and_for_a_minute() -> None:
    issuer = tokens()
    caller = issuer.check(issuer.issue("operator", [Scope.READ]).access)
    ticket, late = issuer.ticket(caller), issuer.ticket(caller)
    assert issuer.redeem(ticket) == caller
    assert issuer.redeem(ticket) is None
    gevent.sleep(TICKET_S)
    assert issuer.redeem(late) is None
    assert issuer.redeem("") is None


FORGED: dict[str, tuple[dict[str, Any], Any, str]] = {
    "another key": ({}, b"x" * 32, "HS256"),
    "no signature": ({}, None, "none"),
    "another audience": ({"aud": "other"}, KEY, "HS256"),
    "no expiry": ({"exp": None}, KEY, "HS256"),
    "no subject": ({"sub": None}, KEY, "HS256"),
    "another algorithm": ({}, KEY + KEY, "HS512"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_is_not_signed_by_us_as_we_sign_is_no_token(case: str) -> None:
    in_world()(lambda: check_forged(*FORGED[case]))()


def check_forged(changes: dict[str, Any], key: Any, algorithm: str) -> None:
    issuer = tokens()
    good = issuer.issue("operator", [Scope.READ]).access
    claims = jwt.decode(good, options={"verify_signature": False}) | changes
    token = jwt.encode({name: each for name, each in claims.items() if each is not None}, key, algorithm=algorithm)
    assert refused(issuer.check, token) == "this is not a token of ours"


@in_world()
def test_a_refresh_token_is_no_access_token_and_the_other_way_round() -> None:
    issuer = tokens()
    pair = issuer.issue("operator", [Scope.READ])
    assert "not an access token" in refused(issuer.check, pair.refresh)
    assert "not a refresh token" in refused(issuer.refresh, pair.access)


@in_world()
def test_after_five_wrong_passwords_one_address_waits_and_the_others_do_not() -> None:
    attempts = Attempts()
    for _ in range(FAILURES):
        assert attempts.wait_s("10.0.0.1") == 0
        attempts.failed("10.0.0.1")
    assert 0 < attempts.wait_s("10.0.0.1") <= 60
    assert attempts.wait_s("10.0.0.2") == 0
    gevent.sleep(60)
    assert attempts.wait_s("10.0.0.1") == 0


@in_world()
def test_guessing_from_many_addresses_makes_everybody_wait() -> None:
    attempts = Attempts()
    for number in range(ALL_FAILURES):
        attempts.failed(f"10.0.0.{number}")
    assert attempts.wait_s("10.0.1.1") > 0


def test_the_password_is_made_once_and_only_its_hash_is_kept_for_us_alone(tmp_path: Path) -> None:
    operator, password = find_operator(tmp_path, cost=CHEAP)
    again, none = find_operator(tmp_path)
    file = tmp_path / "operator.json"
    assert password is not None
    assert none is None
    assert again == operator
    assert again.knows(password)
    assert not again.knows(password + "x")
    assert not again.knows("x" * 10_000)
    assert file.stat().st_mode & 0o777 == 0o600
    assert password not in file.read_text()
    assert password not in repr(operator)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("{}", 0o600, "is not an operator's file; remove it"),
        ("nonsense", 0o600, "is not an operator's file; remove it"),
        ("{}", 0o644, "can be read by others; chmod 600"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_to_do(content: str, mode: int, said: str, tmp_path: Path) -> None:
    file = tmp_path / "operator.json"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(OperatorFileError) as caught:
        find_operator(tmp_path)
    assert said in str(caught.value)
    assert str(file) in str(caught.value)
