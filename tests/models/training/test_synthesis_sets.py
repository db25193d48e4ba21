"""A set of pictures on disk, for the demo and for enrolment."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.models.training.synthesis import main, make_finger, press, write_set


def read(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(path) as picture:
        return np.asarray(picture)


def test_a_set_has_a_picture_for_every_press_that_says_its_resolution(tmp_path: Path) -> None:
    written = list(write_set(tmp_path / "new", 2, 2, 7, width=200, height=220, dpi=508.0))
    assert [path.name for path in written] == ["1_1.png", "1_2.png", "2_1.png", "2_2.png"]
    for path in written:
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((200, 220), "L")
            assert picture.info["dpi"] == pytest.approx((508.0, 508.0), abs=0.1)


def test_a_set_is_the_same_again_and_another_for_another_seed(tmp_path: Path) -> None:
    same = [next(write_set(tmp_path / name, 1, 1, 7)) for name in ("a", "b")]
    other = next(write_set(tmp_path / "c", 1, 1, 8))
    assert read(same[0]).tolist() == read(same[1]).tolist()
    assert read(same[0]).tolist() != read(other).tolist()


def test_the_pictures_are_presses_of_the_set_s_fingers(tmp_path: Path) -> None:
    path = next(write_set(tmp_path, 1, 1, 7))
    assert np.array_equal(read(path), press(make_finger(7_000_001), 1).frame.pixels)


def test_the_command_writes_a_set_as_a_module_sends_it(tmp_path: Path) -> None:
    main(
        ["--out", str(tmp_path), "--fingers", "1", "--impressions", "2", "--seed", "3", "--sensor"]
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1_1.png", "1_2.png"]
    assert set(np.unique(read(tmp_path / "1_1.png")).tolist()) <= set(range(0, 256, 17))


def test_the_command_refuses_a_set_of_no_fingers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path / "none"), "--fingers", "0"])
    assert "--fingers" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
