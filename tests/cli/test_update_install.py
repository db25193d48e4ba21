"""`greenline update install|started|trial|confirm|roll-back|history|launch`, on two folders."""

import datetime
import fcntl
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.ota.directories import lay_out
from greenline.ota.unpacking import unpack
from tests.cli.conftest import Told
from tests.ota.repository import HARDWARE, Repository
from tests.ota.test_directories import APPLICATION, squashed

Greenline = Callable[..., Told]


class Kiosk:
    """A device whose application alone has slots, with a stick that releases are published on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repository = Repository(folder / "stick", datetime.datetime.now(datetime.UTC))
        self.control = lay_out(folder / "slots")
        self.config = folder / "update.toml"
        (folder / "root.json").write_bytes(self.repository.first_root)
        self.config.write_text(
            f'device = "kiosk-01"\nhardware = "{HARDWARE}"\n'
            f'root = "{folder}/root.json"\nstate = "{folder}/state"\n'
            f'records = "{folder}/records"\nbusy = "{folder}/busy.lock"\n'
            f'health = "{folder}/health.json"\n'
            f'[boot]\ntype = "directory"\nfolder = "{folder}/slots"\n'
        )
        first = self.control.confirmed()
        first.place.write_bytes(self.image("1"))
        unpack(first)
        self.control.start()

    def image(self, release: str, sensor: str = "ok") -> bytes:
        return squashed(self.folder, APPLICATION.format(sensor=sensor, release=release))

    def publish(self, release: str, sensor: str = "ok") -> None:
        image = self.image(release, sensor)
        parts = [image[at : at + 50_000] for at in range(0, len(image), 50_000)]
        self.repository.release(parts, release)

    def launch(self) -> "subprocess.Popen[bytes]":
        told = ["--config", self.config, "--deadline-s", "4", "--settle-s", "0.5", "--"]
        command = [sys.executable, "-m", "greenline.cli", "update", "launch", *told]
        application = [sys.executable, "{tree}/run.py", self.folder / "health.json"]
        return subprocess.Popen([str(part) for part in [*command, *application]])


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    for tool in ("mksquashfs", "unsquashfs"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing: apt install squashfs-tools")
    return Kiosk(tmp_path)


@pytest.fixture
def update(kiosk: Kiosk, greenline: Greenline) -> Greenline:
    def run(command: str, *options: object) -> Told:
        return greenline("update", command, "--config", kiosk.config, *options)

    return run


@pytest.fixture
def launched(kiosk: Kiosk) -> Iterator[None]:
    launcher = kiosk.launch()
    yield
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(60) == 0


def wait_for_history(update: Greenline, wanted: str) -> str:
    ticking, told = threading.Event(), ""
    for _ in range(600):
        told = update("history").out
        if wanted in told:
            return told
        ticking.wait(0.1)
    raise AssertionError(f"{wanted!r} did not come: {told}")


def wait_for_health(kiosk: Kiosk) -> None:
    ticking = threading.Event()
    for _ in range(600):
        if (kiosk.folder / "health.json").exists():
            return
        ticking.wait(0.1)
    raise AssertionError("the application does not come up")


@pytest.mark.usefixtures("launched")
def test_a_release_is_fetched_tried_and_confirmed_and_a_bad_one_is_left(
    kiosk: Kiosk, update: Greenline
) -> None:
    wait_for_health(kiosk)
    stick = ("--from", kiosk.repository.folder)
    kiosk.publish("2")
    assert update("fetch", *stick).code == 0
    installed = update("install")
    assert (installed.code, installed.err) == (0, "")
    wait_for_history(update, "2  confirmed")

    kiosk.publish("3", sensor="failed")
    assert update("fetch", *stick).code == 0
    assert update("install").code == 0
    told = wait_for_history(update, "3  given-up")

    assert "the fingerprint sensor did not answer under the new release" in told
    assert "[trial-failed-sensor]" in told
    ticking = threading.Event()
    while kiosk.control.running() != kiosk.control.confirmed():
        ticking.wait(0.1)  # until the launcher has started the release before again
    refused = update("install")
    assert refused.code == 1
    assert "gave release 3 up before" in refused.sentence
    assert "2" in (kiosk.control.tree(kiosk.control.confirmed()) / "run.py").read_text()


def test_without_a_fetched_release_nothing_is_installed(update: Greenline) -> None:
    told = update("install")

    assert told.code == 1
    assert "greenline update fetch" in told.sentence


def test_a_launcher_that_does_not_run_is_named(kiosk: Kiosk, update: Greenline) -> None:
    kiosk.publish("2")
    assert update("fetch", "--from", kiosk.repository.folder).code == 0

    told = update("install")

    assert told.code == 5
    assert "launcher does not run" in told.sentence


def test_nothing_is_installed_while_a_traveller_is_checked(kiosk: Kiosk, update: Greenline) -> None:
    kiosk.publish("2")
    assert update("fetch", "--from", kiosk.repository.folder).code == 0
    with (kiosk.folder / "busy.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)

        told = update("install")

    assert (told.code, told.sentence) == (1, "a traveller is being checked")


def test_a_start_without_a_trial_goes_on(kiosk: Kiosk, update: Greenline) -> None:
    assert update("started").out == "Slot a runs: go on.\n"
    told = update("confirm")
    assert (told.code, told.sentence) == (1, "no release is on trial here")
    assert update("history").out == ""


def test_a_start_that_ends_in_order_is_not_counted(kiosk: Kiosk, update: Greenline) -> None:
    """Nor is it an end of a trial; and the kiosk's unit learns which release was started."""
    assert update("stopping").out == "There is nothing to take back.\n"
    for _ in range(4):
        kiosk.control.start()
        assert update("started").out == "Slot a runs: go on.\n"
        assert update("stopping").out == "This start is not counted.\n"
    assert update("stopping").out == "There is nothing to take back.\n"
    assert (kiosk.folder / "records/start.env").read_text() == ""  # the factory left no index
    kiosk.publish("2")
    update("fetch", "--from", kiosk.repository.folder)
    update("install")
    for _ in range(6):
        kiosk.control.start()
        assert update("started").out == "Slot b runs: watch the trial.\n"
        assert (kiosk.folder / "records/start.env").read_text() == "GREENLINE_RELEASE=2\n"
        assert update("stopping").out == "This start is not counted.\n"
        kiosk.control.start()
        assert "Slot a runs: restart" in update("started").out

    assert "given-up" not in update("history").out


def test_without_an_earlier_release_there_is_no_way_back(update: Greenline) -> None:
    update("started")

    told = update("roll-back", "--yes")

    assert told.code == 1
    assert "no release that may run" in told.sentence


def test_a_damaged_pointer_is_named(kiosk: Kiosk, update: Greenline) -> None:
    (kiosk.folder / "slots/confirmed").unlink()

    told = update("started")

    assert told.code == 5
    assert "confirmed" in told.sentence


def test_a_record_that_cannot_be_written_is_named(kiosk: Kiosk, update: Greenline) -> None:
    (kiosk.folder / "records").write_text("a file where the folder should be")

    told = update("started")

    assert told.code == 5
    assert "records" in told.sentence


def test_a_person_confirms_a_trial(kiosk: Kiosk, update: Greenline) -> None:
    kiosk.publish("2")
    update("fetch", "--from", kiosk.repository.folder)
    update("install")
    kiosk.control.start()
    assert "watch the trial" in update("started").out

    assert update("confirm").code == 0

    assert kiosk.control.confirmed().name == "b"
