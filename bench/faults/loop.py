"""File systems of our own for a while: ext4 in an image on a loop device, and small tmpfs.

Everything mounted here is unmounted again, whatever happens. Needs root.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.faults.row import UnavailableError

# No flush of its own accord while a run lasts: what is on the disk was flushed by whom we test.
OPTIONS = "loop,commit=300,errors=remount-ro"


def make_image(path: Path, megabytes: int) -> None:
    """Make an image with an empty ext4. Raises UnavailableError."""
    if os.geteuid() != 0:
        raise UnavailableError("mounting needs root")
    if shutil.which("mkfs.ext4") is None:
        raise UnavailableError("mkfs.ext4 is missing: apt-get install e2fsprogs")
    with path.open("wb") as file:
        file.truncate(megabytes * 1024 * 1024)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", path)


def copy_image(image: Path, copy: Path) -> None:
    """Copy an image as it is on the disk now."""
    _run("cp", "--sparse=always", image, copy)


def mend(image: Path) -> None:
    """Check and repair an image that is not mounted."""
    done = subprocess.run(["e2fsck", "-fy", image], capture_output=True, check=False)
    if done.returncode > 2:
        raise RuntimeError(f"e2fsck: {done.stdout.decode()[-300:]}")


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image. Raises UnavailableError."""
    with _mount(folder, "-o", OPTIONS, "-t", "ext4", image):
        yield folder


@contextlib.contextmanager
def small_memory(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a tmpfs of this size. Raises UnavailableError."""
    if os.geteuid() != 0:
        raise UnavailableError("mounting needs root")
    with _mount(folder, "-o", f"size={kilobytes}k", "-t", "tmpfs", "tmpfs"):
        yield folder


def device_under(folder: Path) -> str:
    """Return the name of the device that is mounted on a folder, such as loop3."""
    wanted = str(folder.resolve())
    for line in Path("/proc/mounts").read_text().splitlines():
        device, place = line.split()[:2]
        if place == wanted:
            return device.removeprefix("/dev/")
    raise RuntimeError(f"nothing is mounted on {folder}")


@contextlib.contextmanager
def _mount(folder: Path, *arguments: str | Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", *arguments, folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise UnavailableError(f"mount: {done.stderr.strip()[:200]}")
    try:
        yield
    finally:
        if subprocess.run(["umount", folder], capture_output=True, check=False).returncode:
            _run("umount", "--lazy", folder)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)
