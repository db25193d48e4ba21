"""`greenline update check|fetch|status`, on a device with two folders and a server of its own."""

import datetime
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.ota.directories import lay_out
from greenline.ota.index import MOST_CHUNKS, encode, target_path
from tests.cli.conftest import Told
from tests.ota.repository import HARDWARE, Repository, index_of, pieces
from tests.ota.server import PORTAL, UpdateServer, serving

Greenline = Callable[..., Told]

PARTS = pieces(1, 12)
IMAGE = b"".join(PARTS)
# Not getrusage(): its figure begins with what the process that started this one had.
_MEASURED = """
import pathlib, sys
from greenline.cli.__main__ import main
try:
    main(sys.argv[1:])
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    print("peak", status.partition("VmHWM:")[2].split()[0], file=sys.stderr)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "published", datetime.datetime.now(datetime.UTC))


@pytest.fixture
def server(repository: Repository) -> Iterator[UpdateServer]:
    with serving(repository.folder) as running:
        yield running


class Machine:
    """A device's folders, and its configuration."""

    def __init__(self, folder: Path, repository: Repository, url: str) -> None:
        self.folder = folder
        control = lay_out(folder / "slots")
        control.start()
        old = pieces(9, 2)
        control.running().place.write_bytes(b"".join(old))
        control.running().index.write_bytes(encode(index_of(old, "0.9")))
        self.running, self.other = control.running(), control.other()
        (folder / "root.json").write_bytes(repository.first_root)
        self.config = folder / "update.toml"
        self.busy = folder / "busy.lock"
        self.write_config(f'[server]\nurl = "{url}"\n')

    def write_config(self, server: str, hardware: str = HARDWARE) -> None:
        self.config.write_text(
            f'device = "kiosk-01"\nhardware = "{hardware}"\n'
            f'root = "{self.folder}/root.json"\nstate = "{self.folder}/state"\n'
            f'records = "{self.folder}/records"\nbusy = "{self.busy}"\n'
            f'health = "{self.folder}/health.json"\n'
            f'[boot]\ntype = "directory"\nfolder = "{self.folder}/slots"\n' + server
        )


@pytest.fixture
def machine(tmp_path: Path, repository: Repository, server: UpdateServer) -> Machine:
    return Machine(tmp_path / "machine", repository, server.url)


def told_status(greenline: Greenline, machine: Machine) -> dict[str, object]:
    status: dict[str, object] = json.loads(
        greenline("update", "status", "--config", machine.config, "--json").out
    )
    return status


def test_before_the_first_asking_the_status_says_so(greenline: Greenline, machine: Machine) -> None:
    told = greenline("update", "status", "--config", machine.config)
    assert (told.code, told.out) == (0, "This device has not asked for an update yet.\n")


def test_a_release_is_found_fetched_and_told(
    greenline: Greenline, machine: Machine, repository: Repository
) -> None:
    repository.release(PARTS, "1.0")
    asked = greenline("update", "check", "--config", machine.config)
    assert asked.code == 0
    assert "Release 1.0 is there" in asked.out
    assert told_status(greenline, machine)["state"] == "available"
    fetched = greenline("update", "fetch", "--config", machine.config)
    assert fetched.code == 0
    assert "Release 1.0 is fetched" in fetched.out
    assert machine.other.place.read_bytes() == IMAGE
    status = told_status(greenline, machine)
    assert (status["state"], status["done"], status["total"]) == ("ready", len(IMAGE), len(IMAGE))


def test_a_release_is_fetched_from_a_stick(
    greenline: Greenline, machine: Machine, repository: Repository, server: UpdateServer
) -> None:
    repository.release(PARTS, "1.0")
    told = greenline("update", "fetch", "--config", machine.config, "--from", repository.folder)
    assert told.code == 0
    assert machine.other.place.read_bytes() == IMAGE
    assert server.asked == []


def test_the_newest_release_is_not_fetched_again(
    greenline: Greenline, machine: Machine, repository: Repository
) -> None:
    index = repository.release(PARTS, "1.0")
    machine.running.place.write_bytes(IMAGE)
    machine.running.index.write_bytes(encode(index))
    for command in ("check", "fetch"):
        told = greenline("update", command, "--config", machine.config)
        assert (told.code, told.out) == (0, "This device runs the newest release.\n")
    assert told_status(greenline, machine)["state"] == "up-to-date"


def test_a_refusal_is_told_with_its_reason(
    greenline: Greenline, machine: Machine, repository: Repository
) -> None:
    repository.release(PARTS, "1.0", security_version=0)
    told = greenline("update", "fetch", "--config", machine.config)
    assert told.code == 1
    assert "below what this device already runs" in told.sentence
    status = told_status(greenline, machine)
    assert (status["state"], status["reason"]) == ("refused", "downgrade")
    told = greenline("update", "status", "--config", machine.config)
    assert "[downgrade]" in told.out


