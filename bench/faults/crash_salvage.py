"""kill -9 at every call of a salvage: the start after it does it again. In a shimmed process."""

import functools
import shutil
from collections import Counter
from pathlib import Path

from bench.faults.child import Report, ended, in_child, opened
from bench.faults.crash_points import GROUP, points
from bench.faults.damage import flip, zero
from bench.faults.kept_files import StoreFiles
from bench.faults.row import Campaign, Row
from bench.faults.shim import Mode, Shim
from bench.faults.subjects import Opening, Ours
from bench.faults.tally import Tally
from bench.faults.told import listening

_STORES = 2
_TRIES = 200


def crash_salvage(campaign: Campaign, name: str, _opening: Opening, *, ours: bool = True) -> Row:
    """Damage stores so that they are salvaged; kill that at each call, clean and torn."""
    shim, tally, counts = Shim(), Tally(), []
    for number in range(_STORES):
        kept = StoreFiles(killed=bool(number % 2))
        damaged, lost_anyway = _damaged(campaign, f"{name}{number}", kept)
        count = _calls(campaign.folder, shim, damaged)
        counts.append(str(count))
        for point in points(campaign, f"{name}{number}", count):
            for mode in (Mode.KILL_BEFORE, Mode.KILL_TORN):
                lost = _killed(campaign.folder / "killed", shim, damaged, kept, mode, point, tally)
                tally.runs += 1
                tally.acknowledged += kept.messages - lost_anyway
                tally.lost += max(0, lost - lost_anyway)
                tally.most_lost = max(tally.most_lost, lost - lost_anyway)
    note = f"{' and '.join(counts)} calls; lost beyond what the damage itself costs"
    return tally.row(name, GROUP, note, ours=ours)


def _damaged(campaign: Campaign, name: str, kept: StoreFiles) -> tuple[Path, int]:
    """Return a folder with a store that is salvaged when it is opened, and what that costs."""
    chance, whole = campaign.chance(name), campaign.folder / f"{name}-whole"
    whole.mkdir()
    kept.make(whole)
    for attempt in range(_TRIES):
        damaged, trial = campaign.folder / f"{name}-damaged", campaign.folder / "trial"
        shutil.copytree(whole, damaged)
        path = damaged / "kiosk.store"
        path.write_bytes((flip, zero)[attempt % 2](path.read_bytes(), chance))
        shutil.copytree(damaged, trial)
        lost, salvaged = _lost(kept, trial), any(trial.glob("*damaged*"))
        shutil.rmtree(trial)
        if salvaged and lost < kept.messages:
            return damaged, lost
        shutil.rmtree(damaged)
    raise RuntimeError("no damage leads to a salvage")


def _lost(kept: StoreFiles, folder: Path) -> int:
    with listening():
        lost = opened(lambda: kept.lost(folder), folder, Counter())
    return kept.messages if lost is None else lost


def _calls(where: Path, shim: Shim, damaged: Path) -> int:
    folder, told = where / "counted", where / "calls"
    shutil.copytree(damaged, folder)

    def work(_report: Report) -> None:
        shim.arm(folder)
        Ours(folder)
        told.write_text(str(shim.calls))

    if ended(*in_child(work)).status:
        raise RuntimeError("the salvage does not come to its end without a fault")
    shutil.rmtree(folder)
    return int(told.read_text())


def _killed(
    folder: Path,
    shim: Shim,
    damaged: Path,
    kept: StoreFiles,
    mode: Mode,
    point: int,
    tally: Tally,
) -> int:
    """Kill a salvage at a call; return what the next start has lost."""
    shutil.copytree(damaged, folder)
    ended(*in_child(functools.partial(_open_armed, shim, mode, point, folder)))
    with listening():
        lost = opened(lambda: kept.lost(folder), folder, tally.why)
    shutil.rmtree(folder)
    tally.not_started += lost is None
    return kept.messages if lost is None else lost


def _open_armed(shim: Shim, mode: Mode, point: int, folder: Path, _report: Report) -> None:
    shim.arm(folder, mode, point)
    Ours(folder)
