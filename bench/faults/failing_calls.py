"""Every call of the store fails in turn, once or from then on. In a shimmed process."""

import errno
import functools
import shutil

from bench.faults.child import ended, held_in, in_child
from bench.faults.crash_points import count_calls, points
from bench.faults.row import Campaign, Row
from bench.faults.shim import Mode, Shim
from bench.faults.store_kill import steps_for
from bench.faults.subjects import Opening
from bench.faults.tally import Tally
from bench.faults.troubled import RECOVERED, REFUSED, add_troubled, do_troubled

GROUP = "Disk"
_PUTS = 16


def failing_calls(
    campaign: Campaign, name: str, opening: Opening, *, error: int, ours: bool = True
) -> Row:
    """Do a script with one call failing; and with all from that one on."""
    shim, tally = Shim(), Tally()
    steps = steps_for(f"{campaign.seed}:fail", _PUTS, ours=ours)
    count = count_calls(campaign.folder, shim, opening, steps)
    refused = at_once = 0
    for number, point in enumerate(points(campaign, name, count)):
        modes = [Mode.FAIL_ONCE, Mode.FAIL_FROM]
        for mode in modes[number % 2 :][:1] if campaign.few else modes:
            folder = campaign.folder / "store"
            folder.mkdir()
            arm = functools.partial(shim.arm, folder, mode, point, error)
            trouble = (0, arm, shim.disarm)
            work = functools.partial(do_troubled, opening, folder, steps, trouble)
            came = ended(*in_child(work))
            add_troubled(tally, steps, came, held_in(opening, folder, tally.why))
            refused += came.marks.count(REFUSED)
            at_once += came.marks.endswith(RECOVERED)
            shutil.rmtree(folder)
    note = f"{count} calls, failing once and from then on; {refused} steps refused; "
    note += f"{at_once} times it went on without a restart"
    return tally.row(name, GROUP, note, ours=ours)


ERRORS = {"io-error": errno.EIO, "no-space-error": errno.ENOSPC}
