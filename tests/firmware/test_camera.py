"""The camera thread over real camera drivers: a folder of pictures that comes and goes."""

import io
import shutil
import threading
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from PIL import Image

from greenline.drivers.camera import Camera
from greenline.drivers.camera_urls import open_camera
from greenline.firmware.board import Board, DeviceName
from greenline.firmware.camera import CameraThread
from greenline.firmware.reopening import Opening
from tests.firmware.waiting import IMPATIENT, LONGEST_S, device, missing, there, until

CAMERA = DeviceName.CAMERA


class Folder:
    """A folder camera that tells when it is opened and closed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.done: list[str] = []
        self.changed = threading.Condition()
        self.opening = Opening(self.open, seems_there=path.is_dir, policy=IMPATIENT)

    def plug_in(self) -> None:
        self.path.mkdir()
        grey = np.full((40, 60, 3), 90, np.uint8)
        Image.fromarray(grey).save(self.path / "one.png")

    def unplug(self) -> None:
        shutil.rmtree(self.path)

    def open(self) -> Camera:
        return Told(self, open_camera(f"folder:{self.path}"))

    def note(self, what: str) -> None:
        with self.changed:
            self.done.append(what)
            self.changed.notify_all()

    def wait_for(self, done: list[str]) -> list[str]:
        """Return what was done, once it is this; something else when it never is."""
        with self.changed:
            self.changed.wait_for(lambda: self.done == done, LONGEST_S)
            return list(self.done)


class Told:
    """A camera that tells when it is opened and closed."""

    def __init__(self, folder: Folder, camera: Camera) -> None:
        self._folder = folder
        self._camera = camera
        self.info, self.preview, self.still = camera.info, camera.preview, camera.still
        folder.note("opened")

    def close(self) -> None:
        self._camera.close()
        self._folder.note("closed")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
    thread = CameraThread(folder.opening, board)
    thread.start()
    until(board, there(DeviceName.CAMERA))
    assert folder.wait_for(["opened", "closed"]) == ["opened", "closed"]
    assert thread.newest() is None

    watcher = Watcher(thread)
    picture = watcher.wait_for(2)[-1]
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.size) == ("JPEG", (60, 40))

    watcher.end()
    assert folder.wait_for(["opened", "closed"] * 2) == ["opened", "closed"] * 2
    assert thread.newest() is None
    thread.stop()


def test_a_camera_without_a_single_good_picture_is_never_called_there(
    board: Board, folder: Folder
) -> None:
    folder.path.mkdir()
    (folder.path / "broken.png").write_bytes(b"no picture")
    thread = CameraThread(folder.opening, board)
    shown: list[bool] = []
    board.listen(lambda: shown.append(there(DeviceName.CAMERA)(board.state())))
    thread.start()
    assert folder.wait_for(["opened", "closed"] * 3)[:4] == ["opened", "closed"] * 2
    thread.stop()
    assert not any(shown)


def test_a_camera_that_is_pulled_out_while_nobody_watches_is_named(
    board: Board, folder: Folder
) -> None:
    folder.plug_in()
    thread = CameraThread(folder.opening, board)
    thread.start()
    until(board, there(DeviceName.CAMERA))
    folder.unplug()
    until(board, missing(DeviceName.CAMERA))
    folder.plug_in()
    until(board, there(DeviceName.CAMERA))
    thread.stop()


def test_a_camera_that_is_missing_is_named_and_found_when_it_comes(
    board: Board, folder: Folder
) -> None:
    thread = CameraThread(folder.opening, board)
    thread.start()
    state = until(
        board, lambda state: str(folder.path) in getattr(device(state, CAMERA), "missing", "")
    )
    found = device(state, CAMERA)
    assert found is not None
    assert found.code == "E31"
    folder.plug_in()
    until(board, there(DeviceName.CAMERA))
    thread.stop()


def test_a_camera_that_leaves_while_it_is_watched_is_named_and_comes_back(
    board: Board, folder: Folder
) -> None:
    folder.plug_in()
    thread = CameraThread(folder.opening, board)
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
    thread = CameraThread(folder.opening, board)
    thread.start()
    until(board, missing(DeviceName.CAMERA))
    thread.stop()
    assert "camera" not in {thread.name for thread in threading.enumerate()}
