"""The power goes: an ext4 whose device is copied in mid-write, and mounted again.

The writer is stopped, the image under its file system copied: what was in memory alone is not in
the copy. Mounting it replays the journal. It models a device that keeps every write that the kernel
has issued; forgetting.py models one that does not.
"""

import functools
import os
import select
import signal
from pathlib import Path

from bench.faults import loop
from bench.faults.child import do_script, end_child, held_in, in_child
from bench.faults.row import Campaign, Row, Runner
from bench.faults.script import Step
from bench.faults.store_kill import steps_for
from bench.faults.subjects import PEERS, Opening, Ours
from bench.faults.tally import Tally

GROUP = "Power"
_MEGABYTES = 48
_PUTS = 60
_LONGEST_S = 60.0


def power_cut(campaign: Campaign, name: str, opening: Opening, *, ours: bool) -> Row:
    """Cut it again and again, each time over a new file system."""
    chance, tally = campaign.chance(name), Tally()
    steps = steps_for(f"{campaign.seed}:power", _PUTS, ours=ours)
    empty = campaign.folder / "empty"
    loop.make_image(empty, _MEGABYTES)
    for number in range(campaign.runs):
        # Files of their own: the kernel may let go of a device a moment after it is unmounted.
        image, copy = (campaign.folder / f"{each}{number}" for each in ("image", "copy"))
        loop.copy_image(empty, image)
        with loop.mounted(image, campaign.folder / "before") as folder:
            done = _cut_after(chance.randrange(len(steps)), image, copy, opening, folder, steps)
        with loop.mounted(copy, campaign.folder / "after") as folder:
            found = held_in(opening, folder, tally.why)
        tally.add_found(steps, done, found, answers=ours)
        image.unlink()
        copy.unlink()
    return tally.row(name, GROUP, "" if ours else "captures alone, no answers", ours=ours)


def _cut_after(
    least: int, image: Path, copy: Path, opening: Opening, folder: Path, steps: list[Step]
) -> int:
    """Let a script run for so many steps, stop it and copy the image; return what it has done."""
    pid, reader = in_child(functools.partial(do_script, opening, folder, steps))
    try:
        done = 0
        while done < least and select.select([reader], [], [], _LONGEST_S)[0]:
            data = os.read(reader, 1)
            if not data:
                raise RuntimeError("the script ended by itself")
            done += 1
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        # What it has reported until now was done before the copy is made.
        while select.select([reader], [], [], 0)[0] and (data := os.read(reader, 4096)):
            done += len(data)
        loop.copy_image(image, copy)
    finally:
        os.close(reader)
        end_child(pid)
    return done


ROWS: dict[str, Runner] = {
    "power-cut": functools.partial(power_cut, name="power-cut", opening=Ours, ours=True),
    **{
        f"power-cut-{peer}": functools.partial(
            power_cut, name=f"power-cut-{peer}", opening=opening, ours=False
        )
        for peer, opening in PEERS.items()
    },
}
