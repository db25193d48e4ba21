"""The judge of bench/ota_power can fail: each promise that is broken is told."""

import hashlib
from typing import Any

import pytest

from bench.ota_power.judge import Judge
from bench.ota_power.releases import Kind, Release, kind_of
from greenline.ota.autoboot import Autoboot
from greenline.ota.index import Chunk, Image, Index

A, B = 2, 3


def image(number: int) -> bytes:
    return f"release {number}".encode()


def make_release(number: int) -> Release:
    sha256 = hashlib.sha256(image(number)).hexdigest()
    index = Index(
        release=str(number),
        security_version=0,
        hardware=["rpi4"],
        bootloader_not_before=None,
        from_release_security_at_least=0,
        data_floor=0,
        image=Image(9, sha256),
        chunks=[Chunk(sha256, 9, 9)],
        rollout_permille=1000,
        deadline=None,
    )
    return Release(number, kind_of(number), sha256, index)


RELEASES = {release.image: release for release in map(make_release, range(1, 20))}


def make_judge() -> Judge:
    return Judge(RELEASES.get)


def slots(a: int, b: int) -> dict[int, bytes]:
    return {A: image(a), B: image(b)}


def floors(security: int = 0, time: int = 0, targets: int = 0) -> dict[str, Any]:
    role = {"keys": "", "version": 0, "root": 0}
    return {
        "root": 1,
        "security_version": security,
        "data": 0,
        "time": time,
        "timestamp": role,
        "snapshot": role,
        "targets": {**role, "version": targets},
    }


def state(
    release: int, *, confirmed: bool = True, unhealthy: int = 0, **told: Any
) -> dict[str, Any]:
    record = {"unhealthy_starts": unhealthy, "given_up": told.pop("given_up", {})}
    other = "a" if confirmed else "b"
    return {
        "release": str(release),
        "running": "a",
        "confirmed": other,
        "trial": not confirmed,
        "record": record,
        "floors": told.pop("floors", floors()),
    }


def test_an_update_that_goes_well_is_no_fault() -> None:
    judge = make_judge()
    judge.see_card(Autoboot(A, B).encode(), slots(1, 2))
    judge.see_start(image(2), trial=True)
    judge.hear_state(state(2))
    judge.see_card(Autoboot(B, A).encode(), slots(1, 2))
    judge.hear_state(state(2, floors=floors(security=0, time=9)))
    assert (judge.faults, judge.confirmed) == ([], 2)


@pytest.mark.parametrize("autoboot", [None, b"", Autoboot(A, B).encode()[:-1] + b"x"])
def test_an_autoboot_that_cannot_be_used_is_told(autoboot: bytes | None) -> None:
    judge = make_judge()
    judge.see_card(autoboot, slots(1, 2))
    assert judge.tally == {"FAULT unbootable": 1}


def test_a_slot_with_a_flipped_bit_is_told() -> None:
    judge = make_judge()
    broken = bytes([image(1)[0] ^ 1]) + image(1)[1:]
    judge.see_card(Autoboot(A, B).encode(), {A: broken, B: image(2)})
    judge.see_start(broken, trial=True)
    assert judge.tally == {"FAULT unbootable": 2}


def test_a_confirmation_that_is_lost_is_told() -> None:
    judge = make_judge()
    judge.hear_state(state(4))
    judge.see_card(Autoboot(A, B).encode(), slots(2, 4))
    assert judge.faults == ["lost: release 4 was announced as confirmed, now it is 2"]


def test_a_sick_release_that_is_confirmed_is_told() -> None:
    judge = make_judge()
    assert kind_of(3) is Kind.SENSOR
    judge.see_card(Autoboot(B, A).encode(), slots(2, 3))
    assert judge.tally["FAULT sick"] == 1


def test_going_back_after_three_starts_without_health_is_counted_apart() -> None:
    judge = make_judge()
    judge.hear_state(state(2))
    for _ in range(3):
        judge.see_start(image(2), trial=False)
    judge.see_card(Autoboot(A, B).encode(), slots(1, 2))
    assert judge.faults == []
    assert sum(judge.tally.values()) == 1


def test_health_ends_that_count() -> None:
    judge = make_judge()
    judge.hear_state(state(2))
    judge.see_start(image(2), trial=False)
    judge.see_start(image(2), trial=False)
    judge.hear_state(state(2))
    judge.see_start(image(2), trial=False)
    judge.see_card(Autoboot(A, B).encode(), slots(1, 2))
    assert judge.tally == {"FAULT lost": 1}


def test_a_floor_that_falls_is_told() -> None:
    judge = make_judge()
    judge.hear_state(state(6, floors=floors(security=2, time=50, targets=7)))
    judge.hear_state(state(6, floors=floors(security=1, time=49, targets=6)))
    assert judge.tally == {"FAULT floor": 3}


def test_a_floor_that_rises_before_the_confirmation_is_told() -> None:
    judge = make_judge()
    judge.hear_state(state(2))
    judge.hear_state(state(6, confirmed=False, floors=floors(security=2)))
    assert judge.tally == {"FAULT floor": 1}


def test_a_release_that_was_given_up_and_is_forgotten_is_told() -> None:
    judge = make_judge()
    judge.hear_state(state(2, given_up={"abc": "trial-failed-sensor"}))
    judge.hear_state(state(2))
    assert judge.tally == {"FAULT lost": 1}
