"""What is done first at every start of a device: was a trial cut off, does the slot still come up?

Called once a start, by `greenline update started`, before the kiosk. BootControl is what the
bootloader does; this is what it means. Needs no network and no kiosk.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from greenline.ota.boot_record import BootRecord, BootRecords, Intent, SlotState
from greenline.ota.history import History
from greenline.ota.reasons import Reason
from greenline.ota.slots import BootControl, Slot, read_index

MOST_ARMS: Final = 4
"""A trial is begun again after up to three power cuts (meta-balena#2301), and whenever it was ended
in order (stopping.py)."""

MOST_UNHEALTHY: Final = 3
"""So many starts in a row without health, and the confirmed slot has rotted (rauc#1599)."""

NONE_COUNTED: Final[Mapping[str, Any]] = {"unhealthy_starts": 0, "taken_back": 0, "counted": ""}
"""What health changes in the record."""


class Course(enum.Enum):
    """What the caller does now."""

    GO_ON = "go on"
    WATCH = "watch the trial"
    RESTART = "restart the device"


@dataclass(frozen=True)
class Keeping:
    """What start, trial and installer share. raise_floors: of the client, by (security version,
    data floor); called last of all, and again if it was cut off.
    """

    boot: BootControl
    records: BootRecords
    history: History
    raise_floors: Callable[[int, int], None]


def started(keeping: Keeping) -> Course:
    """Look at how this start came about, and return what to do. Raises OtaError."""
    boot, record = keeping.boot, _adopted(keeping)
    if record.intent is not None:
        record = finish_intent(keeping, record)
        if boot.running() != boot.confirmed():
            return Course.RESTART  # the cut came before the bootloader knew
    if record.floors_due:
        record = _floors_raised(keeping, record)
    if record.trial is not None:
        return _trial(keeping, record)
    if boot.is_trial():
        return Course.RESTART  # it was given up, and the restart is still to come
    if boot.running() != boot.confirmed():
        return _walked(keeping, record)
    return _counted(keeping, record)


def healthy(keeping: Keeping) -> None:
    """Note that the confirmed slot works: its starts are counted from the beginning."""
    record = keeping.records.read()
    if (record.unhealthy_starts or record.taken_back) and record.trial is None:
        keeping.records.change(lambda now: msgspec.structs.replace(now, **NONE_COUNTED))


def change_confirmed(
    keeping: Keeping,
    record: BootRecord,
    slot: Slot,
    *,
    floors: bool,
    reason: Reason = Reason.CONFIRMED_SLOT_FAILED,
) -> BootRecord:
    """Make a slot the confirmed one, to the end, across any crash. Returns the record.

    reason: why the one before is left, without floors.
    """
    intent = Intent(slot.name, floors, reason)
    return finish_intent(
        keeping, keeping.records.write(msgspec.structs.replace(record, intent=intent))
    )


def finish_intent(keeping: Keeping, record: BootRecord) -> BootRecord:
    """Do what was begun: first the bootloader's file, then the record, the floors last."""
    boot, intent = keeping.boot, record.intent
    if intent is None:
        return record
    slot = by_name(boot, intent.slot)
    if boot.confirmed() != slot:
        if boot.running() == slot:
            boot.confirm()
        else:
            boot.fall_back()
    known = record.of(slot)
    done = msgspec.structs.replace(
        record.with_slot(slot, SlotState.GOOD), intent=None, trial=None, **NONE_COUNTED
    )
    if intent.floors:
        done = msgspec.structs.replace(
            done,
            security_floor=max(record.security_floor, known.security_version),
            data_floor=max(record.data_floor, known.data_floor),
            floors_due=True,
        )
        keeping.history.add("confirmed", slot.name, known.release)
        return _floors_raised(keeping, keeping.records.write(done))
    other = by_name(boot, intent.slot, other=True)
    done = done.with_given_up(other, intent.reason)
    keeping.history.add("fell-back", other.name, record.of(other).release, intent.reason)
    return keeping.records.write(done)


def give_up(keeping: Keeping, record: BootRecord, reason: Reason, detail: str = "") -> BootRecord:
    """End a trial: its image has failed. The caller restarts when the trial's slot runs."""
    if record.trial is None:
        return record
    slot = by_name(keeping.boot, record.trial.slot)
    keeping.history.add("given-up", slot.name, record.of(slot).release, reason, detail)
    done = msgspec.structs.replace(record.with_given_up(slot, reason), trial=None)
    done = keeping.records.write(done)
    keeping.boot.give_up()
    return done


def by_name(boot: BootControl, name: str, *, other: bool = False) -> Slot:
    """Return the slot of that name, or the other one."""
    running = boot.running()
    return running if (running.name == name) is not other else boot.other()


def _adopted(keeping: Keeping) -> BootRecord:
    """Return the record; the slot that a factory has filled is one that works."""
    record, running = keeping.records.read(), keeping.boot.running()
    if record.of(running).state is not SlotState.EMPTY or running != keeping.boot.confirmed():
        return record
    known = record.with_slot(running, SlotState.GOOD, read_index(running))
    floor = known.of(running)
    return keeping.records.write(
        msgspec.structs.replace(
            known,
            security_floor=max(known.security_floor, floor.security_version),
            data_floor=max(known.data_floor, floor.data_floor),
        )
    )


def _floors_raised(keeping: Keeping, record: BootRecord) -> BootRecord:
    keeping.raise_floors(record.security_floor, record.data_floor)
    return keeping.records.write(msgspec.structs.replace(record, floors_due=False))


def _trial(keeping: Keeping, record: BootRecord) -> Course:
    """Watch the trial that runs; begin one again that was cut off; give it up when it must be."""
    trial, boot = record.trial, keeping.boot
    if trial is None:
        return Course.GO_ON
    slot = by_name(boot, trial.slot)
    if boot.running() == slot:
        # Also when it is no trial: the bootloader may have found the confirmed slot unbootable.
        return Course.WATCH
    if trial.arms >= MOST_ARMS and not trial.in_order:
        give_up(keeping, record, Reason.TRIAL_NEVER_CAME_UP, f"begun {trial.arms} times")
        return Course.GO_ON
    arms = trial.arms if trial.in_order else trial.arms + 1
    again = msgspec.structs.replace(trial, arms=arms, in_order=False)
    keeping.history.add("tried-again", slot.name, record.of(slot).release)
    keeping.records.write(msgspec.structs.replace(record, trial=again))
    boot.begin_trial(slot)
    return Course.RESTART


def _counted(keeping: Keeping, record: BootRecord) -> Course:
    """Count a start of the confirmed slot; leave it when it has rotted and the other may start."""
    boot = keeping.boot
    rotted = record.unhealthy_starts >= MOST_UNHEALTHY
    if rotted and record.may_start(boot.other()):
        change_confirmed(keeping, record, boot.other(), floors=False)
        return Course.RESTART
    if rotted:
        # Not again at each start: the card would fill with it.
        if record.unhealthy_starts == MOST_UNHEALTHY:
            running = boot.running()
            words = "the other slot is no earlier release that may run"
            reason = Reason.CONFIRMED_SLOT_FAILED
            release = record.of(running).release
            keeping.history.add("stays", running.name, release, reason, words)
            keeping.records.write(
                msgspec.structs.replace(record, unhealthy_starts=MOST_UNHEALTHY + 1)
            )
        return Course.GO_ON
    counted = {"unhealthy_starts": record.unhealthy_starts + 1, "counted": boot.start_id()}
    keeping.records.write(msgspec.structs.replace(record, **counted))
    return Course.GO_ON


def _walked(keeping: Keeping, record: BootRecord) -> Course:
    """The bootloader passed the confirmed slot over (PARTITION_WALK): keep what runs, if we may."""
    running = keeping.boot.running()
    if record.may_start(running):
        change_confirmed(keeping, record, running, floors=False)
    else:
        reason = Reason.CONFIRMED_SLOT_FAILED
        words = "the bootloader started the other slot, which is not confirmed"
        keeping.history.add("walked", running.name, record.of(running).release, reason, words)
    return Course.GO_ON
