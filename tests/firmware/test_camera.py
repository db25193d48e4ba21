"""The camera thread over real camera drivers: a folder of pictures that comes and goes."""

import io
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.camera import Camera
from greenline.drivers.camera_urls import open_camera
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.camera import CameraThread
from greenline.firmware.reopening import Opening
from tests.firmware.waiting import IMPATIENT, LONGEST_S, device, missing, there, until


class Folder:
    """A folder camera; counts how often it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened = 0

    def plug_in(self) -> None:
        self.path.mkdir()
        grey = np.full((40, 60, 3), 90, np.uint8)
        Image.fromarray(grey).save(self.path / "one.png")

    def unplug(self) -> None:
        shutil.rmtree(self.path)

    def open(self) -> Camera:
        camera = open_camera(f"folder:{self.path}")
        self.opened += 1
        return camera


class Watcher:
    """Looks at each new picture."""

    def __init__(self, thread: CameraThread) -> None:
        self.thread = thread
        self.seen: list[bytes | None] = []
        self.changed = threading.Condition()
        self.end = thread.watch(self.look)

    def look(self) -> None:
        with self.changed:
            self.seen.append(self.thread.newest())
            self.changed.notify_all()

    def wait_for(self, number: int) -> list[bytes | None]:
        """Return so many pictures, and forget them."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.seen) >= number, LONGEST_S)
            seen, self.seen = self.seen, []
            return seen


@pytest.fixture
def board() -> Board:
    return Board("kiosk-07", 20)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "pictures")


def test_it_runs_only_while_somebody_watches(board: Board, folder: Folder) -> None:
    folder.plug_in()
    thread = CameraThread(Opening(folder.open, policy=IMPATIENT), board)
    thread.start()
    until(board, there(DeviceName.CAMERA))
    assert thread.newest() is None

    watcher = Watcher(thread)
    picture = watcher.wait_for(2)[-1]
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (60, 40))

    watcher.end()
    again = Watcher(thread)
    again.wait_for(1)
    thread.stop()
    assert thread.newest() is None
    assert folder.opened <= 3


def test_a_camera_that_is_missing_is_named_and_found_when_it_comes(
    board: Board, folder: Folder
) -> None:
    thread = CameraThread(Opening(folder.open, policy=IMPATIENT), board)
    thread.start()
    state = until(board, missing(DeviceName.CAMERA))
    found = device(state, DeviceName.CAMERA)
    assert found is not None
    assert (found.code, str(folder.path) in found.missing) == ("E31", True)
    folder.plug_in()
    until(board, there(DeviceName.CAMERA))
    thread.stop()


def test_a_camera_that_leaves_while_it_is_watched_is_named_and_comes_back(
    board: Board, folder: Folder
) -> None:
    folder.plug_in()
    thread = CameraThread(Opening(folder.open, policy=IMPATIENT), board)
    thread.start()
    watcher = Watcher(thread)
    watcher.wait_for(1)
    folder.unplug()
    until(board, missing(DeviceName.CAMERA))
    assert thread.newest() is None
    folder.plug_in()
    until(board, there(DeviceName.CAMERA))
    watcher.wait_for(1)
    thread.stop()


def test_its_end_does_not_wait_for_a_camera_that_never_comes(board: Board, folder: Folder) -> None:
    thread = CameraThread(Opening(folder.open, policy=IMPATIENT), board)
    thread.start()
    until(board, missing(DeviceName.CAMERA))
    thread.stop()
    assert "camera" not in {thread.name for thread in threading.enumerate()}
