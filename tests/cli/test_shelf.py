"""The prints of the simulated sensor: what is pressed, and what never is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.cli.errors import CommandError
from greenline.cli.shelf import Finger, FolderShelf, deformed, find_fingers, on_area
from greenline.prints.frame import Frame
from tests.cli.conftest import SET

GREYS = {"1_1.png": 40, "1_2.png": 120, "1_3.png": 200}
"""Pictures that are told apart by how grey they are, whatever noise a sensor adds."""


@pytest.fixture
def grey_folder(tmp_path: Path) -> Path:
    for name, grey in GREYS.items():
        save(np.full((288, 256), grey, np.uint8), tmp_path / name)
    return tmp_path


def save(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], path: Path) -> None:
    Image.fromarray(pixels).save(path, dpi=(500, 500))


def pressed(shelf: FolderShelf, name: str, times: int) -> list[str]:
    """Return which picture each press shows."""
    means = [float(shelf.impression(name).pixels.mean()) for _ in range(times)]
    return [min(GREYS, key=lambda file: abs(GREYS[file] - mean)) for mean in means]


def test_the_other_pictures_of_a_finger_come_in_turn(grey_folder: Path) -> None:
    (finger,) = find_fingers(grey_folder)
    shelf = FolderShelf([("Enrolled/one", finger)], [], None)

    assert shelf.names() == ["Enrolled/one"]
    assert pressed(shelf, "Enrolled/one", 4) == ["1_1.png", "1_2.png", "1_3.png", "1_1.png"]


def test_the_enrolled_picture_is_never_pressed(grey_folder: Path) -> None:
    (finger,) = find_fingers(grey_folder)
    shelf = FolderShelf([("one", finger)], [grey_folder / "1_1.png"], None)

    assert pressed(shelf, "one", 20) == ["1_2.png", "1_3.png"] * 10


def test_each_press_has_noise_of_its_own_and_16_grey_levels(grey_folder: Path) -> None:
    (finger,) = find_fingers(grey_folder)
    shelf = FolderShelf([("one", finger)], [grey_folder / "1_1.png", grey_folder / "1_3.png"], None)

    first, second = shelf.impression("one"), shelf.impression("one")

    assert first.grey_levels == second.grey_levels == 16
    assert len(np.unique(first.pixels)) <= 16
    assert not np.array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("enrolled", [True, False])
def test_a_finger_with_a_single_picture_is_deformed_another_way_each_time(
    prints: Path, enrolled: bool
) -> None:
    path = prints / SET / "1_1.png"
    shelf = FolderShelf([("one", Finger("one", (path,)))], [path] if enrolled else [], None)
    two_pictures = FolderShelf([("two", Finger("two", (path, path)))], [], None)
    plain = two_pictures.impression("two").pixels

    presses = [shelf.impression("one").pixels for _ in range(3)]

    noise = difference(plain, two_pictures.impression("two").pixels)
    apart = [difference(a, b) for a, b in ((presses[0], presses[1]), (presses[1], presses[2]))]
    from_plain = [difference(plain, press) for press in presses]
    assert min(*apart, *from_plain) > 3 * noise


def difference(
    a: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    b: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
) -> float:
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


def test_a_deformed_picture_is_the_same_for_the_same_seed_and_stays_a_print(prints: Path) -> None:
    pixels = np.asarray(Image.open(prints / SET / "1_1.png"))
    frame = Frame(pixels, 500.0)

    once, again, other = (deformed(frame, seed) for seed in (5, 5, 6))

    np.testing.assert_array_equal(once.pixels, again.pixels)
    assert not np.array_equal(once.pixels, other.pixels)
    assert (once.width, once.height, once.dpi) == (frame.width, frame.height, frame.dpi)
    assert abs(float(once.pixels.mean()) - float(pixels.mean())) < 15


@pytest.mark.parametrize(("top", "left"), [(40, 30), (450, 60), (300, 330), (0, 0)])
def test_of_a_large_picture_the_ridges_come_to_the_middle_of_the_sensor(
    top: int, left: int
) -> None:
    pixels = np.full((700, 600), 250, np.uint8)
    stripes = np.tile(np.repeat(np.array([60, 220], np.uint8), 4), 25)
    pixels[top : top + 240, left : left + 200] = stripes[np.newaxis, :200]

    shown = on_area(Frame(pixels, 500.0))

    rows, columns = np.nonzero(shown.pixels < 100)
    assert (shown.height, shown.width, shown.dpi) == (288, 256, 500.0)
    assert rows.mean() == pytest.approx(144, abs=17)
    assert columns.mean() == pytest.approx(128, abs=17)


def test_the_area_is_that_of_the_sensor_at_any_resolution() -> None:
    shown = on_area(Frame(np.full((1200, 1000), 255, np.uint8), 1000.0))

    assert (shown.height, shown.width, shown.dpi) == (576, 512, 1000.0)


def test_a_picture_no_larger_than_the_sensor_is_shown_whole() -> None:
    frame = Frame(np.full((288, 256), 9, np.uint8), 500.0)

    assert on_area(frame) is frame


def test_a_name_that_is_not_there_is_a_lookup_error(grey_folder: Path) -> None:
    shelf = FolderShelf([], [], None)

    with pytest.raises(LookupError):
        shelf.impression("nobody")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_fingers_are_gathered_by_name_in_the_order_people_count(tmp_path: Path) -> None:
    touch(tmp_path, "10_1.png", "2_10.PNG", "2_2.tif", "b/1_1.bmp", "lone.jpg", "notes.txt")
    (tmp_path / "folder_1.png").mkdir()

    found = {
        finger.name: [path.name for path in finger.pictures] for finger in find_fingers(tmp_path)
    }

    assert found == {
        "2": ["2_2.tif", "2_10.PNG"],
        "10": ["10_1.png"],
        "b/1": ["1_1.bmp"],
        "lone": ["lone.jpg"],
    }
    assert list(found) == ["b/1", "lone", "2", "10"]


def test_a_finger_is_one_finger_even_when_another_name_sorts_between(tmp_path: Path) -> None:
    touch(tmp_path, "a_1.png", "a_b_1.png", "a_c.png", "a.png")

    assert {finger.name: len(finger.pictures) for finger in find_fingers(tmp_path)} == {
        "a": 2, "a_b": 1, "a_c": 1,
    }  # fmt: skip


def test_what_is_not_numbered_is_a_finger_of_its_own(tmp_path: Path) -> None:
    touch(tmp_path, "alice_index.png", "alice_thumb.png")

    assert [finger.name for finger in find_fingers(tmp_path)] == ["alice_index", "alice_thumb"]


def test_a_folder_without_prints_is_refused_in_words(tmp_path: Path) -> None:
    for folder, words in ((tmp_path, "holds no picture"), (tmp_path / "x", "does not exist")):
        with pytest.raises(CommandError, match=words) as refused:
            find_fingers(folder)
        assert refused.value.exit_code == 3
