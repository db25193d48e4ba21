import datetime
from pathlib import Path

import pytest

from greenline.ota.autoboot import Autoboot, AutobootError
from greenline.ota.errors import CardError, RefusedError
from greenline.ota.fat_image import FatError
from greenline.ota.reasons import Reason
from greenline.ota.sector_file import MountedSector, lay_out
from greenline.ota.simulated_pi import (
    WALKS_SINCE,
    ImageSector,
    SimulatedPi,
    UnbootableError,
    fat_of,
)
from greenline.ota.tryboot import BootloaderError, TrybootControl
from tests.ota.machines import A, B, Device, make_release, make_selector, pi_device

OLD = datetime.date(2022, 9, 1)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    made = pi_device(tmp_path)
    made.boot.confirmed().place.with_name("b.img").write_bytes(make_release("2").image)
    made.machine.power_on()
    return made


def test_committing_changes_one_sector_of_the_card_and_nothing_else(device: Device) -> None:
    selector = device.folder / "selector.img"
    before = selector.read_bytes()

    device.boot.fall_back()

    after = selector.read_bytes()
    assert len(after) == len(before)
    changed = [
        at for at in range(0, len(after), 512) if after[at : at + 512] != before[at : at + 512]
    ]
    with fat_of(selector) as fat:
        assert changed == [fat.place_of("AUTOBOOT.TXT")]
        assert fat.read("AUTOBOOT.TXT") == Autoboot(B, A).encode()


def test_a_trial_asks_for_the_reboot_that_the_bootloader_understands(device: Device) -> None:
    device.boot.begin_trial(device.boot.other())

    param = device.folder / "root/run/systemd/reboot-param"
    assert param.read_text() == "0 tryboot\n"


@pytest.mark.parametrize("day", [OLD, None])
def test_a_bootloader_that_cannot_try_a_slot_is_refused(
    device: Device, tmp_path: Path, day: datetime.date | None
) -> None:
    assert isinstance(device.machine, SimulatedPi)
    device.machine.bootloader = day or OLD
    device.machine.power_on()
    if day is None:
        (tmp_path / "root/proc/device-tree/chosen/bootloader/build-timestamp").unlink()

    assert device.boot.bootloader_date() == day
    with pytest.raises(RefusedError) as refused:
        device.boot.begin_trial(device.boot.other())

    assert refused.value.code is Reason.BOOTLOADER_TOO_OLD
    assert not (tmp_path / "root/run/systemd/reboot-param").exists()


@pytest.mark.parametrize("name", ["partition", "tryboot"])
def test_without_the_device_tree_nothing_is_believed(device: Device, name: str) -> None:
    (device.folder / "root/proc/device-tree/chosen/bootloader" / name).unlink()

    with pytest.raises(BootloaderError, match=name):
        device.boot.is_trial()


def test_a_partition_that_is_no_slot_is_named(device: Device) -> None:
    told = device.folder / "root/proc/device-tree/chosen/bootloader/partition"
    told.write_bytes(b"\0\0\0\x07")

    with pytest.raises(BootloaderError, match="partition 7"):
        device.boot.running()


def test_a_damaged_autoboot_is_never_written_over(tmp_path: Path) -> None:
    make_selector(tmp_path / "selector.img", Autoboot(A, B).encode().replace(b"all", b"ALL"))
    device = pi_device_with(tmp_path)

    with pytest.raises(AutobootError):
        device.fall_back()


def test_other_partitions_than_the_configuration_are_refused(tmp_path: Path) -> None:
    make_selector(tmp_path / "selector.img", Autoboot(5, 6).encode())

    with pytest.raises(BootloaderError, match="other partitions"):
        pi_device_with(tmp_path).confirmed()


def pi_device_with(folder: Path) -> TrybootControl:
    """Return the control of a Pi whose selector is made already."""
    other = folder / "other"
    other.mkdir()
    made = pi_device(other)
    made.machine.power_on()
    assert isinstance(made.boot, TrybootControl)
    return TrybootControl(ImageSector(folder / "selector.img"), made.boot.slots, made.boot.root)


class TestMountedSector:
    """The same on a file system that somebody has mounted, whatever its kind."""

    def test_the_file_is_replaced_where_it_lies(self, tmp_path: Path) -> None:
        path = tmp_path / "autoboot.txt"
        lay_out(path, Autoboot(A, B).encode())
        inode = path.stat().st_ino

        MountedSector(path).write(Autoboot(B, A).encode())

        assert MountedSector(path).read() == Autoboot(B, A).encode()
        assert path.stat().st_ino == inode
        assert [each.name for each in tmp_path.iterdir()] == ["autoboot.txt"]

    def test_a_missing_file_is_not_made(self, tmp_path: Path) -> None:
        with pytest.raises(CardError, match=r"autoboot\.txt"):
            MountedSector(tmp_path / "autoboot.txt").write(Autoboot(B, A).encode())
        assert not list(tmp_path.iterdir())

    def test_it_is_laid_out_once(self, tmp_path: Path) -> None:
        lay_out(tmp_path / "autoboot.txt", Autoboot(A, B).encode())

        with pytest.raises(FileExistsError):
            lay_out(tmp_path / "autoboot.txt", Autoboot(B, A).encode())


class TestSimulatedPi:
    """What the simulator claims of a bootloader."""

    def test_a_young_bootloader_walks_to_a_bootable_partition(self, device: Device) -> None:
        device.boot.confirmed().place.write_bytes(bytes(1024))

        device.machine.power_on()

        assert device.boot.running().name == "b"

    def test_an_old_one_needs_a_person(self, device: Device) -> None:
        assert isinstance(device.machine, SimulatedPi)
        device.machine.bootloader = WALKS_SINCE - datetime.timedelta(days=1)
        device.boot.confirmed().place.write_bytes(bytes(1024))

        with pytest.raises(UnbootableError):
            device.machine.power_on()

    def test_an_image_without_autoboot_is_walked_over(self, device: Device) -> None:
        (device.folder / "selector.img").write_bytes(bytes(1 << 20))

        device.machine.power_on()

        assert device.boot.running().name == "a"
        with pytest.raises(FatError):
            device.boot.confirmed()
