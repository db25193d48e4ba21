"""Cuts a device off at every call by which the update changes its card, and looks what is left.

python -m tests.ota.installer_crashes CUT KIND LIFE FOLDER RESULT MOST, in a process that has
bench/faults/crash_shim.c loaded (test_installer_crashes.py does it). Two kinds of cut: the process
is killed, before a call or in the middle of a write; or the power goes, and with it any part of
what was not flushed. Then the device starts, and must come to rest in a release that is whole; and
the same update must end well.
"""

import json
import os
import random
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.faults.forgetful_disk import Change, ForgetfulDisk, read_log, write_files
from bench.faults.shim import Mode, Shim
from greenline.ota.starting import MOST_UNHEALTHY, Course, started
from tests.ota.machines import DEVICES, Behaviour, Device, Release, make_release, make_selector

ONE = make_release("1", security_version=1, data_floor=1)
TWO = make_release("2", security_version=5, data_floor=3)
PLAIN = make_release("2", security_version=1, data_floor=1)
BAD = make_release("2", Behaviour(sensor="failed"), security_version=5, data_floor=3)
THREE = make_release("3", security_version=5, data_floor=3)
_KEEPING = (0.0, 0.3, 0.7, 1.0)


@dataclass(frozen=True)
class Life:
    """What is cut off. before: done whole; act: cut; ends: the releases it may come to rest in."""

    before: Callable[[Device], object]
    act: Callable[[Device], object]
    releases: tuple[Release, ...]
    may_rest_in: frozenset[str]


def _update(release: Release) -> Callable[[Device], object]:
    return lambda device: device.update(release)


def _rot(device: Device) -> None:
    device.update(PLAIN)
    for _ in range(MOST_UNHEALTHY):
        device.machine.power_on()
        started(device.keeping)
    device.machine.power_on()


def _fall_back(device: Device) -> None:
    if started(device.keeping) is Course.RESTART:
        device.machine.reboot()
        started(device.keeping)


def _cut_trial(device: Device) -> None:
    device.install(TWO)
    device.machine.reboot()
    device.machine.power_on()


LIVES = {
    "update": Life(lambda _: None, _update(TWO), (ONE, TWO), frozenset("12")),
    "update that is given up": Life(lambda _: None, _update(BAD), (ONE, BAD), frozenset("1")),
    "trial begun again": Life(_cut_trial, lambda device: device.run(), (ONE, TWO), frozenset("12")),
    "second update": Life(_update(TWO), _update(THREE), (TWO, THREE), frozenset("23")),
    "falling back": Life(_rot, _fall_back, (ONE, PLAIN), frozenset("12")),
}


class LeftNeitherError(AssertionError):
    """What was promised does not hold."""


def prepare(folder: Path, kind: str, life: Life) -> None:
    """Make a device as it is before the cut."""
    folder.mkdir()
    if kind == "tryboot":
        make_selector(folder / "selector.img", kind="12", size=1 << 20)
    device = DEVICES[kind](folder)
    device.place_factory_release(ONE)
    life.before(device)


def judge(folder: Path, kind: str, life: Life) -> str:
    """Start what is left, look, and do the update again. Raises LeftNeitherError."""
    device = DEVICES[kind](folder)
    device.machine.power_on()
    device.run()
    rested = device.release()
    _see(device, life)
    floors = device.floors.read()
    if rested == "1" and (floors.security_version > 1 or floors.data > 1):
        raise LeftNeitherError("the floors have risen before the release was confirmed")
    if rested not in life.may_rest_in:
        raise LeftNeitherError(f"it rests in release {rested}")
    last = life.releases[-1]
    if device.release() != last.index.release and last is not BAD:
        device.update(last, again=True)
        _see(device, life)
        if device.release() != last.index.release:
            raise LeftNeitherError("the same update again does not end in its release")
    if last is TWO and device.floors.read().security_version != TWO.index.security_version:
        raise LeftNeitherError("the floors have not risen")
    if device.keeping.records.read().intent or device.keeping.records.read().floors_due:
        raise LeftNeitherError("something is still to be finished")
    return rested


