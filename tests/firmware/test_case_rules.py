"""A site's rules for cases: what the configuration gives, and the order of fingers."""

import msgspec
import pytest

from greenline.firmware.case_rules import LANGUAGES, ORDER, PLANS, Thresholds, planned
from greenline.firmware.case_state import PurposeChoice
from greenline.firmware.config_case import CaseConfig, case_rules, only_purpose

DEFAULT = only_purpose("border-check", ("watch",), 20)


def read(toml: str) -> CaseConfig:
    return msgspec.toml.decode(toml, type=CaseConfig)


def test_without_a_configuration_there_is_the_purpose_of_the_search() -> None:
    rules = case_rules(CaseConfig(), "kiosk-07", DEFAULT, 3, 20)
    assert rules.purposes == (DEFAULT,)
    assert (rules.location, rules.usual_purpose, rules.attempts) == ("kiosk-07", "border-check", 3)
    assert rules.purpose("border-check") is DEFAULT
    assert rules.purpose("tourism") is None
    choices = rules.choices()
    assert choices.purposes == (PurposeChoice("border-check", "not-stated", 2),)
    assert (choices.plans, choices.languages, choices.face) == (PLANS, LANGUAGES, False)
    assert not choices.too_many


def test_each_purpose_has_its_own_lists_and_thresholds() -> None:
    config = read("""
        location = "gate-1"
        languages = ["en", "ar"]
        [[purposes]]
        code = "border-check"
        legal_basis = "law-1"
        lists = ["wanted"]
        [purposes.thresholds]
        little = 5
        [[purposes]]
        code = "visa"
        legal_basis = "law-2"
        plan = 10
    """)
    rules = case_rules(config, "kiosk-07", DEFAULT, 3, 20)

    assert [(each.code, each.plan, each.lists) for each in rules.purposes] == [
        ("border-check", 2, ("wanted",)),
        ("visa", 10, ("watch",)),
    ]
    first = rules.purposes[0].thresholds
    assert first == Thresholds(thumb=20, index=20, middle=20, ring=20, little=5)
    assert [first.of(finger) for finger in range(1, 11)] == [20, 20, 20, 20, 5] * 2
    assert (rules.location, rules.usual_purpose, rules.languages) == ("gate-1", "", ("en", "ar"))


def test_a_picture_of_the_face_is_refused_as_nothing_takes_one_yet() -> None:
    with pytest.raises(msgspec.ValidationError, match="not built yet"):
        read("face = true")
    assert not read("face = false").face


def test_each_finger_has_the_threshold_of_its_kind() -> None:
    each = Thresholds(thumb=1, index=2, middle=3, ring=4, little=5)
    assert [each.of(finger) for finger in range(1, 11)] == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "toml",
    [
        'languages = ["tlh"]',
        "languages = []",
        "timeout_s = 10",
        'purposes = [{code = "a", legal_basis = "b", plan = 3}]',
        'purposes = [{code = "a", legal_basis = "b"}, {code = "a", legal_basis = "c"}]',
        'purposes = [{code = "a"}]',
        'nationality = "any"',
    ],
)
def test_what_cannot_be_is_refused(toml: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(toml)


def test_who_lacks_fingers_gives_the_next_in_order_as_far_as_there_are_any() -> None:
    assert tuple(planned(2, ())) == (2, 7)
    assert tuple(planned(4, {7})) == (2, 7, 3, 8, 4)
    assert tuple(planned(10, {1, 2})) == ORDER
    assert sorted(ORDER) == list(range(1, 11))