def test_a_release_for_later_waits(
    greenline: Greenline, machine: Machine, repository: Repository
) -> None:
    repository.release(PARTS, "1.0", rollout_permille=0)
    assert greenline("update", "fetch", "--config", machine.config).code == 1
    assert told_status(greenline, machine)["state"] == "waiting"


def test_a_login_page_is_told_in_words(
    greenline: Greenline, machine: Machine, server: UpdateServer
) -> None:
    server.behaviour.body = PORTAL
    server.behaviour.headers = {"Location": "https://login.example/"}
    server.behaviour.status = 302
    machine.write_config(f'[server]\nurl = "{server.url}"\ndeadline_h = 0.0001\n')
    told = greenline("update", "fetch", "--config", machine.config)
    assert told.code == 7
    assert told_status(greenline, machine)["state"] == "interrupted"


def test_a_stick_that_is_not_in_is_told(greenline: Greenline, machine: Machine) -> None:
    told = greenline("update", "fetch", "--config", machine.config, "--from", "/nowhere/stick")
    assert told.code == 7
    assert "is the stick in" in told.sentence


def test_without_server_and_stick_it_says_what_to_do(
    greenline: Greenline, machine: Machine
) -> None:
    machine.write_config("")
    told = greenline("update", "fetch", "--config", machine.config)
    assert told.code == 4
    assert "--from" in told.sentence


def test_plain_http_to_another_machine_is_refused(greenline: Greenline, machine: Machine) -> None:
    machine.write_config('[server]\nurl = "http://updates.example/"\n')
    told = greenline("update", "fetch", "--config", machine.config)
    assert told.code == 4
    assert "plain http" in told.sentence


def test_an_image_without_its_root_is_told(greenline: Greenline, machine: Machine) -> None:
    (machine.folder / "root.json").unlink()
    told = greenline("update", "check", "--config", machine.config)
    assert told.code == 4
    assert "root" in told.sentence


@pytest.mark.parametrize(
    ("lock", "words"), [("busy.lock", "checked"), ("state/update.lock", "run")]
)
def test_a_check_or_another_update_defers_it(
    greenline: Greenline, machine: Machine, repository: Repository, lock: str, words: str
) -> None:
    repository.release(PARTS, "1.0")
    path = machine.folder / lock
    path.parent.mkdir(exist_ok=True)
    holding = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(holding, fcntl.LOCK_EX)
        told = greenline("update", "fetch", "--config", machine.config)
    finally:
        os.close(holding)
    assert told.code == 1
    assert words in told.sentence
    assert greenline("update", "fetch", "--config", machine.config).code == 0


def test_a_fetch_takes_at_most_64_megabytes_of_memory(
    machine: Machine, repository: Repository
) -> None:
    """An image of 96 MB in 1,500 chunks, one of them as large as a chunk may be."""
    chance = [number.to_bytes(4, "big") * 100 for number in range(1500)]
    parts = [*(head + bytes(65_136) for head in chance), os.urandom(1 << 20)]
    repository.release(parts, "2.0")
    assert peak_kb(machine) <= 64 * 1024
    assert machine.other.place.stat().st_size == sum(map(len, parts))


def test_64_mb_are_enough_for_the_largest_index(machine: Machine, repository: Repository) -> None:
    """The running slot has the chunks, so that both tables are in memory and no file is needed."""
    parts = [number.to_bytes(4) * 25 for number in range(MOST_CHUNKS)]
    machine.running.place.write_bytes(b"".join(parts))
    machine.running.index.write_bytes(encode(index_of(parts, "1.0")))
    repository.add_target(target_path(HARDWARE), encode(index_of(parts, "2.0")))
    repository.publish()
    assert peak_kb(machine) <= 64 * 1024
    assert machine.other.place.read_bytes() == b"".join(parts)


def peak_kb(machine: Machine) -> int:
    """Fetch in a process of its own, and return the most memory it had."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, "update", "fetch", "--config", str(machine.config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stderr.rpartition("peak ")[2])


def test_signed_files_come_with_it(
    greenline: Greenline, machine: Machine, repository: Repository
) -> None:
    repository.add_target("centre/operators.json", b"who may work here")
    repository.release(PARTS, "1.0", rollout_permille=0)
    text = machine.config.read_text()
    machine.config.write_text('files = ["centre/"]\n' + text)
    told = greenline("update", "fetch", "--config", machine.config)
    assert told.code == 1
    assert told.out == "Changed: centre/operators.json\n"
    kept = machine.folder / "state/files/centre/operators.json"
    assert kept.read_bytes() == b"who may work here"
    believed = machine.folder / "records/files/centre/operators.json"
    assert believed.read_bytes() == b"who may work here"
