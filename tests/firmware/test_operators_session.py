"""Sessions: one person at a time, locked when nobody is there, ended when the list says so."""

from pathlib import Path

import pytest

from greenline.firmware.errors import StoreError
from greenline.firmware.operators_login import Refused
from greenline.firmware.operators_roles import MAY, Action
from greenline.protocol.operators import Role
from tests.firmware.rolls import PINS, Post, entry, sealed, without


@pytest.fixture
def post(tmp_path: Path) -> Post:
    post = Post(tmp_path)
    post.operators.receive(sealed(1))
    return post


def logged_in(post: Post, operator: str) -> str:
    token = post.sessions.login(operator, PINS[operator])
    assert isinstance(token, str)
    return token


def allowed(post: Post) -> set[Action]:
    return {action for action in Action if post.sessions.may(action)}


def test_before_a_login_nothing_is_allowed(post: Post) -> None:
    assert allowed(post) == set()
    assert not post.sessions.holds("")
    assert (post.shown.required, post.shown.operator, post.shown.may) == (True, "", ())


@pytest.mark.parametrize(
    ("operator", "role", "may"),
    [
        ("4711", "officer", {"check", "stop", "see results", "verify", "look", "purge"}),
        (
            "4712",
            "supervisor",
            {
                "check",
                "stop",
                "see results",
                "verify",
                "look",
                "override",
                "unlock",
                "purge",
                "see state",
            },
        ),
        ("4713", "auditor", {"read audit"}),
        ("4714", "technician", {"look", "test devices"}),
    ],
)
def test_each_role_may_what_the_table_says(
    post: Post, operator: str, role: str, may: set[str]
) -> None:
    logged_in(post, operator)

    assert allowed(post) == may
    assert (post.shown.operator, post.shown.role, set(post.shown.may)) == (operator, role, may)


def test_the_table_knows_every_role() -> None:
    assert set(MAY) == set(Role)


def test_a_token_is_the_sessions_alone(post: Post) -> None:
    token = logged_in(post, "4711")

    assert post.sessions.holds(token)
    assert [post.sessions.holds(each) for each in ("", token[:-1], token + "x", "x" * 43)] == [
        False
    ] * 4


def test_each_login_has_a_new_token_and_ends_the_one_before(post: Post) -> None:
    first = logged_in(post, "4711")
    second = logged_in(post, "4711")

    assert first != second
    assert (post.sessions.holds(first), post.sessions.holds(second)) == (False, True)


def test_another_person_ends_the_session(post: Post) -> None:
    first = logged_in(post, "4711")
    logged_in(post, "4712")

    assert not post.sessions.holds(first)
    assert post.shown.operator == "4712"
    assert post.ended == 1


def test_a_wrong_pin_leaves_the_session_as_it_is(post: Post) -> None:
    token = logged_in(post, "4711")

    assert isinstance(post.sessions.login("4712", "000000"), Refused)
    assert post.sessions.holds(token)


def test_logging_out_ends_it(post: Post) -> None:
    token = logged_in(post, "4711")
    post.sessions.logout("another browser's")
    assert post.sessions.holds(token)

    post.sessions.logout(token)
    assert not post.sessions.holds(token)
    assert (allowed(post), post.shown.operator, post.ended) == (set(), "", 1)


def test_it_is_locked_when_nobody_touches_anything(post: Post) -> None:
    token = logged_in(post, "4711")
    post.wait(119)
    assert post.sessions.holds(token)

    post.wait(1)
    assert not post.sessions.holds(token)
    assert allowed(post) == set()
    assert (post.shown.operator, post.shown.locked, post.shown.may) == ("4711", True, ())
    assert post.ended == 0


def test_who_touches_something_stays(post: Post) -> None:
    token = logged_in(post, "4711")
    for _ in range(10):
        post.wait(100)
        post.sessions.touch(token)

    assert post.sessions.holds(token)


def test_fingers_that_are_pressed_keep_it_open_and_open_no_lock(post: Post) -> None:
    token = logged_in(post, "4711")
    for _ in range(3):
        post.wait(100)
        post.sessions.pressed()
    assert post.sessions.holds(token)

    post.wait(120)
    post.sessions.pressed()
    assert not post.sessions.holds(token)


