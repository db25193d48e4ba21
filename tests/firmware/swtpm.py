"""A software TPM (swtpm) as a child process, on a Unix socket."""

import contextlib
import os
import pty
import shutil
import socket
import subprocess
import tempfile
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest


def missing() -> str:
    """Say what is missing to run one; empty when nothing is."""
    try:
        import tpm2_pytss  # noqa: F401, PLC0415  # of an extra
    except ImportError:
        return "tpm2-pytss is not installed: pip install 'greenline[tpm]'"
    return "" if shutil.which("swtpm") else "swtpm is not installed: apt-get install swtpm"


needed = pytest.mark.skipif(bool(missing()), reason=missing())


@contextlib.contextmanager
def running(state: Path) -> Iterator[str]:
    """Run a TPM with its state in a folder; gives its address. The same folder is the same TPM."""
    state.mkdir(exist_ok=True)
    # A Unix socket's path has 107 bytes at most: not in the test's own folder.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tpm"
        child = subprocess.Popen(
            [
                "swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state.resolve()}",
                "--server", f"type=unixio,path={path}",
                "--ctrl", f"type=unixio,path={path}.ctrl",
                "--flags", "not-need-init,startup-clear",
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_for(path, child)
            yield f"swtpm:path={path}"
        finally:
            child.terminate()
            child.wait(10)


@contextlib.contextmanager
def running_as_device(state: Path) -> Iterator[str]:
    """Run a TPM behind a character device, as the kernel's vtpm_proxy shows one; its address."""
    state.mkdir(exist_ok=True)
    master, slave = pty.openpty()
    tty.setraw(slave)
    child = subprocess.Popen(
        [
            "swtpm", "chardev", "--tpm2", "--tpmstate", f"dir={state.resolve()}",
            "--fd", str(master), "--flags", "not-need-init,startup-clear",
        ],
        stderr=subprocess.DEVNULL, pass_fds=[master],
    )  # fmt: skip
    try:
        yield f"device:{os.ttyname(slave)}"
    finally:
        child.terminate()
        child.wait(10)
        os.close(master)
        os.close(slave)


def _wait_for(path: Path, child: "subprocess.Popen[bytes]") -> None:
    """Wait until both sockets take a connection."""
    deadline = time.monotonic() + 15
    for each in (path, path.with_name("tpm.ctrl")):
        while not _answers(each):
            assert child.poll() is None, "swtpm has ended"
            assert time.monotonic() < deadline, "swtpm does not answer"


def _answers(path: Path) -> bool:
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
