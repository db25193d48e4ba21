"""Touch line, supply switch, sleep and the ring of light."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from greenline.drivers.aura import Aura, AuraColour, AuraControl, aura_for, show_on_ring
from greenline.drivers.errors import PortLostError, PortTimeoutError
from greenline.drivers.signals import Signal
from greenline.drivers.simulation.faults import Silent, Times
from greenline.drivers.simulation.virtual import VirtualPort, VirtualSupply, VirtualTouch
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503, SLEEPING_R503, ModuleKind
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm
from greenline.drivers.zfm_wiring import Wiring
from greenline.prints.frame import Frame

MakePrint = Callable[[ModuleKind], Frame]
BLUE = Aura(AuraControl.BREATHE, AuraColour.BLUE, speed=100)


class Kiosk:
    """A module with everything wired that is named, in virtual time."""

    def __init__(self, kind: ModuleKind, *, touch: bool = False, supply: bool = False) -> None:
        self.module = ZfmModule(kind)
        self.port = VirtualPort(Wire(self.module, paced=True))
        self.touch = VirtualTouch(self.port)
        self.supply = VirtualSupply(self.port)
        self.released = 0
        wiring = Wiring(
            self.touch if touch else None, self.supply if supply else None, self._release
        )
        self.sensor = Zfm.open(self.port, self.port.clock, wiring=wiring)
        self.opened = self.module.commands

    def _release(self) -> None:
        self.released += 1

    @property
    def asked(self) -> int:
        return self.module.commands - self.opened


def test_a_touch_line_tells_of_a_finger_without_a_command(make_print: MakePrint) -> None:
    kiosk = Kiosk(R503, touch=True)
    assert kiosk.sensor.finger_present() is False
    kiosk.module.press(make_print(R503))
    assert kiosk.sensor.finger_present() is True
    assert kiosk.sensor.wait_finger(present=True, timeout_s=5.0)
    kiosk.module.lift()
    assert kiosk.sensor.wait_finger(present=False, timeout_s=5.0)
    assert kiosk.asked == 0


def test_waiting_at_a_touch_line_ends_with_the_time() -> None:
    kiosk = Kiosk(R503, touch=True)
    before = kiosk.port.clock()
    assert not kiosk.sensor.wait_finger(present=True, timeout_s=3.0)
    assert kiosk.port.clock() - before == pytest.approx(3.0, abs=0.1)


def test_a_touch_line_that_broke_does_not_make_the_sensor_useless(make_print: MakePrint) -> None:
    kiosk = Kiosk(R503, touch=True)
    kiosk.touch.stuck = False
    kiosk.module.press(make_print(R503))
    assert kiosk.sensor.wait_finger(present=True, timeout_s=1.0)
    kiosk.touch.stuck = True
    assert not kiosk.sensor.wait_finger(present=False, timeout_s=1.0)
    kiosk.module.lift()
    assert kiosk.sensor.wait_finger(present=False, timeout_s=1.0)


@pytest.mark.parametrize("kind", [AS608, R503], ids=lambda kind: kind.name)
def test_without_a_touch_line_the_lifted_finger_is_seen(
    kind: ModuleKind, make_print: MakePrint
) -> None:
    kiosk = Kiosk(kind)
    kiosk.module.press(make_print(kind))
    assert isinstance(kiosk.sensor.scan(), Frame)
    assert not kiosk.sensor.wait_finger(present=False, timeout_s=0.5)
    kiosk.module.lift()
    assert kiosk.sensor.wait_finger(present=False, timeout_s=0.5)


def test_with_its_supply_off_a_module_still_feels_the_finger_and_wakes_to_scan_it(
    make_print: MakePrint,
) -> None:
    kiosk, pressed = Kiosk(R503, touch=True, supply=True), make_print(R503)
    assert kiosk.sensor.sleep()
    assert kiosk.sensor.sleep()  # it does already
    assert not kiosk.sensor.wait_finger(present=True, timeout_s=1.0)
    assert not kiosk.supply.on
    kiosk.module.press(pressed)
    assert kiosk.sensor.wait_finger(present=True, timeout_s=1.0)
    got = kiosk.sensor.scan()
    assert isinstance(got, Frame)
    np.testing.assert_array_equal(got.pixels, (pressed.pixels >> 4) * np.uint8(17))
    (off_s, off), (on_s, on) = kiosk.supply.changes
    assert (off, on) == (False, True)
    assert on_s - off_s == pytest.approx(2.0)  # a shorter break is no power-on for it


def test_a_module_that_knows_sleep_wakes_by_the_next_command() -> None:
    kiosk = Kiosk(SLEEPING_R503)
    assert kiosk.sensor.sleep()
    before = kiosk.port.clock()
    assert kiosk.sensor.finger_present() is False
    assert kiosk.port.clock() - before < 5.0


@pytest.mark.parametrize(
    "kind", [R503, AS608, replace(AS608, unknown_code=None)], ids=["R503", "AS608", "silent"]
)
def test_a_module_that_cannot_sleep_stays_awake(kind: ModuleKind) -> None:
    kiosk = Kiosk(kind)
    assert not kiosk.sensor.sleep()
    kiosk.sensor.wake()  # harmless
    before = kiosk.port.clock()
    assert kiosk.sensor.finger_present() is False
    assert kiosk.port.clock() - before < 0.2


def test_a_module_that_does_not_wake_is_a_timeout() -> None:
    kiosk = Kiosk(R503, supply=True)
    kiosk.sensor.sleep()
    kiosk.port.wire.faults.append(Silent())
    with pytest.raises(PortTimeoutError, match="look at its supply"):
        kiosk.sensor.parameters()
    kiosk.port.wire.faults.clear()
    assert kiosk.sensor.parameters() is not None


def test_closing_gives_the_pins_back_and_leaves_the_supply_on() -> None:
    kiosk = Kiosk(R503, touch=True, supply=True)
    kiosk.sensor.sleep()
    kiosk.sensor.close()
    assert (kiosk.supply.on, kiosk.released) == (True, 1)


def test_the_ring_lights_up_as_told() -> None:
    kiosk = Kiosk(R503)
    assert kiosk.sensor.light(BLUE)
    assert kiosk.module.light == (1, 100, 2, 0)
    assert kiosk.sensor.light(replace(BLUE, control=AuraControl.OFF))
    assert kiosk.module.light == (4, 100, 2, 0)


def test_the_kiosks_signals_reach_the_ring() -> None:
    kiosk = Kiosk(R503)
    assert show_on_ring(kiosk.sensor, Signal.PUT_FINGER)
    shown = aura_for(Signal.PUT_FINGER)
    assert kiosk.module.light == (shown.control, shown.speed, shown.colour, shown.times)
    assert not show_on_ring(Kiosk(AS608).sensor, Signal.PUT_FINGER)


def test_a_module_without_a_ring_is_not_even_asked() -> None:
    kiosk = Kiosk(AS608)
    assert not kiosk.sensor.light(BLUE)
    assert kiosk.asked == 0


def test_a_ring_command_that_a_busy_module_ignores_is_not_a_fault() -> None:
    kiosk = Kiosk(R503)
    kiosk.port.wire.faults.append(Times(1, Silent()))
    assert not kiosk.sensor.light(BLUE)
    assert kiosk.sensor.light(BLUE)


def test_the_ring_lights_up_again_after_a_loss_of_power() -> None:
    kiosk = Kiosk(R503)
    kiosk.port.wire.restart_module(kiosk.port.clock())
    kiosk.port.clock.now += 0.2
    assert kiosk.sensor.light(BLUE)  # it was refused with 0x21 first


def test_a_pulled_cable_is_a_lost_port_while_the_finger_is_awaited() -> None:
    kiosk = Kiosk(R503, touch=True)
    kiosk.port.unplug()
    before = kiosk.port.clock()
    for _ in range(2):
        with pytest.raises(PortLostError):
            kiosk.sensor.wait_finger(present=True, timeout_s=60.0)
        with pytest.raises(PortLostError):
            kiosk.sensor.finger_present()
    assert kiosk.port.clock() - before < 1.0
