"""The privileged half of an update: small, and it believes nobody but the signatures.

The client, which talks to the network, runs as another user. What it fetched comes through a door
(door.py) and `SlotFile.write`, where each chunk is verified again; the index is verified again by
`admit` (admission.py) before anything is touched. The order makes every moment safe: the slot is
marked dirty before its first byte changes, and ready only after all of it was read back from the
card.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from greenline.ota.boot_record import BootRecord, SlotState, Trial
from greenline.ota.durable import remove, replace_file
from greenline.ota.errors import OtaError, RefusedError
from greenline.ota.index import Index
from greenline.ota.lock import while_idle
from greenline.ota.reasons import WORDS, Reason
from greenline.ota.slot_file import SlotFile
from greenline.ota.slots import Slot
from greenline.ota.starting import Keeping


class TrialGoingOnError(RefusedError):
    """The running release is on trial: wait until it is confirmed or given up."""

    def __init__(self) -> None:
        words = "a release is on trial: wait until it is confirmed or given up"
        super().__init__(Reason.LOCKED, words)


def as_it_is(_: Slot) -> None:
    """Leave an image as it is: the bootloader starts it."""


@dataclass(frozen=True)
class Installer:
    """Installs into the slot that does not run. busy: the kiosk's lock file.

    admit: returns the index that bytes hold, when it is signed and this device may install it;
    raises RefusedError. sensor_absent: tells whether the kiosk has no sensor now. unpack: what is
    done with an image before it is tried.
    """

    keeping: Keeping
    admit: Callable[[bytes], Index]
    busy: Path
    sensor_absent: Callable[[], bool]
    unpack: Callable[[Slot], None] = as_it_is

    def installed(self, index: Index) -> bool:
        """Tell whether the other slot holds this image, whole and read back."""
        known = self.keeping.records.read().of(self.keeping.boot.other())
        return known.image == index.image.sha256 and known.state is SlotState.READY

    @contextlib.contextmanager
    def writing(self, index_data: bytes, *, again: bool = False) -> Iterator[SlotFile]:
        """Open the other slot for this release's chunks, marked dirty; an interrupted one goes on.

        When all of it was proven at the end, it is kept as ready. again: also when this device gave
        it up before. Raises OtaError.
        """
        index = self.admit(index_data)
        with while_idle(self.busy):  # also of a rollback, which holds it
            slot, record = self._slot(), self.keeping.records.read()
            _judge_past(record, index, again=again)

            def dirty() -> None:
                self._mark_dirty(slot, record, index)

            # One that is ready stays so until something of it must be written once more.
            whole = self.installed(index)
            if not whole:
                dirty()
        with SlotFile(slot.place, index, dirty if whole else None) as file:
            yield file
        if file.proven and not self.installed(index):
            self._keep(slot, index, index_data)

    def finish(self, index_data: bytes, *, again: bool = False) -> None:
        """Read the slot back, and keep it as ready. Raises DamagedSlotError, OtaError.

        again: also when this device gave it up before.
        """
        index = self.admit(index_data)
        slot, record = self._slot(), self.keeping.records.read()
        _judge_past(record, index, again=again)
        if record.of(slot).image != index.image.sha256:
            raise RefusedError(Reason.SLOT_DAMAGED, "the slot does not hold this release")
        with SlotFile(slot.place, index) as file:
            file.prove()
        self._keep(slot, index, index_data)

    def begin_trial(self, index_data: bytes, restart: Callable[[], None]) -> None:
        """Have it tried now: restart() restarts the device, while no check can begin.

        Raises RefusedError (busy) while a finger is taken or a case is open, OtaError.
        """
        index = self.admit(index_data)
        slot, keeping = self._slot(), self.keeping
        if not self.installed(index):
            raise RefusedError(Reason.SLOT_DAMAGED, "the slot does not hold this release")
        self.unpack(slot)
        with while_idle(self.busy):
            record = keeping.records.read()
            arms = record.trial.arms if record.trial else 1  # it was cut off before the restart
            trial = Trial(slot.name, arms, int(time.time()), self.sensor_absent())
            keeping.records.change(
                lambda now: msgspec.structs.replace(now, trial=trial, unhealthy_starts=0)
            )
            try:
                keeping.boot.begin_trial(slot)
            except OtaError:
                keeping.records.change(lambda now: msgspec.structs.replace(now, trial=record.trial))
                raise
            keeping.history.add("tried", slot.name, index.release)
            restart()

    def _slot(self) -> Slot:
        """Return the slot to write. Raises TrialGoingOnError."""
        self._refuse_during_a_change(self.keeping.records.read())
        return self.keeping.boot.other()

    def _refuse_during_a_change(self, record: BootRecord) -> None:
        boot = self.keeping.boot
        if boot.running() != boot.confirmed() or record.intent:
            raise TrialGoingOnError

    def _keep(self, slot: Slot, index: Index, index_data: bytes) -> None:
        """Keep as ready what was read back whole."""
        replace_file(slot.index, index_data)
        self.keeping.records.change(lambda now: now.with_slot(slot, SlotState.READY, index))
        self.keeping.history.add("installed", slot.name, index.release)

    def _mark_dirty(self, slot: Slot, record: BootRecord, index: Index) -> None:
        known = record.of(slot)
        if record.trial is not None:
            self.keeping.boot.give_up()  # armed, and something else is to be written there
        elif known.state is SlotState.DIRTY and known.image == index.image.sha256:
            return

        def dirty(now: BootRecord) -> BootRecord:
            # The record's lock is held: a rollback to this slot has begun before, or fails now.
            self._refuse_during_a_change(now)
            marked = now.with_slot(slot, SlotState.DIRTY, index)
            return msgspec.structs.replace(marked, trial=None)

        self.keeping.records.change(dirty)
        remove(slot.index)


def _judge_past(record: BootRecord, index: Index, *, again: bool) -> None:
    """Refuse what failed on this device: else it would fail each night."""
    why = record.given_up.get(index.image.sha256)
    if why is not None and not again:
        words = f"this device gave release {index.release} up before: {WORDS[why]}"
        raise RefusedError(Reason.GIVEN_UP_BEFORE, words)
