"""The officer's live picture of a finger goes when it is over, and not with the next one."""

import msgspec
from playwright.sync_api import Page

from tests.firmware.page.cases import CASES, CHOICES
from tests.firmware.page.checkpoint import Desk, Lens, jpeg
from tests.firmware.page.looking import show, show_case

SHADE = """([least, most]) => {
  const picture = document.querySelector("#finger-view");
  if (!picture.naturalWidth) return false;
  const canvas = Object.assign(document.createElement("canvas"), { width: 4, height: 4 });
  const drawing = canvas.getContext("2d");
  drawing.drawImage(picture, 0, 0, 4, 4);
  const [red] = drawing.getImageData(1, 1, 1, 1).data;
  return least <= red && red <= most;
}"""


def test_each_picture_is_shown_as_soon_as_it_is_there(desk: Desk, page: Page) -> None:
    desk.finger = lens = Lens()
    choices = msgspec.structs.replace(CHOICES, show_finger=True)
    show_case(desk, page, CASES["capture"], choices=choices)
    show(desk, page, "reading")
    assert lens.watched_by(1)

    lens.put(jpeg((20, 20, 20)))
    page.wait_for_function(SHADE, arg=[0, 60])
    lens.put(jpeg((250, 250, 250)))
    page.wait_for_function(SHADE, arg=[230, 255])
