"""kill -9 at a random moment of the process that has the store, ours and two others'."""

import functools
import time
from pathlib import Path

from bench.faults.child import do_script, ended, held_in, in_child
from bench.faults.row import Campaign, Row, Runner
from bench.faults.script import Act, Step, make_script
from bench.faults.subjects import PEERS, Opening, Ours
from bench.faults.tally import Tally

GROUP = "Processes"
_PUTS = 60


def kill_store(campaign: Campaign, name: str, opening: Opening, *, ours: bool) -> Row:
    """Kill it again and again, each time over a new folder."""
    chance, tally = campaign.chance(name), Tally()
    steps = steps_for(f"{campaign.seed}:{name}", _PUTS, ours=ours)
    whole_s = _seconds(campaign.folder / "whole", opening, steps)
    for number in range(campaign.runs):
        folder = campaign.folder / str(number)
        folder.mkdir()
        pid, reader = in_child(functools.partial(do_script, opening, folder, steps))
        came = ended(pid, reader, kill_after_s=chance.uniform(0, whole_s))
        if came.failed:
            raise RuntimeError(f"{name}: the script failed by itself")
        tally.add_found(steps, came.done, held_in(opening, folder, tally.why), answers=ours)
    return tally.row(name, GROUP, "" if ours else "captures alone, no answers", ours=ours)


def steps_for(seed: str, puts: int, *, ours: bool) -> list[Step]:
    """Return a script; what is beside ours is only told to keep."""
    steps = make_script(seed, puts)
    return steps if ours else [step for step in steps if step.act is Act.PUT]


def _seconds(folder: Path, opening: Opening, steps: list[Step]) -> float:
    """Return how long the script takes without a fault."""
    folder.mkdir()
    began = time.monotonic()
    pid, reader = in_child(functools.partial(do_script, opening, folder, steps))
    came = ended(pid, reader)
    if came.status:
        raise RuntimeError("the script does not come to its end without a fault")
    return time.monotonic() - began


ROWS: dict[str, Runner] = {
    "kill-store": functools.partial(kill_store, name="kill-store", opening=Ours, ours=True),
    **{
        f"kill-{peer}": functools.partial(
            kill_store, name=f"kill-{peer}", opening=opening, ours=False
        )
        for peer, opening in PEERS.items()
    },
}
