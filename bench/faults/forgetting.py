"""The power goes, and with it what was not flushed. In a shimmed process, whose log is cut."""

import os
import shutil
from pathlib import Path

from bench.faults.child import DONE, Report, do_script, ended, held_in, in_child
from bench.faults.forgetful_disk import Change, ForgetfulDisk, read_log, write_files
from bench.faults.row import Campaign, Row
from bench.faults.script import Step
from bench.faults.shim import Shim
from bench.faults.store_kill import steps_for
from bench.faults.subjects import Opening
from bench.faults.tally import Tally

GROUP = "Power"
_PUTS = 40
_KEEPING = (0.0, 0.5, 0.9, 1.0)


def forgetting(campaign: Campaign, name: str, opening: Opening, *, ours: bool) -> Row:
    """Do a script once; cut the power at its changes, and open what each cut leaves."""
    chance, tally = campaign.chance(name), Tally()
    steps = steps_for(f"{campaign.seed}:power", _PUTS, ours=ours)
    folder = (campaign.folder / "store").resolve()
    changes = _logged(campaign.folder, folder, opening, steps)
    cuts = range(1, len(changes) + 1)
    chosen = set(chance.sample(cuts, min(campaign.runs, len(cuts))) if campaign.few else cuts)
    disk, done, salvaged = ForgetfulDisk(), 0, 0
    for number, change in enumerate(changes, 1):
        done += change.kind == "n"
        disk.take(change)
        if number not in chosen:
            continue
        for keeping in (chance.choice(_KEEPING),) if campaign.few else _KEEPING:
            after = campaign.folder / "after"
            write_files(disk.left(chance, keeping), disk.folders, folder, after)
            tally.add_found(steps, done, held_in(opening, after, tally.why), answers=ours)
            salvaged += any(after.glob("*.damaged-*"))
            shutil.rmtree(after)
    note = f"{len(changes)} changes, of what was not flushed 0, 50, 90, 100 % arrive"
    note += f"; {salvaged} times salvaged" if salvaged else ""
    return tally.row(name, GROUP, note, ours=ours)


def _logged(where: Path, folder: Path, opening: Opening, steps: list[Step]) -> list[Change]:
    shim, log = Shim(), where / "changes"
    folder.mkdir()

    def work(report: Report) -> None:
        def told(mark: bytes = DONE, /) -> None:
            shim.note(mark)
            report(mark)

        file = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
        shim.arm(folder)
        shim.log(file)
        do_script(opening, folder, steps, told)
        shim.log(-1)

    if ended(*in_child(work)).status:
        raise RuntimeError("the script does not come to its end without a fault")
    return list(read_log(log.read_bytes()))
