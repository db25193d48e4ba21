"""The disk is full, or turns read-only, in the middle of the work."""

import functools
import os
from pathlib import Path

from bench.faults import loop
from bench.faults.child import DONE, Report, ended, held_in, in_child
from bench.faults.row import Campaign, Row, Runner, UnavailableError
from bench.faults.script import Act, Step, make_script
from bench.faults.subjects import Ours
from bench.faults.tally import Tally
from bench.faults.troubled import RECOVERED, REFUSED, add_troubled, do_troubled, nothing

GROUP = "Disk"
_PUTS = 40
_KILOBYTES = 32 * 1024
_MOST_LEFT = 96 * 1024
_MEGABYTES = 48
_TRIGGER = "/sys/fs/ext4/{}/trigger_fs_error"


def full_disk(campaign: Campaign) -> Row:
    """Fill a small disk but for a few bytes, go on, then make room again."""
    chance, tally = campaign.chance("full-disk"), Tally()
    steps = make_script(f"{campaign.seed}:full", _PUTS)
    refused = at_once = 0
    answers = [0, 0]
    for number in range(campaign.runs):
        with loop.small_memory(campaign.folder / str(number), _KILOBYTES) as folder:
            begins_at = chance.randrange(1, len(steps) // 2)
            left = chance.randrange(_MOST_LEFT)
            work = functools.partial(_filled, folder, steps, begins_at, left)
            came = ended(*in_child(work))
            add_troubled(tally, steps, came, held_in(Ours, folder, tally.why))
            refused += came.marks.count(REFUSED)
            at_once += came.marks.endswith(RECOVERED)
            for step, mark in list(zip(steps, came.marks, strict=False))[begins_at:]:
                answers[0] += step.act is Act.ANSWER and mark == DONE[0]
                answers[1] += step.act is Act.ANSWER and mark in DONE + REFUSED
                if step.act is Act.REOPEN and mark in REFUSED:
                    tally.not_started += 1
                    tally.why["not opened while the disk was full"] += 1
    note = f"{refused} steps refused, {answers[0]} of {answers[1]} answers kept on the full disk; "
    note += f"{at_once} times it went on without a restart"
    return tally.row("full-disk", GROUP, note)


def _filled(folder: Path, steps: list[Step], begins_at: int, left: int, report: Report) -> None:
    filler = folder / "filler"

    def fill() -> None:
        with filler.open("wb") as file:
            room = os.statvfs(folder)
            os.posix_fallocate(file.fileno(), 0, max(1, room.f_bavail * room.f_frsize - left))

    do_troubled(Ours, folder, steps, (begins_at, fill, filler.unlink), report)


def read_only(campaign: Campaign) -> Row:
    """Let the kernel find its file system in error, which turns it read-only; repair it later."""
    chance, tally = campaign.chance("read-only"), Tally()
    steps = make_script(f"{campaign.seed}:read-only", _PUTS)
    empty = campaign.folder / "empty"
    loop.make_image(empty, _MEGABYTES)
    refused = 0
    for number in range(campaign.runs):
        image = campaign.folder / f"image{number}"
        loop.copy_image(empty, image)
        with loop.mounted(image, campaign.folder / "disk") as folder:
            trigger = Path(_TRIGGER.format(loop.device_under(folder)))
            if not os.access(trigger, os.W_OK):
                raise UnavailableError(f"{trigger} cannot be written")
            trouble = (chance.randrange(len(steps)), functools.partial(_fail, trigger), nothing)
            work = functools.partial(do_troubled, Ours, folder, steps, trouble)
            came = ended(*in_child(work))
        loop.mend(image)
        with loop.mounted(image, campaign.folder / "disk") as folder:
            found = held_in(Ours, folder, tally.why)
        image.unlink()
        add_troubled(tally, steps, came, found, mended=False)
        refused += came.marks.count(REFUSED)
    return tally.row("read-only", GROUP, f"{refused} steps refused, then e2fsck and a restart")


def _fail(trigger: Path) -> None:
    trigger.write_text("1")


ROWS: dict[str, Runner] = {"full-disk": full_disk, "read-only": read_only}
