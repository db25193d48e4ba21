"""Who takes a release, and when: the parts that tests of the whole client do not show."""

import datetime

from greenline.ota.policy import Device, is_due, turn
from tests.ota.repository import DAY, NOW, index_of

INDEX = index_of([b"image"], "2.0", rollout_permille=100)


def test_a_tenth_of_the_devices_are_a_tenth() -> None:
    due = [is_due(INDEX, Device(f"kiosk-{n}", "rpi4", 0), NOW) for n in range(5000)]
    assert 430 < sum(due) < 570


def test_a_device_keeps_its_turn_and_each_release_deals_anew() -> None:
    devices = [f"kiosk-{n}" for n in range(1000)]
    first = [turn(name, "2.0") for name in devices]
    assert first == [turn(name, "2.0") for name in devices]
    again = [turn(name, "2.1") for name in devices]
    assert sum(one == two for one, two in zip(first, again, strict=True)) < 10


def test_a_larger_share_keeps_those_that_had_their_turn() -> None:
    more = index_of([b"image"], "2.0", rollout_permille=300)
    for n in range(500):
        device = Device(f"kiosk-{n}", "rpi4", 0)
        assert not is_due(INDEX, device, NOW) or is_due(more, device, NOW)


def test_a_share_of_all_and_of_none() -> None:
    everybody = index_of([b"image"], "2.0", rollout_permille=1000)
    nobody = index_of([b"image"], "2.0", rollout_permille=0, deadline=NOW)
    for n in range(200):
        device = Device(f"kiosk-{n}", "rpi4", 0)
        assert is_due(everybody, device, NOW)
        assert not is_due(nobody, device, NOW - datetime.timedelta(seconds=1))
        assert is_due(nobody, device, NOW)
        assert is_due(nobody, device, NOW + DAY)
