"""One start of the guest: QEMU with a kernel, an initramfs, a card, and what the bootloader tells.

QEMU's own device tree is given what the Pi's bootloader writes into its: /chosen/bootloader, which
the kernel shows below /proc/device-tree.
"""

import contextlib
import json
import queue
import secrets
import struct
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

from bench.ota_power.system import System

QEMU: Final = "qemu-system-aarch64"
_BOARD: Final = ("-cpu", "cortex-a72", "-m", "256")
_NODE: Final = "/chosen/bootloader"
_MARK: Final = "@@ "

Said = dict[str, Any]


class Machine:
    """A started guest. What it says comes as JSON objects, in order, by `heard`."""

    def __init__(
        self, system: System, folder: Path, socket: Path, initramfs: bytes, stick: Path
    ) -> None:
        """folder: with `tree.dtb`; `console` there is added to.

        socket: of the card. initramfs: what the slot brings.
        """
        (folder / "initramfs").write_bytes(system.initramfs + initramfs)
        self._console: list[str] = []
        self._kept = folder / "console"
        self._heard: queue.Queue[Said | None] = queue.Queue()
        card = f"driver=nbd,server.type=unix,server.path={socket},node-name=card"
        command = [
            *(QEMU, "-M", "virt", *_BOARD, "-nographic", "-no-reboot", "-nic", "none"),
            *("-kernel", str(system.kernel), "-initrd", str(folder / "initramfs")),
            *("-dtb", str(folder / "tree.dtb")),
            *("-append", "console=ttyAMA0 quiet loglevel=1 panic=-1 mitigations=off"),
            *("-blockdev", card, "-device", "virtio-blk-pci,drive=card,write-cache=on"),
            *_reading(system.disk, "system"),
            *_reading(stick, "stick"),
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def kill(self) -> None:
        """Cut the power."""
        self._process.kill()

    def heard(self, timeout_s: float) -> Said | None:
        """Return what it says next; None: it has ended. Raises queue.Empty."""
        return self._heard.get(timeout=timeout_s)

    def end(self) -> None:
        """Wait until it has ended, and let go of it."""
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def console(self) -> str:
        """Return the end of what stood on its console."""
        return "".join(self._console[-80:])

    def _read(self) -> None:
        with self._kept.open("a") as kept:
            for raw in self._process.stdout or ():
                line = raw.decode("utf-8", "replace")
                kept.write(line)
                self._console.append(line)
                with contextlib.suppress(json.JSONDecodeError):
                    if _MARK in line:
                        self._heard.put(json.loads(line.split(_MARK, 1)[1]))
        self._heard.put(None)


def make_tree(folder: Path) -> None:
    """Have QEMU write the device tree of its board, once, as `board.dtb`."""
    tree = folder / "board.dtb"
    _run(QEMU, "-M", f"virt,dumpdtb={tree}", *_BOARD, "-nographic", "-nic", "none")
    _run("fdtput", "-c", str(tree), _NODE)


def tell(folder: Path, told: Path) -> None:
    """Make `tree.dtb`, with what the simulated bootloader tells in the folder `told`."""
    tree = folder / "tree.dtb"
    tree.write_bytes((folder / "board.dtb").read_bytes())
    for path in sorted(told.iterdir()):
        (value,) = struct.unpack(">I", path.read_bytes())
        _run("fdtput", "-t", "u", str(tree), _NODE, path.name, str(value))
    # Else each start had the same random numbers, and the kernel the same name for it.
    seed = [f"{byte:x}" for byte in secrets.token_bytes(32)]
    _run("fdtput", "-t", "bx", str(tree), "/chosen", "rng-seed", *seed)


def _reading(path: Path, name: str) -> tuple[str, ...]:
    disk = f"driver=raw,read-only=on,node-name={name},file.driver=file,file.filename={path}"
    return ("-blockdev", disk, "-device", f"virtio-blk-pci,drive={name}")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()[-500:]}")
