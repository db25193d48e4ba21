"""Slots that are folders: their pointers, what they are unpacked to, and who runs them."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from greenline.ota.directories import DirectoryControl, PointerError, lay_out
from greenline.ota.errors import OtaError
from greenline.ota.launcher import NoLauncherError, ask_to_restart
from greenline.ota.unpacking import unpack
from tests.ota.machines import Device, folder_device, make_release, write_release


def test_it_is_laid_out_once(tmp_path: Path) -> None:
    control = lay_out(tmp_path / "slots")
    control.start()
    control.fall_back()

    again = lay_out(tmp_path / "slots")

    assert again.confirmed().name == "b"
    assert sorted(path.name for path in (tmp_path / "slots").iterdir()) == [
        "a",
        "b",
        "confirmed",
        "running",
    ]


@pytest.mark.parametrize("target", ["c", "../a", "/etc", ""])
def test_a_pointer_to_no_slot_is_named(tmp_path: Path, target: str) -> None:
    control = lay_out(tmp_path)
    (tmp_path / "confirmed").unlink()
    if target:
        (tmp_path / "confirmed").symlink_to(target)

    with pytest.raises(PointerError, match="confirmed"):
        control.start()


@pytest.mark.parametrize("told", ["", "{}", '{"slot":"c","trial":false,"start":"x"}', "[" * 999])
def test_a_damaged_note_of_the_start_is_refused(tmp_path: Path, told: str) -> None:
    control = lay_out(tmp_path)
    (tmp_path / "running").write_text(told)

    with pytest.raises(PointerError):
        control.running()


@pytest.fixture
def tools() -> None:
    for tool in ("mksquashfs", "unsquashfs"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing: apt install squashfs-tools")


def squashed(folder: Path, text: str) -> bytes:
    """Return an image of an application: one program, of that text."""
    tree, image = folder / "tree", folder / "image"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "lib").mkdir(parents=True)
    (tree / "run.py").write_text(text)
    (tree / "lib" / "link").symlink_to("../run.py")
    image.unlink(missing_ok=True)
    subprocess.run(["mksquashfs", str(tree), str(image), "-quiet", "-no-progress"], check=True)
    return image.read_bytes()


@pytest.mark.usefixtures("tools")
class TestUnpacking:
    """The tree of a slot: whole, or not there."""

    def test_it_replaces_an_older_one(self, tmp_path: Path) -> None:
        slot = lay_out(tmp_path / "slots").confirmed()
        for text in ("one", "two"):
            slot.place.write_bytes(squashed(tmp_path, text))
            unpack(slot)

        tree = slot.place.with_name("tree")
        assert (tree / "run.py").read_text() == (tree / "lib/link").read_text() == "two"
        assert not tree.with_name("tree.new").exists()

    def test_what_is_no_image_leaves_no_tree(self, tmp_path: Path) -> None:
        slot = lay_out(tmp_path / "slots").confirmed()
        slot.place.write_bytes(squashed(tmp_path, "one")[:200])

        with pytest.raises(OtaError, match="cannot be unpacked"):
            unpack(slot)

        assert not slot.place.with_name("tree").exists()


APPLICATION = """
import json, os, sys, time
health = dict(format=1, boot=os.environ["GREENLINE_START"], monotonic_ms=0, sensor={sensor!r},
              store="ok", page="ok", clock="sane", software={release!r})
while True:
    health["monotonic_ms"] = int(time.monotonic() * 1000)
    with open(sys.argv[1] + ".new", "w") as file:
        json.dump(health, file)
    os.replace(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.05)
"""

LAUNCH = """
import sys
from pathlib import Path
from greenline.ota.boot_record import BootRecords
from greenline.ota.directories import DirectoryControl
from greenline.ota.history import History
from greenline.ota.launcher import Launcher
from greenline.ota.starting import Keeping
from greenline.ota.trial import Patience
folder, health = Path(sys.argv[1]), Path(sys.argv[2])
control = DirectoryControl(folder / "slots")
keeping = Keeping(control, BootRecords(folder / "state"), History(folder / "state/history.jsonl"),
                  lambda security, data: None)
command = [sys.executable, "{tree}/run.py", str(health)]
Launcher(control, keeping, command, health, folder / "slots", Patience(4, 0.3, 0.05)).run()
"""


class Watching:
    """Waits for what a launcher's device shows."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._ticking = threading.Event()

    def until(self, what: str, release: str) -> None:
        """Wait for an entry of the history, and for a release to run."""
        for _ in range(1200):
            entries = [(each.what, each.release) for each in self._device.keeping.history.entries()]
            if (not what or (what, release) in entries) and self._runs(release, what):
                return
            self._ticking.wait(0.05)
        raise AssertionError(f"{what} {release} did not come: {entries}")

    def _runs(self, release: str, what: str) -> bool:
        try:
            told = json.loads(self._device.health_file.read_bytes())
        except (OSError, ValueError):
            return False
        return what == "given-up" or bool(told["software"] == release)


@pytest.mark.usefixtures("tools")
def test_a_launcher_updates_its_application_and_goes_back(tmp_path: Path) -> None:
    """Release 2 is confirmed, release 3 breaks the sensor: real processes, real images."""
    device = folder_device(tmp_path)
    control = device.boot
    assert isinstance(control, DirectoryControl)
    first = control.confirmed()
    first.place.write_bytes(squashed(tmp_path, APPLICATION.format(sensor="ok", release="1")))
    unpack(first)
    control.start()
    device.installer = dataclasses.replace(device.installer, unpack=unpack)
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(tmp_path), str(device.health_file)]
    )
    watching = Watching(device)
    try:
        watching.until("", "1")
        for release, sensor, became, runs in (
            ("2", "ok", "confirmed", "2"),
            ("3", "failed", "given-up", "2"),
        ):
            image = squashed(tmp_path, APPLICATION.format(sensor=sensor, release=release))
            made = make_release(release, image=image)
            write_release(device.installer, made)
            device.installer.begin_trial(made.signed, lambda: ask_to_restart(tmp_path / "slots"))
            watching.until(became, release)
            watching.until("", runs)
    finally:
        launcher.send_signal(signal.SIGTERM)
        assert launcher.wait(30) == 0

    assert control.confirmed() == control.running()
    assert "2" in (control.tree(control.running()) / "run.py").read_text()


def test_without_a_launcher_nobody_restarts(tmp_path: Path) -> None:
    with pytest.raises(NoLauncherError):
        ask_to_restart(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "launcher.pid").write_text(f"{gone.pid}\n")
    with pytest.raises(NoLauncherError):
        ask_to_restart(tmp_path)
