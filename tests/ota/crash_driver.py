"""Kills the client, or lets the card fail, at each system call that changes something on the card.

Run by test_crashes.py in a process in which bench/faults/crash_shim.c is loaded; each attempt is a
child of it. Prints what was found as JSON: how many attempts there were, and what went wrong.

python -m tests.ota.crash_driver FOLDER MODE ERRNO EVERY
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench.faults.shim import Mode, Shim
from greenline.ota.errors import CardError
from greenline.ota.floors import Floors
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.repository import Repository, index_of, pieces

_DONE, _TOLD, _WRONG = 0, 10, 11
OLD = pieces(1, 4, 3000)
NEW = [*OLD[:2], *pieces(2, 4, 3000)]


class Scene:
    """A device that has seen one release, and a repository with the next and a new root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = Repository(folder / "published")
        self.repository.release(OLD, "1.0")
        template = Unit(folder / "template", self.repository)
        template.run(OLD, index_of(OLD, "1.0"))
        template.run(OLD[::-1], index_of(OLD[::-1], "0.9"), 1)
        template.check(self.source())
        self.before = template.floors.raise_to(Floors(security_version=1))
        self.repository.rotate("timestamp")
        self.repository.release(NEW, "2.0")
        self.after = self.floors_after()

    def source(self) -> FolderSource:
        return FolderSource(self.repository.folder)

    def unit(self) -> Unit:
        """A device as it was before."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self.folder / "template", work)
        return self.again()

    def again(self) -> Unit:
        return Unit(self.folder / "work", self.repository)

    def floors_after(self) -> Floors:
        unit = self.unit()
        unit.fetch(self.source())
        return unit.floors.read()

    def faults(self) -> list[str]:
        """What is wrong with the device after an attempt, and after a run that nothing disturbs."""
        unit, wrong = self.again(), []
        floors = unit.floors.read()
        if floors.joined(self.before) != floors:
            wrong.append(f"floors fell to {floors}")
        kept = unit.metadata.kept()
        if kept.targets is None and kept.root.version == 1:
            wrong.append("the trusted metadata are lost")
        if unit.slots[0].place.read_bytes() != b"".join(OLD):
            wrong.append("the running slot has changed")
        unit.fetch(self.source())
        if unit.image() != b"".join(NEW):
            wrong.append("the new release is not whole after another run")
        if unit.floors.read() != self.after:
            wrong.append(f"floors are {unit.floors.read()} after another run")
        return wrong


def attempt(scene: Scene, shim: Shim, mode: Mode, at: int, error: int) -> int:
    """Let a child fetch, with a fault at a call; returns its exit code, negative for a signal."""
    unit = scene.unit()
    child = os.fork()
    if child == 0:
        code = _WRONG
        try:
            shim.arm(scene.folder / "work", mode, at, error)
            unit.fetch(scene.source())
            code = _DONE if shim.calls <= at else _TOLD
        except CardError:
            code = _TOLD
        finally:
            shim.disarm()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    folder, mode, error, every = Path(sys.argv[1]), Mode(int(sys.argv[2])), *map(int, sys.argv[3:])
    # python-tuf's and our own scratch files are below the folder too.
    tempfile.tempdir = str(folder)
    scene, shim = Scene(folder), Shim()
    attempts, wrong = 0, []
    at = 0
    while (code := attempt(scene, shim, mode, at, error)) != _DONE:
        attempts += 1
        if code == _WRONG:
            wrong.append(f"call {at}: not a fault of the card")
        wrong += [f"call {at}: {fault}" for fault in scene.faults()]
        at += every
    print(json.dumps({"attempts": attempts, "calls": at, "wrong": wrong}))


if __name__ == "__main__":
    main()
