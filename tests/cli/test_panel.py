"""What a panel's configuration opens: the right pins in the right order, on mock pins."""

from pathlib import Path

import pytest
from PIL import Image

from greenline.cli.errors import CommandError
from greenline.cli.panel import make_panel
from greenline.drivers.buttons import Key
from greenline.drivers.gpio import PinsOnDemand, open_pins
from greenline.drivers.oled import Controller
from greenline.drivers.signals import Signal
from greenline.firmware.config import DisplayConfig, KeysConfig, LightConfig, PanelConfig

RED, GREEN, BLUE, BUZZER, OK, LEFT = 17, 27, 22, 18, 6, 5


@pytest.fixture
def pins() -> PinsOnDemand:
    return PinsOnDemand(lambda: open_pins("mock"))


@pytest.mark.parametrize("anode", [False, True])
def test_the_lights_shine_on_the_pins_of_their_colours(pins: PinsOnDemand, anode: bool) -> None:
    panel = make_panel(PanelConfig(lights=(LightConfig(RED, GREEN, BLUE, anode),)), pins)
    assert panel.lights is not None
    lights = panel.lights.open()
    lights.show(Signal.AGAIN)  # amber: red and half of green
    lights.step()
    states = [pins.pins().pin(number).state for number in (RED, GREEN, BLUE)]
    assert states == ([0.0, 0.5, 1.0] if anode else [1.0, 0.5, 0.0])
    lights.close()


def test_the_buzzer_sounds_on_its_pin(pins: PinsOnDemand) -> None:
    panel = make_panel(PanelConfig(buzzer=BUZZER), pins)
    assert panel.buzzer is not None
    buzzer = panel.buzzer.open()
    buzzer.show(Signal.LIFT_FINGER)
    buzzer.step()
    assert pins.pins().pin(BUZZER).state == 0.5
    buzzer.close()


def test_each_key_is_on_its_own_pin(pins: PinsOnDemand) -> None:
    panel = make_panel(PanelConfig(keys=KeysConfig(ok=OK, left=LEFT)), pins)
    assert panel.keys is not None
    keys = panel.keys.open()
    assert {key: pin.pin.info.name for key, pin in keys._inputs.items()} == {
        Key.OK: f"GPIO{OK}",
        Key.LEFT: f"GPIO{LEFT}",
    }
    keys.close()


def test_the_camera_is_the_one_of_the_address(pins: PinsOnDemand, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    panel = make_panel(PanelConfig(camera=f"folder:{folder}?rotation=90"), pins)
    assert panel.camera is not None
    assert not panel.camera.seems_there()
    folder.mkdir()
    Image.new("RGB", (40, 30)).save(folder / "one.png")
    assert panel.camera.seems_there()
    with panel.camera.open() as camera:
        picture = camera.preview()
    assert (picture.width, picture.height) == (30, 40)
    assert not panel.camera.reset_usb()


def test_what_is_not_configured_is_not_there(pins: PinsOnDemand) -> None:
    panel = make_panel(PanelConfig(), pins)
    parts = (panel.lights, panel.buzzer, panel.keys, panel.display, panel.camera)
    assert parts == (None,) * 5


@pytest.mark.parametrize(
    ("config", "sensor_pins", "words"),
    [
        (PanelConfig(lights=(LightConfig(RED, GREEN, BLUE),)), (BLUE,), "GPIO22"),
        (PanelConfig(buzzer=2, display=DisplayConfig(Controller.SSD1306)), (), "GPIO2"),
        (PanelConfig(camera=""), (), "panel.camera: no camera at ''"),
    ],
    ids=["a pin of the sensor", "a pin of the display's line", "an empty address"],
)
def test_a_panel_that_cannot_work_is_refused(
    pins: PinsOnDemand, config: PanelConfig, sensor_pins: tuple[int, ...], words: str
) -> None:
    with pytest.raises(CommandError, match=words) as refused:
        make_panel(config, pins, sensor_pins)
    assert refused.value.exit_code == 4


def test_on_another_i2c_line_its_first_pins_are_free(pins: PinsOnDemand) -> None:
    display = DisplayConfig(Controller.SSD1306, line="/dev/i2c-3")
    assert make_panel(PanelConfig(buzzer=2, display=display), pins).buzzer is not None
