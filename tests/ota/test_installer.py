"""The installer over both kinds of boot control: what it writes, refuses and remembers."""

import dataclasses
import datetime
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from greenline.ota.boot_record import BootRecord, BootRecords, SlotState
from greenline.ota.errors import CardError, OtaError, RefusedError
from greenline.ota.index import Index
from greenline.ota.installer import Installer, TrialGoingOnError
from greenline.ota.lock import held
from greenline.ota.reasons import Reason
from greenline.ota.simulated_pi import SimulatedPi
from greenline.ota.slot_file import DamagedSlotError, SlotFile
from greenline.ota.slots import read_index
from greenline.ota.starting import change_confirmed
from greenline.ota.trial import Outcome
from tests.ota.machines import DEVICES, Behaviour, Device, make_release, write_release

ONE, TWO = make_release("1"), make_release("2")


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest, tmp_path: Path) -> Device:
    made = DEVICES[request.param](tmp_path)
    made.place_factory_release(ONE)
    return made


def refused(device: Device, reason: Reason) -> None:
    with pytest.raises(RefusedError) as fault:
        device.install(TWO)
    assert fault.value.code is reason


def test_a_release_is_installed_beside_the_running_one(device: Device) -> None:
    before = device.boot.running().place.read_bytes()

    write_release(device.installer, TWO)

    other = device.boot.other()
    assert other.place.read_bytes() == TWO.image
    assert read_index(other) == TWO.index
    assert device.installer.installed(TWO.index)
    assert device.boot.running().place.read_bytes() == before
    assert device.boot.confirmed() == device.boot.running()
    assert device.keeping.history.entries()[-1].what == "installed"


def test_the_slot_is_dirty_before_its_first_byte_changes(device: Device) -> None:
    write_release(device.installer, TWO)
    other = device.boot.other()

    with device.installer.writing(make_release("3").signed):
        assert device.keeping.records.read().of(other).state is SlotState.DIRTY
        assert read_index(other) is None
        assert other.place.read_bytes()[:510] == TWO.image[:510]


def test_an_interrupted_one_goes_on_with_what_is_there(device: Device) -> None:
    with device.installer.writing(TWO.signed) as slot:
        slot.write(0, TWO.image[: TWO.index.chunks[0].size])

    with device.installer.writing(TWO.signed) as slot:
        assert slot.read(0, 4096) == TWO.image[:4096]


@pytest.mark.parametrize(("at", "data"), [(0, b"x" * 4096), (1, TWO.image[1:4097]), (4096, b"")])
def test_what_is_not_the_chunk_that_belongs_there_is_not_written(
    device: Device, at: int, data: bytes
) -> None:
    with device.installer.writing(TWO.signed) as slot:
        with pytest.raises(RefusedError) as fault:
            slot.write(at, data)
        assert fault.value.code is Reason.BROKEN_CHUNK
        assert slot.read(0, 8192) == bytes(8192)


def test_an_unfinished_slot_is_neither_ready_nor_tried(device: Device) -> None:
    with device.installer.writing(TWO.signed) as slot:
        slot.write(0, TWO.image[: TWO.index.chunks[0].size])

    with pytest.raises(DamagedSlotError) as damaged:
        device.installer.finish(TWO.signed)
    assert damaged.value.chunks == [
        (at * 4096, chunk) for at, chunk in enumerate(TWO.index.chunks) if at
    ]
    with pytest.raises(RefusedError):
        device.installer.begin_trial(TWO.signed, lambda: pytest.fail("restarted"))


@pytest.mark.parametrize("place", [0, 5000, len(TWO.image) - 1])
def test_one_flipped_bit_in_the_written_slot_is_found_and_mended(
    device: Device, place: int
) -> None:
    write_release(device.installer, TWO)
    other = device.boot.other()
    data = bytearray(other.place.read_bytes())
    data[place] ^= 0x10
    other.place.write_bytes(data)

    with pytest.raises(DamagedSlotError) as damaged:
        device.installer.finish(TWO.signed)

    [(at, chunk)] = damaged.value.chunks
    assert at <= place < at + chunk.size
    with device.installer.writing(TWO.signed) as slot:
        slot.write(at, TWO.image[at : at + chunk.size])
    device.installer.finish(TWO.signed)
    assert other.place.read_bytes() == TWO.image


def test_an_image_that_is_not_that_of_the_index_is_refused(device: Device) -> None:
    image = dataclasses.replace(
        TWO,
        index=msgspec.structs.replace(
            TWO.index, image=msgspec.structs.replace(TWO.index.image, sha256="0" * 64)
        ),
    )

    with pytest.raises(RefusedError) as fault:
        write_release(device.installer, image)

    assert fault.value.code is Reason.BROKEN_IMAGE


