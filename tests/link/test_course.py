"""Which broker is tried next and after what wait, over every kind of end."""

from pathlib import Path

import pytest

from greenline.link.course import Course
from greenline.link.ended import LOST, NO_MQTT, Ended, refused
from greenline.link.reasons import Packet
from greenline.link.settings import Broker, LinkSettings

A, B, C = Broker("a", 1), Broker("b", 2), Broker("c", 3)
BUSY = refused(Packet.CONNACK, 0x89)
SHUTTING_DOWN = refused(Packet.DISCONNECT, 0x8B)
LONG_S, SHORT_S = 60.0, 1.0


def settings(*others: Broker) -> LinkSettings:
    path = Path("x.pem")
    return LinkSettings("a", "kiosk-01", path, path, path, 1, backoff_longest_s=3.0, others=others)


def course(*others: Broker) -> Course:
    """Return a course whose waits are as long as they may be."""
    return Course(settings(*others), lambda ceiling: ceiling)


def steps(one: Course, *ends: tuple[Ended, float | None]) -> list[tuple[str, float]]:
    """Return for each end which broker follows, and after what wait."""
    found = []
    for ended, up_s in ends:
        wait = one.ended(ended, up_s)
        found.append((one.broker.host, wait))
    return found


FAILED = (LOST, None)


def test_one_broker_is_tried_again_after_growing_waits() -> None:
    assert steps(course(), *[FAILED] * 5) == [
        ("a", 0.5), ("a", 1.0), ("a", 2.0), ("a", 3.0), ("a", 3.0),
    ]  # fmt: skip


def test_the_others_are_tried_at_once_the_first_time_round_and_then_with_waits() -> None:
    assert steps(course(B, C), *[FAILED] * 7) == [
        ("b", 0.0), ("c", 0.0), ("a", 0.5), ("b", 1.0), ("c", 2.0), ("a", 3.0), ("b", 3.0),
    ]  # fmt: skip


def test_after_a_later_broker_was_lost_it_is_the_first_ones_turn_again() -> None:
    one = course(B, C)

    assert steps(one, FAILED, (LOST, LONG_S)) == [("b", 0.0), ("a", 0.5)]
    assert steps(one, FAILED, FAILED, FAILED) == [("b", 0.0), ("c", 0.0), ("a", 1.0)]


def test_after_the_first_was_lost_it_is_tried_once_more_before_the_others() -> None:
    assert steps(course(B), (LOST, LONG_S), FAILED, FAILED) == [
        ("a", 0.5), ("b", 0.0), ("a", 1.0),
    ]  # fmt: skip


def test_a_broker_that_sends_us_away_is_not_asked_first() -> None:
    assert steps(course(B), (SHUTTING_DOWN, LONG_S), FAILED, FAILED) == [
        ("b", 0.5), ("a", 1.0), ("b", 2.0),
    ]  # fmt: skip


def test_a_broker_that_lets_us_in_and_drops_us_at_once_is_a_failure() -> None:
    one = course(B)

    assert steps(one, (LOST, SHORT_S), (LOST, SHORT_S), (LOST, SHORT_S)) == [
        ("b", 0.0), ("a", 0.5), ("b", 1.0),
    ]  # fmt: skip


def test_a_busy_broker_is_left_alone_for_longer_and_longer_up_to_a_bound() -> None:
    assert steps(course(), *[(BUSY, None)] * 4) == [
        ("a", 3.0), ("a", 6.0), ("a", 12.0), ("a", 12.0),
    ]  # fmt: skip


def test_beside_a_busy_broker_another_is_tried_at_once() -> None:
    assert steps(course(B), (BUSY, None), (BUSY, None)) == [("b", 0.0), ("a", 6.0)]


def test_what_only_a_technician_cures_is_tried_seldom() -> None:
    assert steps(course(), (NO_MQTT, None), (NO_MQTT, None)) == [("a", 3.0), ("a", 3.0)]


def test_a_long_service_wipes_out_what_was_before() -> None:
    one = course()
    steps(one, *[FAILED] * 9)

    assert steps(one, (LOST, LONG_S)) == [("a", 0.5)]


@pytest.mark.parametrize("reference", ["c:3", "C", "elsewhere c:3"])
def test_a_reference_to_one_of_ours_is_followed(reference: str) -> None:
    moved = refused(Packet.CONNACK, 0x9C, reference)

    assert steps(course(B, C), (moved, None)) == [("c", 0.0)]


@pytest.mark.parametrize("reference", ["stranger:3", "c:4", ""])
def test_a_reference_to_a_stranger_is_not(reference: str) -> None:
    moved = refused(Packet.DISCONNECT, 0x9D, reference)

    assert steps(course(B, C), (moved, LONG_S)) == [("b", 0.5)]


def test_two_brokers_that_send_us_to_each_other_do_not_chase_us_round() -> None:
    to_a, to_b = refused(Packet.CONNACK, 0x9C, "a:1"), refused(Packet.CONNACK, 0x9C, "b:2")

    found = steps(course(B), *[(to_b, None), (to_a, None)] * 3)

    assert found == [("b", 0.0), ("a", 0.5), ("b", 1.0), ("a", 2.0), ("b", 3.0), ("a", 3.0)]


def test_another_code_with_a_reference_sends_us_nowhere() -> None:
    assert refused(Packet.CONNACK, 0x89, "c:3").reference == ""


def test_a_broker_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names a broker twice"):
        settings(B, A)
