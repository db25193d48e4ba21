"""The page when a device is missing, and what it shows of the camera."""

import http.client
from collections.abc import Iterator

import msgspec
import pytest
from playwright.sync_api import Page, expect

from greenline.firmware.board import Board, DeviceName
from greenline.protocol.wording import KEYS_IN_FILES
from tests.firmware.page.cases import CASES, CHOICES
from tests.firmware.page.checkpoint import Desk, Lens, jpeg
from tests.firmware.page.looking import LOWEST_CONTRAST, RED_THINGS, box, show, show_case
from tests.firmware.page.serving import Server


@pytest.fixture
def lens(desk: Desk) -> Lens:
    desk.camera = Lens()
    desk.board.show_device(DeviceName.CAMERA)
    return desk.camera


def test_nothing_is_said_of_devices_that_are_there(desk: Desk, page: Page) -> None:
    desk.board.show_device(DeviceName.LIGHTS)
    desk.board.show_device(DeviceName.UPLINK)
    show(desk, page, "ready")

    expect(page.locator("#missing")).to_be_hidden()
    page.locator("#menu").click()
    expect(page.locator("#theme")).to_be_visible()
    expect(page.get_by_role("button", name="Camera")).to_have_count(0)
    expect(page.locator("#faults li")).to_have_count(0)


