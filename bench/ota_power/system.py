"""The disk that all releases share: Python for arm64 with what `ota/` needs, and `ota/` itself.

On a kiosk this is part of the slot. Here it is not, or each update would write 90 MB through an
emulated machine: a slot holds what differs between releases. Debian's packages and the wheels are
fetched once into a folder, with apt's state kept beside them: nothing is installed on this machine.
"""

import compileall
import py_compile
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.ota_power.archive import pack
from bench.ota_power.releases import GUEST

_PACKAGES: Final = (
    *("python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib", "libc6", "libexpat1"),
    *("zlib1g", "libssl3", "libffi8", "libgcc-s1", "busybox-static", "libbz2-1.0", "liblzma5"),
    *("libuuid1", "e2fsprogs", "libext2fs2", "libcom-err2", "libblkid1"),
)
_KERNEL: Final = "linux-image-cloud-arm64"
_WHEELS: Final = (
    *("tuf>=7.0.1", "securesystemslib", "zstandard>=0.23", "msgspec>=0.19", "cryptography>=50"),
    *("cffi", "pycparser"),
)
"""No Typer and no urllib3: guest/ has what stands for them."""

_MODULES: Final = (
    *("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci"),
    *("virtio_blk", "fat", "nls_ascii", "nls_cp437", "nls_iso8859-1", "vfat"),
)
_DROPPED: Final = ("etc", "var", "usr/share", "usr/lib/aarch64-linux-gnu/gconv", "usr/sbin")
_FOLDERS: Final = ("proc", "sys", "dev", "run", "tmp", "data", "selector", "stick", "bin")
_SITE: Final = "usr/lib/python3/dist-packages"
_MB: Final = 140


@dataclass(frozen=True)
class System:
    """What QEMU is given besides the card. initramfs: without what the slot brings."""

    kernel: Path
    initramfs: bytes
    disk: Path


def make_system(cache: Path, folder: Path) -> System:
    """Make the disk in a folder. cache: what is the same each time; minutes when it is empty."""
    packages, base = cache / "packages", cache / "base"
    if not (packages / "whole").exists():
        _fetch(packages)
    if not (base / "whole").exists():
        shutil.rmtree(base, ignore_errors=True)
        _unpack(packages, base)
        (base / "whole").touch()
    root, disk = folder / "system", folder / "system.img"
    shutil.copytree(base / "root", root, symlinks=True)
    _add_ours(root)
    make = ("-q", "-t", "ext4", "-O", "^has_journal", "-d", str(root), str(disk), f"{_MB}M")
    _run("/usr/sbin/mke2fs", *make)
    shutil.rmtree(root)
    return System(next(base.glob("kernel/boot/vmlinuz-*")), _initramfs(base), disk)


def _fetch(packages: Path) -> None:
    """Fetch Debian's packages and the wheels, both for arm64."""
    state = packages.resolve() / "apt"
    for name in ("lists/partial", "archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    told = {
        "Dir::State": state,
        "Dir::State::lists": state / "lists",
        "Dir::State::status": state / "status",
        "Dir::Cache": state,
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "",
    }
    options = [part for key, value in told.items() for part in ("-o", f"{key}={value}")]
    _run("apt-get", *options, "-qq", "update")
    depends = _run("apt-cache", *options, "depends", _KERNEL)
    kernel = next(line.split()[1] for line in depends.splitlines() if "Depends:" in line)
    _run("apt-get", *options, "-qq", "download", *_PACKAGES, kernel, at=packages)
    platforms = (f"manylinux{kind}_aarch64" for kind in ("2014", "_2_28", "_2_34"))
    pip = ("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:")
    chosen = [part for platform in platforms for part in ("--platform", platform)]
    _run(sys.executable, *pip, *chosen, "--python-version", "3.11", *_WHEELS, at=packages)
    shutil.rmtree(state)
    (packages / "whole").touch()


def _unpack(packages: Path, base: Path) -> None:
    """Unpack all that is not ours, and compile its Python."""
    root = base / "root"
    root.mkdir(parents=True)
    for package in packages.glob("*.deb"):
        is_kernel = package.name.startswith("linux-image")
        _run("dpkg-deb", "-x", str(package), str(base / "kernel" if is_kernel else root))
    for name in _DROPPED:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in _FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    for wheel in packages.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root / _SITE)
    (root / "bin/sh").symlink_to("busybox")
    _compile(root, "usr/lib/python3.11")
    _compile(root, _SITE)


def _add_ours(root: Path) -> None:
    site, repository = root / _SITE, GUEST.parents[2]
    for name in ("ota", "cli"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(repository / name, site / "greenline" / name, ignore=ignored)
    _compile(root, f"{_SITE}/greenline")
    places = {"guest.py": root, "update.toml": root, "systemctl": root / "usr/bin"}
    places |= {"typer.py": site, "urllib3_fetcher.py": site / "tuf/ngclient"}
    for name, place in places.items():
        shutil.copy(GUEST / name, place)
    (site / "tuf/ngclient/__pycache__/urllib3_fetcher.cpython-311.pyc").unlink(missing_ok=True)
    (root / "usr/bin/systemctl").chmod(0o755)


def _compile(root: Path, folder: str) -> None:
    """Compile by Python 3.11, which the guest has; else it would do so at each start."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(root / folder, quiet=2, invalidation_mode=mode, stripdir=str(root))


def _initramfs(base: Path) -> bytes:
    """Return what the kernel needs to find its disks."""
    modules = {
        f"modules/{name}.ko": next(base.glob(f"kernel/**/{name}.ko")).read_bytes()
        for name in _MODULES
    }
    order = {"modules/order": "\n".join(_MODULES).encode() + b"\n"}
    busybox = {"bin/busybox": (base / "root/bin/busybox").read_bytes()}
    return pack(busybox | modules | order, frozenset(busybox))


def _run(*command: str, at: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=at)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])}: {done.stderr.strip()[-800:]}")
    return done.stdout
