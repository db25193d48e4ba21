"""The device under test: a forgetful card, the simulated bootloader, and the guest it starts."""

import contextlib
import random
import threading
from pathlib import Path
from typing import Final

from bench.ota_power.block_server import BlockServer
from bench.ota_power.card import ForgetfulCard, Loss
from bench.ota_power.judge import Judge
from bench.ota_power.layout import PLACES, A, B, make_card, take_off
from bench.ota_power.machine import Machine, make_tree, tell
from bench.ota_power.releases import INITRAMFS, Releases
from bench.ota_power.system import System
from greenline.ota.fat_image import FatError, FatImage
from greenline.ota.simulated_pi import AUTOBOOT, SimulatedPi

_TELLS: Final = "proc/device-tree/chosen/bootloader"


class Device:
    """One device with release 1, off. Its power is cut by cut(), or at a write by `server`."""

    def __init__(self, folder: Path, system: System, releases: Releases, judge: Judge) -> None:
        self._folder, self._system, self._judge = folder, system, judge
        self._releases = releases
        made = folder / "card.img"
        make_card(made, folder, releases.newest_image(), releases.index_of(1))
        self._card = ForgetfulCard(made, folder / "card-now.img")
        self._off = threading.Event()
        self._machine: Machine | None = None
        self._socket = folder / "card.socket"
        self._socket.unlink(missing_ok=True)
        self.server = BlockServer(self._card, self._socket, self._at_cut)
        self._partitions = {number: folder / f"p{number}.img" for number in PLACES}
        slots = {number: self._partitions[number] for number in (A, B)}
        self._pi = SimulatedPi(self._partitions[1], slots, folder / "pi")
        self.trial = False
        make_tree(folder)

    @property
    def is_cut(self) -> bool:
        """Whether the power was cut in this start."""
        return self._off.is_set()

    def start(self, how: str, argument: str, offered: int) -> Machine:
        """Start it: "power-on", "reboot" with systemd's argument, or "reset".

        offered: the newest release on the stick. Raises UnbootableError.
        """
        contents = self._taken_off()
        self._judge.see_card(_autoboot(contents[1]), contents)
        param = self._folder / "pi/run/systemd/reboot-param"
        if how == "reboot" and argument:
            param.write_text(argument)
        starts = {"power-on": self._pi.power_on, "reboot": self._pi.reboot, "reset": self._pi.reset}
        number = starts[how]()
        told = self._folder / "pi" / _TELLS
        self.trial = (told / "tryboot").read_bytes() == b"\0\0\0\1"
        self._judge.see_start(contents[number], trial=self.trial)
        tell(self._folder, told)
        stick = self._releases.stick(offered)
        self._off.clear()
        self._end()
        self.server.power_on()
        initramfs = FatImage(contents[number]).read(INITRAMFS)
        self._machine = Machine(self._system, self._folder, self._socket, initramfs, stick)
        return self._machine

    def cut(self) -> None:
        """Cut the power now."""
        self.server.cut()

    def forget(self, chance: random.Random, keeping: float) -> Loss:
        """Lose what was not flushed, after a cut."""
        self._end()
        self.server.wait()
        return self._card.cut(chance, keeping)

    def close(self) -> None:
        """End it, and let go of its card."""
        self.server.close()
        self._end()
        self._card.close()

    def _end(self) -> None:
        if self._machine is not None:
            self._machine.end()
            self._machine = None

    def _at_cut(self) -> None:
        self._off.set()
        if self._machine is not None:
            self._machine.kill()

    def _taken_off(self) -> dict[int, bytes]:
        return {
            number: take_off(self._card.now, number, path)
            for number, path in self._partitions.items()
            if number != 4
        }


def _autoboot(selector: bytes) -> bytes | None:
    with contextlib.suppress(FatError):
        return FatImage(selector).read(AUTOBOOT)
    return None
