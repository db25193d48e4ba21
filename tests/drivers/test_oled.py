"""The OLED's driver through real luma, down to the bytes on a modelled I2C bus."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from greenline.drivers.errors import PortLostError
from greenline.drivers.oled import Controller, Oled
from greenline.drivers.simulation.display_gallery import EXAMPLES
from greenline.drivers.simulation.oled_panel import OledPanel
from greenline.drivers.status_display import draw

pytestmark = pytest.mark.filterwarnings(
    # luma.oled 3.16 itself; the extra "device" therefore stays below Pillow 14.
    "ignore:Image.Image.getdata is deprecated:DeprecationWarning"
)
READY, FAULT = draw(EXAMPLES["ready"]), draw(EXAMPLES["fault_sensor"])


def same(one: Image.Image, two: Image.Image) -> bool:
    return ImageChops.logical_xor(one, two).getbbox() is None


@pytest.fixture(params=Controller, ids=lambda controller: controller.value)
def panel(request: pytest.FixtureRequest) -> OledPanel:
    return OledPanel(request.param)


def opened(panel: OledPanel, *, upside_down: bool = False) -> Oled:
    return Oled.open(panel.controller, bus=panel, upside_down=upside_down)


def test_it_is_on_and_dark_until_the_first_picture(panel: OledPanel) -> None:
    oled = opened(panel)
    assert panel.on
    assert panel.picture().getbbox() is None
    oled.close()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_state_is_seen_pixel_by_pixel(panel: OledPanel, name: str) -> None:
    oled = opened(panel)
    oled.show(FAULT)
    oled.show(draw(EXAMPLES[name]))
    assert same(panel.picture(), draw(EXAMPLES[name]))
    oled.close()


def test_mounted_upside_down_it_is_turned(panel: OledPanel) -> None:
    oled = opened(panel, upside_down=True)
    oled.show(READY)
    assert same(panel.picture(), READY.transpose(Image.Transpose.ROTATE_180))
    oled.close()


def test_the_same_picture_again_sends_nothing(panel: OledPanel) -> None:
    oled = opened(panel)
    oled.show(READY)
    before = panel.bytes_received
    oled.show(READY.copy())
    assert panel.bytes_received == before
    oled.show(FAULT)
    assert panel.bytes_received >= before + 1024
    oled.close()


def test_it_can_be_dimmed(panel: OledPanel) -> None:
    oled = opened(panel)
    oled.dim(20)
    assert panel.contrast == 20
    oled.close()


def test_closing_goes_dark_and_is_harmless_twice(panel: OledPanel) -> None:
    oled = opened(panel)
    oled.show(READY)
    oled.close()
    oled.close()
    assert not panel.on
    with pytest.raises(PortLostError, match="it has been closed"):
        oled.show(FAULT)


def test_a_display_that_leaves_is_a_lost_port_and_can_be_opened_anew(panel: OledPanel) -> None:
    oled = opened(panel)
    oled.show(READY)
    panel.plugged = False
    for use in (lambda: oled.show(FAULT), lambda: oled.show(READY), lambda: oled.dim(5)):
        with pytest.raises(PortLostError, match="0x3c: it does not answer; look at its four wires"):
            use()
    oled.close()
    with pytest.raises(PortLostError, match="it does not answer"):
        opened(panel)
    panel.plugged = True
    again = opened(panel)
    again.show(FAULT)
    assert same(panel.picture(), FAULT)
    again.close()


def test_a_display_taken_for_the_other_kind_shows_something_else() -> None:
    panel = OledPanel(Controller.SH1106)
    oled = Oled.open(Controller.SSD1306, bus=panel)
    oled.show(READY)
    assert not same(panel.picture(), READY)
    oled.close()


def test_another_address_does_not_answer() -> None:
    with pytest.raises(PortLostError, match="address 0x3d: it does not answer"):
        Oled.open(Controller.SSD1306, address=0x3D, bus=OledPanel(Controller.SSD1306))


def test_an_absent_line_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PortLostError, match="i2c-9, address 0x3c: there is no such I2C line"):
        Oled.open(Controller.SSD1306, str(tmp_path / "i2c-9"))


def test_a_file_that_is_no_i2c_line_is_a_lost_port(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PortLostError, match="it has failed"):
        Oled.open(Controller.SSD1306, str(tmp_path / "file"))


# The way of a real display: luma and smbus2 as installed, the kernel's ioctl modelled below them.
# In a process of its own, because smbus2 takes ioctl from fcntl once, when it is loaded.
WITH_A_MODELLED_KERNEL = """
import fcntl, json, os, sys
from greenline.drivers.errors import PortLostError
from greenline.drivers.oled import Controller, Oled
from greenline.drivers.simulation.display_gallery import EXAMPLES
from greenline.drivers.simulation.oled_panel import I2cLine, OledPanel
from greenline.drivers.status_display import draw

controller, path = Controller(sys.argv[1]), sys.argv[2]
panel = OledPanel(controller)
line = I2cLine(panel)
fcntl.ioctl = line.ioctl

def holds():
    held = "/proc/self/fd"
    return path in [os.path.realpath(os.path.join(held, fd)) for fd in os.listdir(held)]

oled = Oled.open(controller, path)
oled.show(draw(EXAMPLES["ready"]))
seen = {"rows": panel.picture().tobytes().hex(), "on": panel.on, "held": holds()}
seen["in long messages"] = line.longest > 33
panel.plugged = False
try:
    oled.show(draw(EXAMPLES["fault_sensor"]))
except PortLostError as fault:
    seen["fault"] = str(fault)
oled.close()
seen["held after"] = holds()
try:
    Oled.open(controller, path)
except PortLostError as fault:
    seen["fault again"] = str(fault)
seen["held at last"] = holds()
print(json.dumps(seen))
"""


@pytest.mark.parametrize("controller", Controller, ids=lambda controller: controller.value)
def test_over_a_line_of_the_kernel_everything_is_the_same(
    controller: Controller, tmp_path: Path
) -> None:
    line = tmp_path.resolve() / "i2c-1"
    line.write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-c", WITH_A_MODELLED_KERNEL, controller.value, str(line)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    gone = f"status display at {line}, address 0x3c: it does not answer; look at its four wires"
    assert json.loads(done.stdout or "{}") == {
        "rows": READY.tobytes().hex(),
        "on": True,
        "held": True,
        # The SSD1306 gets its picture in one message, the SH1106 in one for each of eight rows.
        "in long messages": True,
        "fault": gone,
        "held after": False,
        "fault again": gone,
        "held at last": False,
    }, done.stderr


@pytest.mark.skipif(importlib.util.find_spec("luma") is not None, reason="luma is installed here")
def test_without_the_library_the_technician_reads_what_is_missing() -> None:
    with pytest.raises(PortLostError, match=r"luma\.oled is not installed here"):
        Oled.open(Controller.SSD1306)
