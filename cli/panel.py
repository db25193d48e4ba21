"""The kiosk's lights, keys, display and camera, wired from its configuration."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.cli.software import RELEASED
from greenline.drivers.buttons import ButtonPins, GpioButtons
from greenline.drivers.camera import Camera
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

_FIRST_I2C, _FIRST_I2C_PINS = "/dev/i2c-1", (2, 3)


def make_panel(config: PanelConfig, pins: PinsOnDemand, sensor_pins: Sequence[int] = ()) -> Panel:
    """Say how each device of the panel is opened. sensor_pins: those of the sensor's address.

    Raises CommandError when one cannot be meant.
    """
    _demand_each_pin_once(config, sensor_pins)
    return Panel(
        lights=_lights(config.lights, pins) if config.lights else None,
        buzzer=None if config.buzzer is None else _buzzer(config.buzzer, pins),
        keys=None if config.keys is None else _keys(config.keys, pins),
        display=None if config.display is None else _display(config.display),
        camera=None if config.camera is None else _camera(config.camera),
        clock_trusted_ms=int(RELEASED.timestamp() * 1000),
    )


def _camera(address: str) -> Opening[Camera]:
    try:
        kind, place, _ = parse_camera(address)
    except CameraUrlError as fault:
        raise CommandError(f"panel.camera: {fault}", 4) from fault

    def seems_there() -> bool:
        return kind == "picamera" or Path(place).exists()  # the Pi's own has no file of its own

    return Opening(lambda: open_camera(address), lambda: reset_usb(address), seems_there)


def _lights(config: tuple[LightConfig, ...], pins: PinsOnDemand) -> Opening[Signalling]:
    where = [LightPins(light.red, light.green, light.blue, light.common_anode) for light in config]
    return Opening(lambda: Signalling.open_lights(where, pins.pins(), time.monotonic))


def _buzzer(pin: int, pins: PinsOnDemand) -> Opening[Signalling]:
    return Opening(lambda: Signalling.open_buzzer(pin, pins.pins(), time.monotonic))


def _keys(config: KeysConfig, pins: PinsOnDemand) -> Opening[GpioButtons]:
    where = ButtonPins(left=config.left, ok=config.ok, wipe=config.wipe)
    return Opening(lambda: GpioButtons.open(where, pins.pins(), time.monotonic))


def _display(config: DisplayConfig) -> Opening[StatusScreen]:
    def open_it() -> StatusScreen:
        return Oled.open(
            config.controller, config.line, config.address, upside_down=config.upside_down
        )

    return Opening(open_it)


def _demand_each_pin_once(config: PanelConfig, sensor_pins: Sequence[int]) -> None:
    uses = Counter([*_pins(config), *sensor_pins])
    twice = [pin for pin, count in uses.items() if count > 1]
    if twice:
        raise CommandError(f"panel: the pin GPIO{twice[0]} is named for two devices", 4)


def _pins(config: PanelConfig) -> Iterator[int]:
    if config.display is not None and config.display.line == _FIRST_I2C:
        yield from _FIRST_I2C_PINS
    for light in config.lights:
        yield from (light.red, light.green, light.blue)
    if config.buzzer is not None:
        yield config.buzzer
    if config.keys is not None:
        yield from (config.keys.ok, config.keys.left)
        if config.keys.wipe is not None:
            yield config.keys.wipe