def test_a_notice_stands_above_everything_as_long_as_the_kiosk_runs(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")
    expect(page.locator("#notices")).to_be_hidden()

    desk.board = Board("kiosk-07", 20, notices=(KEYS_IN_FILES,))
    desk.board.show_device(DeviceName.UPLINK)
    page.reload()

    expect(page.locator("#notices")).to_have_text("Keys in a file: not for production use")
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7
    assert page.evaluate(RED_THINGS) == []


def test_which_release_runs_stands_in_the_menu(desk: Desk, page: Page) -> None:
    desk.board.show_software("greenline 2.1.0")
    show(desk, page, "ready")
    page.locator("#menu").click()

    expect(page.locator("#software")).to_have_text("Software: greenline 2.1.0")
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7


def test_refused_answers_are_told_to_the_officer(desk: Desk, page: Page) -> None:
    show(desk, page, "ready")

    desk.board.show_refused(3)

    expect(page.locator("#notices")).to_have_text("3 forged answers refused: tell the centre")


def test_what_is_missing_is_named_in_red_until_it_is_back(desk: Desk, page: Page) -> None:
    desk.board.show_choices(CHOICES)
    show(desk, page, "ready")
    desk.board.show_device(DeviceName.UPLINK)
    desk.board.show_device(DeviceName.CAMERA, missing="/dev/video0 is not there")
    desk.board.show_device(DeviceName.LIGHTS, missing="the light: it cannot be used")

    expect(page.locator("#missing")).to_have_text("E31 no camera, E32 no lights")
    expect(page.locator("#start")).to_be_enabled()
    page.locator("#menu").click()
    expect(page.locator("#faults li")).to_have_text(
        [
            "E31, no camera: /dev/video0 is not there. Checks go on without it.",
            "E32, no lights: the light: it cannot be used. Checks go on without it.",
        ]
    )
    assert set(page.evaluate(RED_THINGS)) == {"missing", "LI"}
    assert page.evaluate(LOWEST_CONTRAST)[0] >= 7

    for name in (DeviceName.CAMERA, DeviceName.LIGHTS):
        desk.board.show_device(name)
    expect(page.locator("#missing")).to_be_hidden()
    expect(page.locator("#faults li")).to_have_count(0)


def look_through_the_camera(page: Page) -> None:
    page.locator("#menu").click()
    page.get_by_role("button", name="Camera").click()


def test_the_camera_runs_only_while_it_is_shown(desk: Desk, lens: Lens, page: Page) -> None:
    show(desk, page, "ready")
    assert lens.watched_by(0)

    look_through_the_camera(page)
    assert lens.watched_by(1)
    lens.put(jpeg((10, 200, 10)))
    lens.put(jpeg((10, 10, 200)))
    view = page.locator("#camera-view")
    expect(view).to_be_visible()
    page.wait_for_function("() => document.querySelector('#camera-view').naturalWidth === 64")
    assert box(view)["width"] > 100

    page.get_by_role("button", name="Back").click()
    expect(view).to_be_hidden()
    lens.put(jpeg((200, 10, 10)))  # the server notices with the next picture
    assert lens.watched_by(0)


def test_a_camera_that_leaves_while_it_is_shown_is_told_and_shown_again(
    desk: Desk, lens: Lens, page: Page
) -> None:
    show(desk, page, "ready")
    look_through_the_camera(page)
    assert lens.watched_by(1)

    desk.board.show_device(DeviceName.CAMERA, missing="/dev/video0 is not there")
    expect(page.locator("#camera-words")).to_have_text(
        "The camera is not there. It is tried again by itself."
    )
    expect(page.locator("#camera-view")).to_be_hidden()
    lens.put(None)

    desk.board.show_device(DeviceName.CAMERA)
    expect(page.locator("#camera-view")).to_be_visible()
    expect(page.locator("#camera-words")).to_be_hidden()


def test_the_finger_is_seen_while_it_is_taken_and_no_longer(desk: Desk, page: Page) -> None:
    lens = desk.finger
    choices = msgspec.structs.replace(CHOICES, show_finger=True)
    show_case(desk, page, CASES["capture"], choices=choices)
    assert lens.watched_by(1)
    lens.put(jpeg((10, 10, 10)))
    lens.put(jpeg((90, 90, 90)))
    page.wait_for_function("() => document.querySelector('#finger-view').naturalWidth === 64")
    show_case(desk, page, CASES["capture-ten"], choices=choices)
    assert lens.watched_by(1)

    show_case(desk, page, CASES["review"], choices=choices)
    expect(page.locator("#finger-view")).to_have_count(0)
    lens.put(jpeg((2, 2, 2)))  # the server notices with the next picture
    assert lens.watched_by(0)


class Pictures:
    """The stream of pictures as a browser reads it."""

    def __init__(self, server: Server, headers: dict[str, str] | None = None) -> None:
        host, port = server.url.removeprefix("http://").rstrip("/").split(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=10)
        self._connection.request("GET", "/api/camera", headers=headers or {})
        self.answer = self._connection.getresponse()

    def read(self, count: int) -> bytes:
        return self.answer.read(count)

    def close(self) -> None:
        self.answer.close()
        self._connection.close()


@pytest.fixture
def pictures(lens: Lens, server: Server) -> Iterator[Pictures]:
    stream = Pictures(server)
    yield stream
    stream.close()
    lens.put(jpeg((1, 1, 1)))  # the server notices with a picture that nobody takes
    lens.put(jpeg((2, 2, 2)))
    assert lens.watched_by(0)


def test_each_picture_is_one_part_of_the_stream(lens: Lens, pictures: Pictures) -> None:
    kind = pictures.answer.headers["content-type"]
    assert kind == "multipart/x-mixed-replace; boundary=picture"
    assert lens.watched_by(1)
    for picture in (jpeg((1, 2, 3)), jpeg((200, 2, 3))):
        part = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n" + picture + b"\r\n"
        lens.put(picture)
        assert pictures.read(len(part)) == part


def test_a_kiosk_without_a_camera_says_so(server: Server) -> None:
    stream = Pictures(server)
    assert (stream.answer.status, b"no camera" in stream.answer.read()) == (404, True)
    stream.close()


def test_a_foreign_page_does_not_switch_the_camera_on(lens: Lens, server: Server) -> None:
    stream = Pictures(server, {"Sec-Fetch-Site": "cross-site"})
    assert (stream.answer.status, b"own page" in stream.answer.read()) == (403, True)
    stream.close()
    assert lens.watched_by(0)
