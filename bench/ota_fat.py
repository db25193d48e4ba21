"""Records what Linux's vfat writes when autoboot.txt is changed in four ways, and judges it.

python bench/ota_fat.py --kernel VMLINUZ --modules FOLDER --out FOLDER

Needs QEMU (qemu-system-x86), busybox-static, dosfstools, mtools, and a Debian kernel with its
modules (`dpkg -x linux-image-6.1...-cloud-amd64.deb`). A guest mounts a FAT32 and changes the file
forty times; QEMU's blklogwrites logs each write and flush. The recordings are checked in beside
tests/ota/test_fat_commit.py, which enumerates their crash states without any of this.
"""

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.ota_fat_states import judge, read_log, write_recording
from greenline.ota.autoboot import Autoboot

MEGABYTES = 34
COMMITS = 40
_OTHERS = 14
METHODS = {
    # What ota/sector_file.py does: write(2) of 512 bytes over the old ones, fsync(2).
    "in-place": "dd if=/$n of=/m/autoboot.txt bs=512 count=1 conv=notrunc,fsync",
    # What a shell's ">" does, with the fsync that it lacks.
    "truncate": "dd if=/$n of=/m/autoboot.txt bs=512 count=1 conv=fsync",
    # What is right on other file systems.
    "rename": "dd if=/$n of=/m/autoboot.new bs=512 count=1 conv=fsync && "
    "mv /m/autoboot.new /m/autoboot.txt && "
    "dd if=/dev/null of=/m/autoboot.txt conv=notrunc,fsync",
    # The same with a flush at the end alone, as most scripts do at best.
    "rename-late-flush": "dd if=/$n of=/m/autoboot.new bs=512 count=1 && "
    "mv /m/autoboot.new /m/autoboot.txt && "
    "dd if=/dev/null of=/m/autoboot.txt conv=notrunc,fsync",
}
_MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
    "nls_cp437",
    "nls_ascii",
    "fat",
    "vfat",
)
_INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /m
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for m in {modules}; do [ -f /$m.ko ] && insmod /$m.ko; done
n=0; while [ ! -b /dev/vda ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
mount -t vfat -o iocharset=ascii /dev/vda /m || echo FAILED mount
i=0
while [ $i -lt {commits} ]; do
  n=b; [ $((i % 2)) = 1 ] && n=a
  {{ {change}; }} 2>/dev/null || echo FAILED change
  i=$((i+1))
done
cmp /$n /m/autoboot.txt && echo CHANGED
poweroff -f
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--modules", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for method in METHODS:
        with tempfile.TemporaryDirectory() as folder:
            image, log = record(Path(folder), method, asked.kernel, asked.modules)
        write_recording(asked.out / f"fat-{method}.xz", image, log)
        tally = judge(image, read_log(log), {2, 3})
        share = 100 * tally.unusable / tally.states
        print(f"{method}: {tally.states} states, {tally.unusable} unusable ({share:.0f} %)")


def record(folder: Path, method: str, kernel: Path, modules: Path) -> tuple[bytes, bytes]:
    """Return the image before, and the log of a guest that changed autoboot.txt."""
    card, log, initramfs = folder / "card.img", folder / "log", folder / "initramfs"
    make_card(card, folder)
    image = card.read_bytes()
    initramfs.write_bytes(make_initramfs(folder, method, modules))
    log.touch()
    command = [
        "qemu-system-x86_64",
        *("-accel", "tcg", "-m", "256", "-nographic", "-no-reboot", "-nic", "none"),
        *("-kernel", str(kernel), "-initrd", str(initramfs)),
        *("-append", "console=ttyS0 quiet panic=-1"),
        *("-blockdev", f"driver=file,filename={card},node-name=card"),
        *("-blockdev", f"driver=file,filename={log},node-name=log"),
        *("-blockdev", "driver=blklogwrites,file=card,log=log,log-sector-size=512,node-name=b"),
        *("-device", "virtio-blk-pci,drive=b"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if "CHANGED" not in done.stdout or "FAILED" in done.stdout:
        raise RuntimeError(f"the guest did not do it: {done.stdout[-2000:]} {done.stderr[-500:]}")
    return image, log.read_bytes()


def make_card(card: Path, folder: Path) -> None:
    """Make a FAT32 with an autoboot.txt, the last of a directory sector, as among other files."""
    with card.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    make = ["/usr/sbin/mkfs.fat", "-F", "32", "-s", "1", "-i", "20250101", "--invariant", str(card)]
    subprocess.run(make, check=True, capture_output=True)
    (folder / "filler").write_bytes(b"")
    for number in range(_OTHERS):
        name = f"::FILE{number}"
        command = ["mcopy", "-i", str(card), str(folder / "filler"), name]
        subprocess.run(command, check=True)
    first = folder / "autoboot.txt"
    first.write_bytes(Autoboot(2, 3).encode())
    subprocess.run(["mcopy", "-i", str(card), str(first), "::autoboot.txt"], check=True)


def make_initramfs(folder: Path, method: str, modules: Path) -> bytes:
    """Return an archive (cpio, newc) with busybox, the modules and what the guest does."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True)
    shutil.copy("/bin/busybox", root / "bin/busybox")
    for name in _MODULES:
        for found in modules.rglob(f"{name}.ko"):
            shutil.copy(found, root / found.name)
    (root / "a").write_bytes(Autoboot(2, 3).encode())
    (root / "b").write_bytes(Autoboot(3, 2).encode())
    change = METHODS[method]
    text = _INIT.format(modules=" ".join(_MODULES), commits=COMMITS, change=change)
    (root / "init").write_text(text)
    (root / "init").chmod(0o755)
    return b"".join(
        _entry(path.relative_to(root).as_posix(), path) for path in sorted(root.rglob("*"))
    ) + _record("TRAILER!!!", 0, b"")


def _entry(name: str, path: Path) -> bytes:
    data = b"" if path.is_dir() else path.read_bytes()
    return _record(name, path.stat().st_mode, data)


def _record(name: str, mode: int, data: bytes) -> bytes:
    """Return one record of a cpio archive of the kind newc (cpio(5))."""
    encoded = name.encode() + b"\0"
    fields = [1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    head = b"070701" + b"".join(f"{field:08x}".encode() for field in fields) + encoded
    return _padded(head) + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


if __name__ == "__main__":
    main()
