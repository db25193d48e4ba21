"""The ring of the R503 shows the table, through the real driver, link and codec."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from greenline.drivers.aura import (
    Aura,
    AuraColour,
    AuraControl,
    aura_for,
    in_three_colours,
    show_on_ring,
)
from greenline.drivers.errors import PortLostError
from greenline.drivers.signals import Signal
from greenline.drivers.simulation.faults import Pieces, Silent
from greenline.drivers.simulation.virtual import VirtualPort
from greenline.drivers.simulation.wire import Wire
from greenline.drivers.simulation.zfm_kinds import AS608, R503
from greenline.drivers.simulation.zfm_module import ZfmModule
from greenline.drivers.zfm import Zfm


@pytest.fixture
def plug_in() -> Callable[[ZfmModule], tuple[Zfm, VirtualPort]]:
    def make(module: ZfmModule) -> tuple[Zfm, VirtualPort]:
        port = VirtualPort(Wire(module, paced=True))
        return Zfm.open(port, port.clock), port

    return make


Plug = Callable[[ZfmModule], tuple[Zfm, VirtualPort]]


@pytest.mark.parametrize(
    ("signal", "wanted"),  # control, speed, colour, times
    [
        (Signal.READY, (1, 200, 7, 0)),
        (Signal.PUT_FINGER, (3, 1, 2, 0)),
        (Signal.HOLD_STILL, (2, 50, 2, 0)),
        (Signal.LIFT_FINGER, (2, 100, 4, 1)),
        (Signal.AGAIN, (2, 50, 5, 2)),
        (Signal.WAIT, (4, 1, 2, 0)),
        (Signal.OUT_OF_ORDER, (2, 100, 1, 0)),
    ],
)
def test_every_signal_reaches_the_ring(
    plug_in: Plug, signal: Signal, wanted: tuple[int, int, int, int]
) -> None:
    module = ZfmModule(R503)
    sensor, _ = plug_in(module)
    assert show_on_ring(sensor, signal)
    assert module.light == wanted


@pytest.fixture
def three_colours() -> ZfmModule:
    """An R503 from before version 1.2."""
    assert R503.product is not None
    return ZfmModule(replace(R503, product=replace(R503.product, hardware=0x0101)))


@pytest.mark.parametrize(
    ("signal", "wanted"),
    [
        (Signal.READY, (1, 200, 3, 0)),
        (Signal.PUT_FINGER, (3, 1, 2, 0)),
        (Signal.HOLD_STILL, (2, 50, 2, 0)),
        (Signal.LIFT_FINGER, (2, 100, 2, 1)),
        (Signal.AGAIN, (2, 50, 1, 2)),
        (Signal.WAIT, (4, 1, 2, 0)),
        (Signal.OUT_OF_ORDER, (2, 100, 1, 0)),
    ],
)
def test_a_ring_of_three_colours_shows_every_signal_too(
    plug_in: Plug, three_colours: ZfmModule, signal: Signal, wanted: tuple[int, int, int, int]
) -> None:
    sensor, _ = plug_in(three_colours)
    assert sensor.light(Aura(AuraControl.ON, AuraColour.RED))
    assert show_on_ring(sensor, signal)
    assert three_colours.light == wanted


def test_in_three_colours_every_signal_keeps_a_pattern_of_its_own() -> None:
    shown = [in_three_colours(aura_for(signal)) for signal in Signal]
    assert {aura.colour for aura in shown} <= {1, 2, 3}
    assert len({(aura.control, aura.speed, aura.times) for aura in shown}) == len(shown)


class LightIsIgnored:
    """The module is too busy to answer what is asked of its ring."""

    def __init__(self, module: ZfmModule) -> None:
        self.module = module
        self.asked = 0

    def spoil(self, answer: Pieces) -> Pieces:
        if self.module.last_command != "AURA_LED_CONFIG":
            return answer
        self.asked += 1
        return Silent().spoil(answer)


def test_a_ring_that_does_not_answer_is_not_asked_again(plug_in: Plug) -> None:
    module = ZfmModule(R503)
    sensor, port = plug_in(module)
    ignored = LightIsIgnored(module)
    port.wire.faults.append(ignored)
    before = module.commands
    assert not show_on_ring(sensor, Signal.READY)
    assert (ignored.asked, module.commands - before) == (1, 1)


def test_every_signal_looks_different_and_none_flashes_faster_than_two_hertz() -> None:
    auras = [aura_for(signal) for signal in Signal]
    assert len(set(auras)) == len(auras)
    flashing = [aura for aura in auras if aura.control is AuraControl.FLASH]
    assert min(aura.speed for aura in flashing) * 0.02 >= 0.5


def test_a_module_without_a_ring_is_not_even_asked(plug_in: Plug) -> None:
    module = ZfmModule(AS608)
    sensor, _ = plug_in(module)
    before = module.commands
    assert not show_on_ring(sensor, Signal.READY)
    assert module.commands == before


def test_a_sensor_of_another_kind_has_no_ring() -> None:
    assert not show_on_ring(object(), Signal.READY)


def test_a_module_that_has_lost_its_power_is_unlocked_and_lit(plug_in: Plug) -> None:
    module = ZfmModule(R503)
    sensor, _ = plug_in(module)
    module.restart()
    assert sensor.light(Aura(AuraControl.ON, AuraColour.BLUE))
    assert module.light == (3, 1, 2, 0)


def test_an_unplugged_module_is_a_lost_port(plug_in: Plug) -> None:
    sensor, port = plug_in(ZfmModule(R503))
    port.unplug()
    with pytest.raises(PortLostError):
        show_on_ring(sensor, Signal.READY)
