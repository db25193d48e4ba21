"""Logging in: who is right gets in, who is wrong waits, and no restart gives a try for free."""

import time
from pathlib import Path

import pytest

from greenline.firmware.errors import StoreError
from greenline.firmware.operators_login import Person, Refused, Why
from greenline.firmware.operators_wording import words_of
from greenline.protocol.operators import Role
from tests.firmware.rolls import PINS, Post, cheap, entry, sealed, without

OFFICER = Person("4711", Role.OFFICER)
WRONG = "000000"


@pytest.fixture
def post(tmp_path: Path) -> Post:
    post = Post(tmp_path)
    post.operators.receive(sealed(1))
    post.audit.events.clear()
    return post


def wrongly(post: Post, operator: str, times: int) -> list[int]:
    """Try a wrong PIN so often, each as soon as one may; return the waits that followed."""
    waits = []
    for _ in range(times):
        found = post.logins.login(operator, WRONG)
        assert isinstance(found, Refused)
        assert found.why is Why.WRONG
        waits.append(found.wait_ms // 1000)
        post.wait(found.wait_ms / 1000)
    return waits


def test_the_right_pin_lets_in(post: Post) -> None:
    assert post.logins.login("4711", PINS["4711"]) == OFFICER
    assert post.audit.told() == [("login", "4711", {"outcome": "logged in", "role": "officer"})]


def test_spaces_and_capitals_of_an_operator_do_not_matter(tmp_path: Path) -> None:
    post = Post(tmp_path)
    anna = entry("4711", id="post-a7", verifier=cheap("829157", "post-a7"))
    post.operators.receive(sealed(1, anna))

    assert post.logins.login(" Post-A7 ", "829157") == Person("post-a7", Role.OFFICER)


@pytest.mark.parametrize(
    ("operator", "pin"),
    [
        ("4711", WRONG),
        ("4711", ""),
        ("4711", PINS["4712"]),
        ("4711", PINS["4711"] + "0"),
        ("4719", PINS["4711"]),
        ("", ""),
        ("x" * 10_000, "y" * 10_000),
    ],
)
def test_everything_else_is_wrong_in_the_same_words(post: Post, operator: str, pin: str) -> None:
    found = post.logins.login(operator, pin)

    assert found == Refused(Why.WRONG)
    assert words_of(found) == "Operator or PIN is wrong."


def test_a_revoked_operator_is_answered_like_an_unknown_one(post: Post) -> None:
    post.operators.receive(sealed(2, *without("4711")))

    assert post.logins.login("4711", PINS["4711"]) == post.logins.login("4719", WRONG)


def test_an_unknown_operator_takes_the_same_time_as_a_wrong_pin(tmp_path: Path) -> None:
    post = Post(tmp_path)
    from greenline.protocol.pins import PinVerifier  # noqa: PLC0415  # its usual price, here only

    post.operators.receive(sealed(1, entry("4711", verifier=PinVerifier.of("829157", "4711"))))

    def cost(operator: str) -> float:
        begin = time.thread_time()
        post.logins.login(operator, WRONG)
        return time.thread_time() - begin

    known, unknown = [], []
    for _ in range(4):
        known.append(cost("4711"))
        unknown.append(cost("4719"))
        post.operators.keep(post.operators.kept.__class__(**{
            name: getattr(post.operators.kept, name)
            for name in post.operators.kept.__struct_fields__
            if name not in {"tries", "kiosk"}
        }))  # fmt: skip
    # What is compared is work, not the clock: without the decoy it is a hundredth.
    assert 0.4 < min(known) / min(unknown) < 2.5


def test_after_five_wrong_pins_the_right_one_has_to_wait_too(post: Post) -> None:
    assert wrongly(post, "4711", 4) == [0, 0, 0, 0]
    fifth = post.logins.login("4711", WRONG)
    assert fifth == Refused(Why.WRONG, 60_000)

    post.wait(59)
    locked = post.logins.login("4711", PINS["4711"])
    assert locked == Refused(Why.LOCKED, 1_000)
    assert words_of(locked) == "Too many wrong tries. Try again in 1 s."
    post.wait(1)
    assert post.logins.login("4711", PINS["4711"]) == OFFICER


def test_the_waits_grow_and_an_unknown_operator_waits_as_long(post: Post) -> None:
    known = wrongly(post, "4711", 9)
    assert known == [0, 0, 0, 0, 60, 120, 240, 480, 960]

    assert post.logins.login("4711", PINS["4711"]) == OFFICER  # the kiosk's count begins anew
    assert wrongly(post, "4719", 9) == known


def test_who_is_right_begins_anew(post: Post) -> None:
    wrongly(post, "4711", 4)
    post.logins.login("4711", PINS["4711"])

    assert wrongly(post, "4711", 4) == [0, 0, 0, 0]


def test_ones_own_pin_gives_no_tries_at_anothers(post: Post) -> None:
    for _ in range(4):
        wrongly(post, "4712", 1)
        assert post.logins.login("4711", PINS["4711"]) == OFFICER

    assert post.logins.login("4712", WRONG) == Refused(Why.WRONG, 60_000)


def test_going_through_many_accounts_locks_the_kiosk(post: Post) -> None:
    answers = [post.logins.login(operator, WRONG) for operator in ("4711", "4712", "4713", "4714")]
    assert answers == [Refused(Why.WRONG)] * 4
    assert post.logins.login("4719", WRONG) == Refused(Why.WRONG, 30_000)

    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.LOCKED, 30_000)
    post.wait(30)
    assert post.logins.login("4711", PINS["4711"]) == OFFICER


def test_a_restart_gives_no_free_tries(post: Post) -> None:
    for _ in range(5):
        post.logins.login("4711", WRONG)
        post.start()

    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.LOCKED, 60_000)