def _see(device: Device, life: Life) -> None:
    image = device.boot.running().place.read_bytes()
    if all(image != release.image for release in life.releases):
        raise LeftNeitherError("the image that runs is none of the releases")
    if device.boot.confirmed() != device.boot.running():
        raise LeftNeitherError("it rests in a trial")


def kill_everywhere(where: Path, kind: str, life: Life, most: int) -> Counter[str]:
    """Kill the process at each call, before it and within it; most: only at so many."""
    shim, found = Shim(), Counter[str]()
    base, work = where / "base", where / "work"
    prepare(base, kind, life)
    shutil.copytree(base, work, symlinks=True)
    calls = _counted(shim, work, kind, life)
    for mode in (Mode.KILL_BEFORE, Mode.KILL_TORN):
        for point in range(0, calls, _step(calls, most)):
            shutil.rmtree(work)
            shutil.copytree(base, work, symlinks=True)
            status = _forked(lambda at=point, how=mode: _acted(shim, work, kind, life, how, at))
            if not os.WIFSIGNALED(status):
                raise RuntimeError(f"call {point} was not reached: status {status}")
            found[f"rests in {judge(work, kind, life)}"] += 1
    found["calls"] = calls
    shutil.rmtree(base)
    shutil.rmtree(work)
    return found


def forget_everywhere(where: Path, kind: str, life: Life, most: int) -> Counter[str]:
    """Cut the power after each change, with any part of what was not flushed lost."""
    shim, found, chance = Shim(), Counter[str](), random.Random(1)
    base, work, log = where / "base", where / "work", where / "log"
    prepare(base, kind, life)
    shutil.copytree(base, work, symlinks=True)
    _forked(lambda: _logged(shim, work, kind, life, log))
    changes = list(read_log(log.read_bytes()))
    disk = ForgetfulDisk()
    for change in _as_it_was(base, work):
        disk.take(change)
    for number, change in enumerate(changes):
        disk.take(change)
        for keeping in _KEEPING if not number % _step(len(changes), most) else ():
            after = where / "after"
            write_files(disk.left(chance, keeping), disk.folders, work, after)
            found[f"rests in {judge(after, kind, life)}"] += 1
            shutil.rmtree(after)
    found["changes"] = len(changes)
    shutil.rmtree(base)
    shutil.rmtree(work)
    return found


def _step(count: int, most: int) -> int:
    return max(1, -(-count // most))


def _as_it_was(base: Path, work: Path) -> list[Change]:
    """Return the changes that make what was on the card before."""
    changes: list[Change] = []
    for path in sorted(base.rglob("*")):
        there = str(work / path.relative_to(base))
        if path.is_dir():
            changes.append(Change("d", there, 0, b""))
        else:
            changes.append(Change("c", there, 0, b""))
            changes.append(Change("w", there, 0, path.read_bytes()))
            changes.append(Change("s", there, 0, b""))
    return [*changes, Change("s", str(work), 0, b"")]


def _counted(shim: Shim, folder: Path, kind: str, life: Life) -> int:
    told = folder.with_name("calls")

    def work() -> None:
        _acted(shim, folder, kind, life, Mode.PASS, 0)
        told.write_text(str(shim.calls))

    if _forked(work):
        raise RuntimeError("it does not come to its end without a cut")
    return int(told.read_text())


def _acted(shim: Shim, folder: Path, kind: str, life: Life, mode: Mode, at: int) -> None:
    device = DEVICES[kind](folder)
    shim.arm(folder, mode, at)
    life.act(device)


def _logged(shim: Shim, folder: Path, kind: str, life: Life, log: Path) -> None:
    file = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
    device = DEVICES[kind](folder)
    shim.arm(folder)
    shim.log(file)
    life.act(device)
    shim.log(-1)


def _forked(work: Callable[[], None]) -> int:
    """Do it in a process of its own, which may be killed; return its status."""
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1]
    try:
        work()
    except BaseException:  # noqa: BLE001  # nothing of the parent may run on in a child
        traceback.print_exc()
        os._exit(3)
    os._exit(0)


def main() -> None:
    """Do one campaign and tell what was found."""
    cut, kind, name, folder, result, most = sys.argv[1:]
    campaign = {"kill": kill_everywhere, "forget": forget_everywhere}[cut]
    found = campaign(Path(folder), kind, LIVES[name], int(most))
    Path(result).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
