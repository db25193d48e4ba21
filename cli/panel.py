"""The kiosk's lights, keys, display and camera, wired from its configuration."""

import time
from collections import Counter
from collections.abc import Iterator

from greenline.cli.errors import CommandError
from greenline.cli.software import RELEASED
from greenline.drivers.buttons import ButtonPins, GpioButtons
from greenline.drivers.camera_urls import open_camera, parse_camera
from greenline.drivers.errors import CameraUrlError
from greenline.drivers.gpio import PinsOnDemand
from greenline.drivers.lights import LightPins
from greenline.drivers.oled import Oled
from greenline.drivers.signalling import Signalling
from greenline.drivers.status_display import StatusScreen
from greenline.drivers.usb_reset import reset_usb
from greenline.firmware.config import DisplayConfig, KeysConfig, LightConfig, PanelConfig
from greenline.firmware.panel import Panel
from greenline.firmware.reopening import Opening


def make_panel(config: PanelConfig, pins: PinsOnDemand) -> Panel:
    """Say how each device of the panel is opened. Raises CommandError when one cannot be meant."""
    _demand_each_pin_once(config)
    camera = config.camera
    if camera:
        try:
            parse_camera(camera)
        except CameraUrlError as fault:
            raise CommandError(f"panel.camera: {fault}", 4) from fault
    return Panel(
        lights=_lights(config.lights, pins) if config.lights else None,
        buzzer=None if config.buzzer is None else _buzzer(config.buzzer, pins),
        keys=None if config.keys is None else _keys(config.keys, pins),
        display=None if config.display is None else _display(config.display),
        camera=Opening(lambda: open_camera(camera), lambda: reset_usb(camera)) if camera else None,
        clock_trusted_ms=int(RELEASED.timestamp() * 1000),
    )


def _lights(config: tuple[LightConfig, ...], pins: PinsOnDemand) -> Opening[Signalling]:
    where = [LightPins(light.red, light.green, light.blue, light.common_anode) for light in config]
    return Opening(lambda: Signalling.open_lights(where, pins.pins(), time.monotonic))


def _buzzer(pin: int, pins: PinsOnDemand) -> Opening[Signalling]:
    return Opening(lambda: Signalling.open_buzzer(pin, pins.pins(), time.monotonic))


def _keys(config: KeysConfig, pins: PinsOnDemand) -> Opening[GpioButtons]:
    where = ButtonPins(left=config.left, ok=config.ok)
    return Opening(lambda: GpioButtons.open(where, pins.pins(), time.monotonic))


def _display(config: DisplayConfig) -> Opening[StatusScreen]:
    def open_it() -> StatusScreen:
        return Oled.open(
            config.controller, config.line, config.address, upside_down=config.upside_down
        )

    return Opening(open_it)


def _demand_each_pin_once(config: PanelConfig) -> None:
    twice = [pin for pin, uses in Counter(_pins(config)).items() if uses > 1]
    if twice:
        raise CommandError(f"panel: the pin GPIO{twice[0]} is named for two devices", 4)


def _pins(config: PanelConfig) -> Iterator[int]:
    for light in config.lights:
        yield from (light.red, light.green, light.blue)
    if config.buzzer is not None:
        yield config.buzzer
    if config.keys is not None:
        yield from (config.keys.ok, config.keys.left)
