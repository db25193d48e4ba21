"""When bench/ota_power cuts, and what it cuts: every stage comes up, and the card is a Pi's."""

import random
import shutil
from pathlib import Path

import pytest

from bench.ota_power.layout import CARD_BYTES, PLACES, A, B, make_card, take_off
from bench.ota_power.plan import MOST_STAGES, STAGES, Course, Plan, stage_name
from bench.ota_power.releases import Kind, data_floor_of, kind_of, security_of
from bench.ota_power.watching import Pursuit
from greenline.ota.autoboot import Autoboot
from greenline.ota.simulated_pi import ImageSector, SimulatedPi


def test_every_stage_is_drawn_by_request_and_by_time() -> None:
    chance, course = random.Random(1), Course()
    course.passed("install", 40, 2.0)
    plans = [course.draw(chance) for _ in range(600)]
    assert {plan.stage for plan in plans} == set(STAGES)
    install = [plan for plan in plans if plan.stage == "install"]
    by_request = [plan.requests for plan in install if plan.requests]
    assert 30 < max(by_request) <= 41
    assert all(0 <= plan.seconds <= 2.0 for plan in install)
    assert {plan.after for plan in install} == {False, True}
    assert 0 < sum(not plan.requests for plan in install) < len(by_request)


@pytest.mark.parametrize(
    ("name", "trial", "stage"),
    [
        ("boot", True, "boot of a trial"),
        ("boot", False, "boot"),
        ("fetch", True, "fetch"),
        ("trial", True, "trial of a trial"),
    ],
)
def test_a_stage_has_the_name_that_plans_use(name: str, trial: bool, stage: str) -> None:
    assert stage_name(name, trial=trial) == stage
    assert stage in STAGES


def test_a_stage_that_does_not_come_up_is_waited_for_no_longer() -> None:
    pursuit = Pursuit(Plan("fetch", 1, 0, after=False, keeping=0))
    assert [pursuit.is_due("boot") for _ in range(MOST_STAGES + 1)] == [False] * MOST_STAGES + [
        True
    ]
    assert Pursuit(pursuit.plan).is_due("fetch")
    assert not Pursuit().is_due("fetch")


def test_sick_releases_of_both_kinds_come_up_and_versions_never_fall() -> None:
    kinds = [kind_of(number) for number in range(1, 21)]
    assert [kinds.count(kind) for kind in Kind] == [16, 2, 2]
    assert kind_of(1) is kind_of(2) is Kind.WELL
    for version in (security_of, data_floor_of):
        versions = [version(number) for number in range(1, 40)]
        assert versions == sorted(versions)


def test_the_card_starts_a_simulated_pi(tmp_path: Path) -> None:
    for tool in ("mkfs.fat", "mcopy", "mke2fs"):
        if shutil.which(tool, path="/usr/bin:/usr/sbin:/bin:/sbin") is None:
            pytest.skip(f"{tool} is missing: apt install dosfstools mtools e2fsprogs")
    image = bytes(510) + b"\x55\xaa" + b"the release"
    card = tmp_path / "card"
    make_card(card, tmp_path, image, b"index")
    assert card.stat().st_size == CARD_BYTES
    parts = {number: tmp_path / f"p{number}" for number in PLACES}
    contents = {number: take_off(card, number, path) for number, path in parts.items()}
    assert contents[A].startswith(image)
    assert contents[B].strip(b"\0") == b""
    assert contents[4][1080:1082] == b"\x53\xef"  # ext4's mark
    assert ImageSector(parts[1]).read() == Autoboot(A, B).encode()
    pi = SimulatedPi(parts[1], {A: parts[A], B: parts[B]}, tmp_path / "pi")
    assert pi.power_on() == A
