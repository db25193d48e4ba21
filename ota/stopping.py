"""What is done when a device is ended in order: whoever restarts it shows no fault of its release.

Called by `greenline update stopping`, an ExecStop, and by the launcher on SIGTERM. starting.py
counts a start of the confirmed slot as one without health until health clears it, and a trial's
end as one of its arms: both are right after a power cut, a hang or a crash, and wrong when somebody
shut the device down after ten seconds (meta-balena#1316).

Only so many times in a row: a kiosk that fails again and again has systemd restart the device in
order (StartLimitAction=reboot), and a device that nobody can leave must leave its slot in the end.
"""

from typing import Final

import msgspec

from greenline.ota.boot_record import BootRecord, Trial
from greenline.ota.starting import Keeping

MOST_ORDERLY: Final = 10
"""So many ends in order without health in between are a person's; the next ones count."""


def stopping(keeping: Keeping) -> bool:
    """Take this start out of the counts; once a start, and not when health has cleared them.

    A trial that is cut off so is begun again without using an arm up. Returns whether there was
    anything to take back. Raises OtaError.
    """
    record = keeping.records.read()
    if _changed(keeping, record) == record:
        return False
    # Judged anew: whoever watches this start's health may just have written.
    keeping.records.change(lambda now: _changed(keeping, now))
    return True


def _changed(keeping: Keeping, record: BootRecord) -> BootRecord:
    if record.intent is not None:
        return record  # the next start finishes it, whatever became of this one
    if record.trial is None:
        return _taken_back(record, keeping.boot.start_id())
    if record.trial.slot != keeping.boot.running().name:
        return record  # armed: the restart is the update's own, and the trial is still to come
    return msgspec.structs.replace(record, trial=_spared(record.trial))


def _spared(trial: Trial) -> Trial:
    """Return a trial whose next beginning uses no arm up, if it has not been spared too often."""
    if trial.in_order or trial.orderly >= MOST_ORDERLY:
        return trial
    return msgspec.structs.replace(trial, in_order=True, orderly=trial.orderly + 1)


def _taken_back(record: BootRecord, start_id: str) -> BootRecord:
    """Return a record in which this start is not counted, if it was."""
    if record.counted != start_id or record.taken_back >= MOST_ORDERLY:
        return record
    return msgspec.structs.replace(
        record,
        unhealthy_starts=max(0, record.unhealthy_starts - 1),
        taken_back=record.taken_back + 1,
        counted="",
    )
