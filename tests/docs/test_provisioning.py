"""docs/provisioning.md is run, command by command, as operator and technician would type it."""

import contextlib
import os
import pwd
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenline.cli.children import Child, greenline
from greenline.cli.site import find_mosquitto

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "provisioning.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
SERVICES = ("authority serve", "matcher --", "kiosk --config", "uplink --")


def commands() -> list[str]:
    return [line for block in BLOCK.findall(DOCUMENT.read_text()) for line in block.splitlines()]


def account() -> str:
    """Return the broker's account: the document's own where this may be given files of ours."""
    known = {each.pw_name for each in pwd.getpwall()}
    root = os.geteuid() == 0 and "mosquitto" in known
    return "mosquitto" if root else pwd.getpwuid(os.geteuid()).pw_name


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Machine:
    """The document's centre and kiosk, on this machine: other folders, ports and names."""

    folder: Path
    code: str = ""
    running: dict[str, Child] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        est, mqtt = free_port(), free_port()
        self.instead = [
            ("/var/lib/greenline", str(self.folder / "lib")),
            ("/etc/greenline", str(self.folder / "etc")),
            ("/media/stick/ca.pem", str(self.folder / "etc" / "centre" / "ca.pem")),
            ("authority.example.org:8443", f"127.0.0.1:{est}"),
            ("0.0.0.0:8443", f"127.0.0.1:{est}"),
            ("authority.example.org", "127.0.0.1"),
            ("broker.example.org:8883", f"127.0.0.1:{mqtt}"),
            ("--broker-user mosquitto", f"--broker-user {account()} --listen 127.0.0.1"),
        ]

    def run(self, line: str) -> None:
        """Run a command to its end, or start a service and wait until it is ready."""
        for theirs, ours in self.instead:
            line = line.replace(theirs, ours)
        program, *arguments = shlex.split(line)
        if program == "mosquitto":
            self._start("broker", [find_mosquitto(), *arguments], "running")
        elif any(service in line for service in SERVICES):
            self._start(" ".join(arguments[:2]), greenline(*arguments), "ready")
        else:
            assert program == "greenline"
            self._run(arguments)

    def _run(self, arguments: list[str]) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "greenline.cli", *arguments],
            input=f"{self.code}\n", capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        found = re.search(r"^ +([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})$", done.stdout, re.MULTILINE)
        self.code = found[1] if found else self.code
        self.said.append(done.stdout)

    def _start(self, name: str, command: list[str], word: str) -> None:
        child = Child(name, command, self.folder / f"{len(self.running)}.log")
        self.running[name] = child
        child.wait_for(lambda event: str(event.get("event", "")).endswith(word), word, 300)


@pytest.fixture
def machine() -> Iterator[Machine]:
    # Not in pytest's own folder, which only its owner may enter: the broker has another account.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        made = Machine(Path(folder))
        yield made
        for child in reversed(made.running.values()):
            child.stop()


def test_each_command_does_what_the_document_says(machine: Machine) -> None:
    steps = commands()
    assert len(steps) == 21
    for number, step in enumerate(steps):
        if step.startswith("greenline kiosk --config"):
            # There is no sensor here: the kiosk says so on its page and serves all the same.
            port = machine.folder / "etc" / "kiosk" / "kiosk.toml"
            port.write_text(port.read_text().replace("page_port = 8080", "page_port = 0"))
        if step.startswith("greenline authority list"):
            linked(machine)
        if step.startswith("greenline authority retire"):
            assert "--force" in step, "the kiosk of this test renews only in 30 days"
        machine.run(step)
        assert machine.said or number < 2

    told = "\n".join(machine.said)
    for words in (
        "kiosk-07 is enrolled until", "No alarms.", "Nothing to do before", "registered",
        "kiosk-07 is revoked (stolen)", "and the broker reads it", "signs kiosks from now on",
        "is trusted no more",
    ):  # fmt: skip
        assert words in told, words


def linked(machine: Machine) -> None:
    """Wait until the kiosk is connected, and known to the matcher."""
    machine.running["broker"].wait_for(
        lambda event: "as kiosk-07" in event.get("event", ""), "the kiosk at the broker", 30
    )
    registry = machine.folder / "etc" / "centre" / "kiosks" / "kiosk-07.json"
    machine.running["authority serve"].wait_for(
        lambda event: event.get("event") == "published" and registry.exists(), "published", 30
    )