def test_no_update_starts_while_a_traveller_is_checked(device: Device) -> None:
    with held(device.busy, Reason.BUSY):
        refused(device, Reason.BUSY)
    assert device.keeping.records.read().of(device.boot.other()).state is SlotState.EMPTY
    write_release(device.installer, TWO)
    with held(device.busy, Reason.BUSY), pytest.raises(RefusedError):
        device.installer.begin_trial(TWO.signed, lambda: pytest.fail("restarted"))
    assert device.keeping.records.read().trial is None


def test_no_check_begins_while_the_device_restarts(device: Device) -> None:
    write_release(device.installer, TWO)

    def restart() -> None:
        with pytest.raises(RefusedError), held(device.busy, Reason.BUSY):
            pass
        restarted.append(True)

    restarted: list[bool] = []
    device.installer.begin_trial(TWO.signed, restart)

    assert restarted == [True]


def test_nothing_is_written_while_a_release_is_on_trial(device: Device) -> None:
    device.install(TWO)
    device.machine.reboot()

    with pytest.raises(TrialGoingOnError):
        device.install(make_release("3"))
    assert device.boot.other().place.read_bytes() == ONE.image


class InterruptedRecords(BootRecords):
    """Somebody else works just before a change."""

    def __init__(self, folder: Path, interruption: Callable[[], object]) -> None:
        super().__init__(folder)
        self._interruption = interruption

    def change(self, how: Callable[[BootRecord], BootRecord]) -> BootRecord:
        self._interruption()
        return super().change(how)


def test_a_rollback_in_between_keeps_its_slot(device: Device) -> None:
    device.update(TWO)
    earlier, keeping = device.boot.other(), device.keeping

    def roll_back() -> None:
        change_confirmed(keeping, keeping.records.read(), earlier, floors=False)

    records = InterruptedRecords(device.folder / "state", roll_back)
    interrupted = dataclasses.replace(keeping, records=records)
    installer = dataclasses.replace(device.installer, keeping=interrupted)
    with pytest.raises(TrialGoingOnError), installer.writing(make_release("3").signed):
        raise AssertionError("the slot that starts next is open for writing")
    assert earlier.place.read_bytes() == ONE.image
    device.machine.reboot()
    device.run()
    assert device.release() == "1"


def test_a_partition_that_is_not_there_is_not_made(device: Device) -> None:
    for place in (Path("/dev/greenline-none"), Path("/dev/disk/by-label/greenline-none")):
        with pytest.raises(CardError, match="is no device"):
            SlotFile(place, TWO.index)
        assert not place.exists()
    assert device.release() == "1"


def test_every_step_asks_whether_the_index_is_still_signed(device: Device) -> None:
    def refuse(_: bytes) -> Index:
        raise RefusedError(Reason.BAD_SIGNATURE)

    write_release(device.installer, TWO)
    doubting = Installer(device.keeping, refuse, device.busy, lambda: False)
    for step in (
        lambda: doubting.writing(TWO.signed).__enter__(),
        lambda: doubting.finish(TWO.signed),
        lambda: doubting.begin_trial(TWO.signed, lambda: None),
    ):
        with pytest.raises(RefusedError) as fault:
            step()
        assert fault.value.code is Reason.BAD_SIGNATURE


def test_what_was_given_up_is_not_tried_again_by_itself(device: Device) -> None:
    bad = make_release("2", Behaviour(sensor="failed"))
    device.update(bad)

    with pytest.raises(RefusedError, match="sensor") as fault:
        device.install(bad)

    assert fault.value.code is Reason.GIVEN_UP_BEFORE
    device.install(bad, again=True)
    device.install(TWO)


def test_a_trial_that_was_not_started_yet_gives_way(device: Device) -> None:
    device.install(TWO)
    device.install(make_release("3"))
    device.machine.reboot()

    assert device.run() is Outcome.CONFIRMED
    assert device.release() == "3"


def test_an_installation_cut_off_before_the_restart_is_repeated(device: Device) -> None:
    device.install(TWO)
    device.installer.begin_trial(TWO.signed, lambda: None)
    device.machine.reboot()

    assert device.run() is Outcome.CONFIRMED


def test_a_folder_without_room_leaves_the_old_slot_alone(device: Device, tmp_path: Path) -> None:
    device.boot.other().place.unlink(missing_ok=True)
    device.boot.other().place.mkdir()

    with pytest.raises(CardError):
        device.install(TWO)

    assert device.boot.running().place.read_bytes() == ONE.image


def test_a_slot_that_is_too_small_says_so(device: Device, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("/dev/full needs no root, a small block device does")
    with pytest.raises(OtaError):
        SlotFile(Path("/dev/full"), TWO.index)


def test_a_trial_that_the_bootloader_refuses_leaves_no_trace(tmp_path: Path) -> None:
    device = DEVICES["tryboot"](tmp_path)
    device.place_factory_release(ONE)
    assert isinstance(device.machine, SimulatedPi)
    device.machine.bootloader = datetime.date(2020, 1, 1)
    device.machine.power_on()

    refused(device, Reason.BOOTLOADER_TOO_OLD)

    assert device.keeping.records.read().trial is None