def test_nor_does_a_restart_of_the_machine(post: Post) -> None:
    wrongly(post, "4711", 4)
    post.logins.login("4711", WRONG)
    post.wait(50)

    post.boot()
    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.LOCKED, 60_000)
    post.wait(59)
    post.start()  # the same boot: nothing begins anew
    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.LOCKED, 1_000)


def test_nor_does_a_clock_set_forward(post: Post) -> None:
    for _ in range(5):
        post.logins.login("4711", WRONG)

    post.set_clock(days=1)
    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.LOCKED, 60_000)


def test_the_try_is_on_the_card_before_the_pin_is_looked_at(post: Post) -> None:
    post.audit.full = True  # what comes after the count fails
    for _ in range(5):
        with pytest.raises(StoreError):
            post.logins.login("4711", PINS["4711"])

    post.audit.full = False
    post.start()
    assert post.logins.login("4711", PINS["4711"]) == Refused(Why.LOCKED, 60_000)


def test_a_try_that_cannot_be_kept_is_none(post: Post, tmp_path: Path) -> None:
    (tmp_path / "kiosk.store-operators.new").mkdir()  # where the next state would be written

    with pytest.raises(StoreError):
        post.logins.login("4711", PINS["4711"])
    assert post.audit.events == []


def test_strangers_names_take_no_room_and_reset_nobody(post: Post) -> None:
    wrongly(post, "4711", 4)
    for number in range(200):
        found = post.logins.login(f"stranger-{number}", WRONG)
        assert isinstance(found, Refused)
        post.wait(found.wait_ms / 1000)

    assert len(post.operators.kept.tries) <= 65
    assert post.logins.login("4711", WRONG).wait_ms > 30_000  # type: ignore[union-attr]  # refused


def test_what_a_stranger_types_is_not_in_the_log(post: Post) -> None:
    wrongly(post, "829157", 5)
    wrongly(post, "4711", 1)

    assert {(kind, who) for kind, who, _ in post.audit.told()} == {
        ("login", "person not logged in"),
        ("lock-out", "person not logged in"),
        ("login", "4711"),
        ("lock-out", "4711"),
    } - {("lock-out", "4711")}


def test_a_lock_out_is_noted_with_its_tries(post: Post) -> None:
    wrongly(post, "4711", 6)

    assert [each for each in post.audit.told() if each[0] == "lock-out"] == [
        ("lock-out", "4711", {"tries": 5}),
        ("lock-out", "4711", {"tries": 6}),
    ]


def test_without_a_list_or_with_one_that_is_over_the_words_say_what_to_do(tmp_path: Path) -> None:
    post = Post(tmp_path)
    none = post.logins.login("4711", PINS["4711"])
    post.operators.receive(sealed(1))
    post.wait(8 * 24 * 3600)
    over = post.logins.login("4711", PINS["4711"])

    assert (none, over) == (Refused(Why.NO_LIST), Refused(Why.EXPIRED))
    assert "Ask the centre to send one" in words_of(Refused(Why.NO_LIST))
    assert "Ask the centre to send a new one" in words_of(Refused(Why.EXPIRED))


def test_a_supervisor_ends_an_accounts_wait(post: Post) -> None:
    wrongly(post, "4711", 4)
    post.logins.login("4711", WRONG)
    post.wait(30)  # the kiosk's own wait

    assert post.logins.unlock("4711", by="4712")
    assert post.logins.login("4711", PINS["4711"]) == OFFICER
    assert ("override", "4712", {"what": "lock-out", "operator": "4711"}) in post.audit.told()
    assert not post.logins.unlock("4711", by="4712")
    assert not post.logins.unlock("stranger", by="4712")


class TestAPinThatWasGivenOut:
    """Somebody else knows it: its operator chooses another before anything else."""

    @pytest.fixture
    def post(self, tmp_path: Path) -> Post:
        post = Post(tmp_path)
        post.operators.receive(sealed(1, entry("4711", must_change=True)))
        return post

    def test_it_has_to_be_replaced(self, post: Post) -> None:
        assert post.logins.login("4711", PINS["4711"]) == Refused(Why.CHOOSE)

    @pytest.mark.parametrize("new", ["123456", "12345", PINS["4711"], "111111"])
    def test_the_new_one_has_to_be_fit_and_another(self, post: Post, new: str) -> None:
        found = post.logins.login("4711", PINS["4711"], new)

        assert isinstance(found, Refused)
        assert found.why is Why.UNFIT
        assert words_of(found)

    def test_then_only_the_new_one_counts_also_after_a_restart(self, post: Post) -> None:
        assert post.logins.login("4711", PINS["4711"], "284610") == OFFICER

        post.start()
        assert post.logins.login("4711", "284610") == OFFICER
        assert post.logins.login("4711", PINS["4711"]) == Refused(Why.WRONG)

    def test_a_wrong_pin_chooses_nothing(self, post: Post) -> None:
        assert post.logins.login("4711", WRONG, "284610") == Refused(Why.WRONG)
        assert post.logins.login("4711", "284610") == Refused(Why.WRONG)

    def test_a_newer_list_keeps_it_and_a_reset_ends_it(self, post: Post) -> None:
        post.logins.login("4711", PINS["4711"], "284610")
        post.operators.receive(sealed(2, entry("4711", must_change=True)))
        assert post.logins.login("4711", "284610") == OFFICER

        reset = entry("4711", must_change=True, verifier=cheap("507391", "4711"))
        post.operators.receive(sealed(3, reset))
        assert post.logins.login("4711", "284610") == Refused(Why.WRONG)
        assert post.logins.login("4711", "507391") == Refused(Why.CHOOSE)
