"""A network that comes up ends a wait: what the kernel says, read and in a network of its own."""

import os
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from greenline.cli.site import Site
from greenline.link.network import Network, came_up, still_ours

ROOT = Path(__file__).resolve().parents[2]
NEW_LINK, DEL_LINK, NEW_ADDRESS, DEL_ADDRESS, NEW_ROUTE = 16, 17, 20, 21, 24
RUNNING = 0x40


def said(kind: int, body: bytes = b"") -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def link(flags: int) -> bytes:
    return struct.pack("=BxHiII", 0, 1, 2, flags, 0)


@pytest.mark.parametrize(
    ("datagram", "up"),
    [
        (said(NEW_ADDRESS, b"x" * 8), True),
        (said(NEW_ROUTE, b"x" * 12), True),
        (said(NEW_LINK, link(RUNNING)), True),
        (said(NEW_LINK, link(0x1)), False),
        (said(DEL_LINK, link(RUNNING)), False),
        (said(DEL_ADDRESS, b"x" * 8), False),
        (said(DEL_ADDRESS, b"x" * 5) + b"\0" * 3 + said(NEW_ROUTE), True),
    ],
)
def test_what_the_kernel_says_is_understood(datagram: bytes, up: bool) -> None:
    assert came_up(datagram) is up


def test_whatever_comes_cut_or_damaged_is_no_error() -> None:
    whole = said(NEW_LINK, link(RUNNING)) + said(DEL_ADDRESS, b"x" * 8)

    assert not any(came_up(whole[:cut]) for cut in range(16))
    assert not came_up(struct.pack("=IHHII", 3, NEW_ADDRESS, 0, 0, 0))
    assert not came_up(said(NEW_LINK, b"short"))


def test_a_wait_ends_by_itself_or_when_it_is_told_to() -> None:
    with Network() as network:
        began = time.monotonic()
        assert not network.wait(0.05, early=False)
        assert time.monotonic() - began >= 0.05

        threading.Timer(0.05, network.wake).start()
        assert not network.wait(20, early=False)
        network.wake()
        network.wake()
        assert not network.wait(20, early=False)
        assert time.monotonic() - began < 10


def test_an_address_that_is_not_ours_is_known_as_such() -> None:
    assert still_ours("127.0.0.1")
    assert still_ours("fe80::1")
    assert not still_ours("192.0.2.1")


IN_A_NETWORK_OF_ITS_OWN = """
import subprocess, sys, threading, time
from greenline.link.network import Network

def run(*words):
    subprocess.run(words, check=True)

def change(up):
    run("ip", "link", "set", "lo", "up" if up else "down")

def flap(until):
    up = False
    while time.monotonic() < until:
        change(up)
        up = not up

with Network() as network:
    def timed(seconds, early):
        began = time.monotonic()
        woken = network.wait(seconds, early=early)
        print(woken, round(time.monotonic() - began, 1), flush=True)

    timed(0.3, True)
    threading.Timer(0.2, change, [True]).start()
    timed(20, True)
    change(False)
    threading.Timer(0.2, change, [True]).start()
    timed(1, False)
    began = time.monotonic()
    flapping = threading.Thread(target=flap, args=[began + 6])
    flapping.start()
    wakes = 0
    while time.monotonic() < began + 6:
        wakes += network.wait(1, early=True)
    flapping.join()
    print(wakes, flush=True)
"""


A_LINK_IN_A_NETWORK_OF_ITS_OWN = """
import subprocess, sys, threading
from pathlib import Path
import msgspec
from greenline.cli.configuration import read_configuration
from greenline.firmware.config import UplinkConfig
from greenline.link.link import Link
from tests.link.conftest import Recorder
from tests.link.scripted_broker import ScriptedBroker

def address(what):
    subprocess.run(["ip", "address", what, "127.0.0.1/8", "dev", "lo"], check=True)

folder = Path(sys.argv[1])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
settings = read_configuration(folder / "uplink.toml", UplinkConfig).broker
with ScriptedBroker(folder) as broker:
    heard = Recorder()
    settings = msgspec.structs.replace(settings, port=broker.port)
    link = Link(settings, ["topic"], heard, jitter=lambda ceiling: 600.0)
    thread = threading.Thread(target=link.run)
    thread.start()
    print(*heard.next("up"), flush=True)
    address("del")
    print(*heard.next("down"), flush=True)
    address("add")
    print(*heard.next("up"), link.counts().woken, flush=True)
    link.stop()
    thread.join()
"""


def run_in_a_network_of_its_own(script: Path, *words: str) -> list[str]:
    """Run a script; return its lines. Skips the test where no network can be made."""
    if subprocess.run(
        ["unshare", "--net", "ip", "link"], capture_output=True, check=False
    ).returncode:
        pytest.skip("no network namespaces, or no ip command, on this machine")

    done = subprocess.run(
        ["unshare", "--net", sys.executable, str(script), *words],
        capture_output=True, text=True, timeout=60, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a network of its own")
def test_a_link_whose_address_is_gone_hangs_up_and_comes_back_with_the_network(
    site: Site, tmp_path: Path
) -> None:
    """The next try would be in ten minutes."""
    script = tmp_path / "link.py"
    script.write_text(A_LINK_IN_A_NETWORK_OF_ITS_OWN)

    assert run_in_a_network_of_its_own(script, str(site.folder)) == [
        "up 16",
        "down this device has another address in the network now",
        "up 16 1",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a network of its own")
def test_a_network_that_comes_up_ends_a_wait_and_one_that_flaps_does_so_rarely(
    tmp_path: Path,
) -> None:
    script = tmp_path / "waits.py"
    script.write_text(IN_A_NETWORK_OF_ITS_OWN)

    undisturbed, woken, not_early, wakes = run_in_a_network_of_its_own(script)

    assert undisturbed.startswith("False")
    assert woken.startswith("True")
    assert float(woken.split()[1]) < 5
    assert not_early.startswith("False")
    assert float(not_early.split()[1]) >= 1
    assert int(wakes) in {1, 2}