def test_touching_opens_no_lock_and_looking_counts_for_nothing(post: Post) -> None:
    token = logged_in(post, "4711")
    for _ in range(12):
        post.wait(10)
        post.sessions.may(Action.CHECK)
    post.sessions.touch(token)

    assert not post.sessions.holds(token)


def test_the_lock_opens_with_the_pin(post: Post) -> None:
    logged_in(post, "4711")
    post.wait(120)
    post.sessions.tend()

    token = logged_in(post, "4711")
    assert post.sessions.holds(token)
    assert not post.shown.locked


@pytest.mark.parametrize(("wished", "real"), [(30.0, 30.0), (9_999.0, 120.0)])
def test_the_lock_can_come_sooner_but_not_later(tmp_path: Path, wished: float, real: float) -> None:
    post = Post(tmp_path, idle_s=wished)
    post.operators.receive(sealed(1))
    logged_in(post, "4711")

    assert post.sessions.tend() == real
    post.wait(real)
    assert not post.sessions.may(Action.CHECK)


def test_a_shift_ends(post: Post) -> None:
    token = logged_in(post, "4711")
    for _ in range(12 * 60 - 1):
        post.wait(60)
        post.sessions.touch(token)
    assert post.sessions.holds(token)

    post.wait(60)
    assert not post.sessions.holds(token)
    assert (post.shown.operator, post.ended) == ("", 1)


@pytest.mark.parametrize(
    "entries",
    [without("4711"), (entry("4712"),), (entry("4711", role=Role.TECHNICIAN),)],
    ids=["revoked", "gone", "another role"],
)
def test_a_newer_list_ends_a_session_at_once(post: Post, entries: tuple[object, ...]) -> None:
    token = logged_in(post, "4711")

    post.operators.receive(sealed(2, *entries))  # type: ignore[arg-type]
    assert (post.shown.operator, post.ended) == ("", 1)
    assert not post.sessions.holds(token)


def test_a_newer_list_leaves_the_others_alone(post: Post) -> None:
    token = logged_in(post, "4712")

    post.operators.receive(sealed(2, *without("4711")))
    assert post.sessions.holds(token)


def test_a_list_that_is_over_ends_the_session_and_says_what_to_do(post: Post) -> None:
    logged_in(post, "4711")

    post.wait(7 * 24 * 3600)
    assert not post.sessions.may(Action.CHECK)
    assert "Ask the centre" in post.shown.words


def test_only_who_may_unlock_does(post: Post) -> None:
    for _ in range(4):
        post.logins.login("4714", "000000")
    logged_in(post, "4711")
    assert not post.sessions.unlock("4714")

    logged_in(post, "4712")
    assert post.sessions.unlock("4714")


def test_every_step_of_a_session_is_noted(post: Post) -> None:
    post.audit.events.clear()
    logged_in(post, "4711")
    post.wait(120)
    post.sessions.tend()
    token = logged_in(post, "4712")
    post.sessions.logout(token)

    assert [(who, told["outcome"]) for _, who, told in post.audit.told()] == [
        ("4711", "logged in"),
        ("4711", "locked"),
        ("4712", "logged in"),
        ("4711", "another person logged in"),
        ("4712", "logged out"),
    ]


def test_who_reads_results_is_told_and_who_does_not_is_not(post: Post) -> None:
    logged_in(post, "4711")
    assert post.sessions.reader() == "4711"
    logged_in(post, "4714")

    assert post.sessions.reader() == ""
    assert post.read_by == ["4711"]


def test_nobody_is_logged_in_when_it_cannot_be_noted_what_is_read(post: Post) -> None:
    def fails(_: str) -> None:
        raise StoreError("the disk is full")

    post.sessions.when(begun=fails, ended=lambda: None)
    with pytest.raises(StoreError):
        post.sessions.login("4711", PINS["4711"])
    assert allowed(post) == set()


def test_a_full_disk_keeps_nobody_logged_in(post: Post) -> None:
    token = logged_in(post, "4711")
    post.audit.full = True

    post.sessions.logout(token)
    assert not post.sessions.holds(token)
