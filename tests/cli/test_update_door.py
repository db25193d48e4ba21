"""`greenline update fetch` without rights, and `greenline update door`, which has them."""

import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.cli.children import Child, greenline
from greenline.ota.directories import lay_out
from greenline.ota.index import encode
from tests.cli.conftest import Told
from tests.ota.repository import HARDWARE, Repository, index_of, pieces

Greenline = Callable[..., Told]

PARTS = pieces(1, 12)
IMAGE = b"".join(PARTS)
NOBODY = pwd.getpwnam("nobody")
# All that Python loads on the way comes first, on another device: to that user its own folders may
# be closed.
_AS_NOBODY = """
import contextlib, os, sys
from greenline.cli.__main__ import app, main
number = int(sys.argv.pop(1))
with contextlib.redirect_stdout(None):
    app(["update", "fetch", "--config", sys.argv.pop(1), *sys.argv[-2:]], standalone_mode=False)
os.setgroups([])
os.setresgid(number, number, number)
os.setresuid(number, number, number)
main(sys.argv[1:])
"""

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


class Machine:
    """A device: records and slots are root's, the state is the client's."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder = folder
        self.repository = Repository(folder / "stick")
        (folder / "root.json").write_bytes(self.repository.first_root)
        self.door = folder / "door.sock"
        self.config = self.configure("update", f'door = "{self.door}"\nclient = "nobody"\n')
        control = lay_out(folder / "update/slots")
        control.running().place.chmod(0o600)  # as a block device is
        self.other = control.other()
        (folder / "update/state").mkdir()
        os.chown(folder / "update/state", NOBODY.pw_uid, NOBODY.pw_gid)

    def configure(self, name: str, door: str = "") -> Path:
        """Lay a device out, and return its configuration."""
        place = self.folder / name
        control = lay_out(place / "slots")
        control.start()
        old = pieces(9, 2)
        control.running().place.write_bytes(b"".join(old))
        control.running().index.write_bytes(encode(index_of(old, "0.9")))
        config = self.folder / f"{name}.toml"
        config.write_text(
            f'device = "kiosk-01"\nhardware = "{HARDWARE}"\n'
            f'root = "{self.folder}/root.json"\nstate = "{place}/state"\n'
            f'records = "{place}/records"\nbusy = "{place}/busy.lock"\n'
            f'health = "{place}/health.json"\n{door}'
            f'[boot]\ntype = "directory"\nfolder = "{place}/slots"\n'
        )
        return config

    def fetch(self, user: int = NOBODY.pw_uid) -> "subprocess.CompletedProcess[str]":
        warm = self.configure("warm")
        command = ["update", "fetch", "--config", self.config, "--from", self.repository.folder]
        return subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(user), warm, *command],
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory() as short:  # a socket's path has few characters
        yield Machine(Path(short))


@pytest.fixture
def door(machine: Machine, tmp_path: Path) -> Iterator[Child]:
    child = Child(
        "door", greenline("update", "door", "--config", machine.config), tmp_path / "door.log"
    )
    child.wait_for_event("ready")
    yield child
    assert child.stop() == 0
    assert not machine.door.exists()


@pytest.mark.usefixtures("door")
def test_root_fetches_as_that_user(machine: Machine) -> None:
    """A technician with a stick types it as root; what is kept must be the client's."""
    machine.repository.release(PARTS, "1.0")
    os.chown(machine.folder / "update/state", 0, 0)  # as a folder that was never used
    done = machine.fetch(user=0)
    assert done.returncode == 0, done.stderr
    state = machine.folder / "update/state"
    assert {path.stat().st_uid for path in [state, *state.rglob("*")]} == {NOBODY.pw_uid}
    assert machine.fetch().returncode == 0


@pytest.mark.usefixtures("door")
def test_a_user_without_rights_fetches_and_root_installs(
    machine: Machine, greenline: Greenline
) -> None:
    machine.repository.release(PARTS, "1.0")
    done = machine.fetch()
    assert done.returncode == 0, done.stderr
    assert "Release 1.0 is fetched" in done.stdout
    assert machine.other.place.read_bytes() == IMAGE
    assert machine.other.place.stat().st_uid == 0
    mine = {
        path.name
        for path in (machine.folder / "update/state").rglob("*")
        if path.stat().st_uid == 0
    }
    assert mine == set()
    told = greenline("update", "install", "--config", machine.config)
    assert "Release 1.0 is whole" in told.out


def test_signed_files_end_where_the_client_cannot_write(
    machine: Machine, request: pytest.FixtureRequest
) -> None:
    machine.config.write_text('files = ["centre/"]\n' + machine.config.read_text())
    request.getfixturevalue("door")  # it reads that
    machine.repository.add_target("centre/matcher.json", b"its keys")
    machine.repository.release(PARTS, "1.0")
    done = machine.fetch()
    assert done.returncode == 0, done.stderr
    assert "Changed: centre/matcher.json" in done.stdout
    kept = machine.folder / "update/records/files/centre/matcher.json"
    assert kept.read_bytes() == b"its keys"
    assert {path.stat().st_uid for path in (kept, kept.parent)} == {0}


def test_without_the_door_it_says_what_to_do(machine: Machine) -> None:
    machine.repository.release(PARTS, "1.0")
    done = machine.fetch()
    assert done.returncode == 5
    assert "systemctl status greenline-update-door" in done.stderr
    assert not machine.other.place.exists()


def test_a_user_that_is_not_there_is_named(machine: Machine, greenline: Greenline) -> None:
    text = machine.config.read_text().replace('"nobody"', '"ghost"')
    machine.config.write_text(text)
    told = greenline("update", "door", "--config", machine.config)
    assert told.code == 4
    assert "'ghost'" in told.sentence


def test_a_door_without_a_place_is_refused(machine: Machine, greenline: Greenline) -> None:
    text = machine.config.read_text().replace(f'door = "{machine.door}"\n', "")
    machine.config.write_text(text)
    told = greenline("update", "door", "--config", machine.config)
    assert told.code == 4
    assert "'door'" in told.sentence


def test_what_is_no_socket_is_not_removed(machine: Machine, greenline: Greenline) -> None:
    machine.door.write_text("a file")
    told = greenline("update", "door", "--config", machine.config)
    assert told.code == 4
    assert machine.door.read_text() == "a file"


def test_a_socket_that_was_handed_over_is_served(machine: Machine) -> None:
    """As systemd does it: the socket is number 3, and it stays where it is."""
    machine.repository.release(PARTS, "1.0")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(machine.door))
        machine.door.chmod(0o666)
        listening.listen()
        words = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS'] = '1';"
            "os.environ['LISTEN_PID'] = str(os.getpid());"
            "os.execv(sys.executable, [sys.executable, '-m', 'greenline.cli', *sys.argv[2:]])"
        )
        number = str(listening.fileno())
        command = ["update", "door", "--config", str(machine.config)]
        served = subprocess.Popen(
            [sys.executable, "-c", words, number, *command],
            pass_fds=[listening.fileno()],
            stderr=subprocess.DEVNULL,
        )
        done = machine.fetch()
        served.send_signal(signal.SIGTERM)
        assert served.wait(60) == 0
    assert done.returncode == 0
    assert machine.door.exists()
