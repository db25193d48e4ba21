"""`greenline synth`: what lies in the folder is what the manifest says; interruptions are gone
over; everything that is in the way is told."""

import hashlib
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from greenline.models.training.data_set import MANIFEST, generator
from greenline.prints import fmr
from tests.cli.conftest import Told
from tests.cli.processes import kill_started_for

Greenline = Callable[..., Told]

FINGERS, IMPRESSIONS = 2, 2
ORDER = (
    "--fingers", FINGERS, "--impressions", IMPRESSIONS, "--sensor", "r503", "--seed", 5,
    "--processes", 1,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with records, made by worker processes."""
    out = tmp_path_factory.mktemp("synth") / "new" / "set"
    command = [sys.executable, "-m", "greenline.cli", "synth", "--out", str(out), "--truth"]
    told = subprocess.run(
        [*command, *map(str, ORDER[:-1]), "2"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (told.returncode, told.stderr) == (0, "")
    assert f"4 pictures in {out}, 4 of them made now; " in told.stdout
    return out


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy of the set, to be spoiled."""
    return Path(shutil.copytree(made, tmp_path / "set"))


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return found


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Return which file each name is, and when it was written: both change when it is made anew."""
    return {
        entry.name: (entry.stat().st_ino, entry.stat().st_mtime_ns)
        for entry in folder.iterdir()
        if entry.name != MANIFEST
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def test_every_picture_is_what_the_manifest_says(made: Path) -> None:
    manifest = manifest_of(made)

    assert manifest["generator"] == generator()
    assert (manifest["seed"], manifest["sensor"]["name"]) == (5, "r503")
    assert (manifest["fingers"], manifest["impressions"]) == (FINGERS, IMPRESSIONS)
    numbers = [(each["finger"], each["impression"]) for each in manifest["pictures"]]
    assert numbers == [(1, 1), (1, 2), (2, 1), (2, 2)]
    for each in manifest["pictures"]:
        assert hashlib.sha256((made / each["file"]).read_bytes()).hexdigest() == each["sha256"]
        with Image.open(made / each["file"]) as picture:
            assert (picture.size, picture.mode) == ((192, 192), "L")
            assert picture.info["dpi"] == pytest.approx((508, 508), abs=0.1)
            assert not (np.asarray(picture) % 17).any()
        assert each["pattern"] in {"arch", "tented arch", "left loop", "right loop", "whorl"}
        assert 0 <= each["conditions"]["quality"] <= 1


def test_every_record_holds_the_true_minutiae(made: Path) -> None:
    for each in manifest_of(made)["pictures"]:
        content = (made / each["record"]).read_bytes()
        (view,) = fmr.decode(content).views

        assert hashlib.sha256(content).hexdigest() == each["record_sha256"]
        assert len(view.template) == each["minutiae"]
        assert (view.template.width, view.template.height) == (192, 192)


def test_nothing_else_lies_in_the_folder(made: Path) -> None:
    listed = {each[key] for each in manifest_of(made)["pictures"] for key in ("file", "record")}

    assert {entry.name for entry in made.iterdir()} == {MANIFEST, *listed}


def test_one_process_makes_what_several_make(
    greenline: Greenline, made: Path, tmp_path: Path
) -> None:
    told = greenline("synth", "--out", tmp_path / "set", "--truth", *ORDER)

    assert (told.code, told.err) == (0, "")
    assert contents(tmp_path / "set") == contents(made)


def test_another_seed_makes_other_fingers(greenline: Greenline, made: Path, tmp_path: Path) -> None:
    order = [6 if value == 5 else value for value in ORDER]
    greenline("synth", "--out", tmp_path / "set", *order, "--fingers", 1, "--impressions", 1)

    assert (tmp_path / "set" / "1_1.png").read_bytes() != (made / "1_1.png").read_bytes()


def test_a_whole_set_is_left_as_it_is(greenline: Greenline, folder: Path) -> None:
    before = state(folder)

    told = greenline("synth", "--out", folder, *ORDER)

    assert told.code == 0
    assert f"4 pictures in {folder}, 0 of them made now" in told.out
    assert state(folder) == before


@pytest.mark.parametrize("name", ["1_2.png", "2_1.fmr"])
@pytest.mark.parametrize("fault", ["missing", "cut", "changed"])
def test_what_is_missing_or_damaged_is_made_again_and_the_rest_is_left(
    greenline: Greenline, made: Path, folder: Path, name: str, fault: str
) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).unlink()
    if fault != "missing":
        (folder / name).write_bytes(content if fault == "changed" else content[:50])
    before = state(folder)

    told = greenline("synth", "--out", folder, "--truth", *ORDER)

    assert told.code == 0
    assert "1 of them made now" in told.out
    assert contents(folder) == contents(made)
    after = state(folder)
    stem = name.partition(".")[0]
    assert {entry for entry in after if after[entry] != before.get(entry)} == {
        f"{stem}.png",
        f"{stem}.fmr",
    }


def test_an_interrupted_set_is_gone_on_with(
    greenline: Greenline, made: Path, tmp_path: Path
) -> None:
    """The disk is full at the second finger; later there is room again."""
    out = tmp_path / "set"
    assert greenline("synth", "--out", out, "--truth", *ORDER, "--fingers", 1).code == 0
    obstacle = out / "2_1.png.part"
    obstacle.symlink_to("/dev/full")

    full = greenline("synth", "--out", out, "--truth", *ORDER, "--impressions", 2)
    between = state(out)
    listed = len(manifest_of(out)["pictures"])
    again = greenline("synth", "--out", out, "--truth", *ORDER)

    assert (full.code, listed, again.code) == (3, 2, 0)
    assert full.sentence == f"{out}/2_1.png cannot be written: No space left on device"
    assert {name: state(out)[name] for name in between} == between
    assert contents(out) == contents(made)


def test_a_set_grows(greenline: Greenline, folder: Path) -> None:
    before = state(folder)

    told = greenline("synth", "--out", folder, *ORDER, "--impressions", 3)

    assert told.code == 0
    assert "6 pictures" in told.out
    assert "2 of them made now" in told.out
    after = state(folder)
    assert {name: after[name] for name in before} == before
    # Records that were ordered once go on being written.
    assert set(after) - set(before) == {"1_3.png", "1_3.fmr", "2_3.png", "2_3.fmr"}


def test_records_can_be_ordered_later(greenline: Greenline, made: Path, tmp_path: Path) -> None:
    greenline("synth", "--out", tmp_path / "set", *ORDER)
    assert list((tmp_path / "set").glob("*.fmr")) == []

    assert greenline("synth", "--out", tmp_path / "set", *ORDER, "--truth").code == 0

    assert contents(tmp_path / "set") == contents(made)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seed", 6], "holds a set of another seed (5, not 6): choose another folder"),
        (["--sensor", "as608"], "holds a set of another sensor (r503, not as608): choose another"),
        (["--fingers", 1], "holds a set of 2 fingers with 2 impressions: ask for as many or more"),
        (["--impressions", 1], "holds a set of 2 fingers with 2 impressions: ask for as many"),
    ],
)
def test_a_folder_with_another_set_is_left_alone(
    greenline: Greenline, folder: Path, options: list[object], words: str
) -> None:
    before = contents(folder)

    told = greenline("synth", "--out", folder, *ORDER, *options)

    assert told.code == 3
    assert words in told.sentence
    assert contents(folder) == before


def test_a_set_of_an_older_generator_is_left_alone(greenline: Greenline, folder: Path) -> None:
    manifest = manifest_of(folder)
    manifest["generator"] = "0.0.1+0123456789ab"
    (folder / MANIFEST).write_text(json.dumps(manifest))

    told = greenline("synth", "--out", folder, *ORDER)

    assert told.code == 3
    assert "holds a set of another generator (0.0.1+0123456789ab, not " in told.sentence


def test_a_folder_with_other_files_is_left_alone(greenline: Greenline, tmp_path: Path) -> None:
    (tmp_path / "1_1.png").write_bytes(b"mine")

    told = greenline("synth", "--out", tmp_path, *ORDER)

    words = f"{tmp_path} holds other files and no manifest.json: choose another folder"
    assert (told.code, told.sentence) == (3, words)
    assert contents(tmp_path) == {"1_1.png": b"mine"}


@pytest.mark.parametrize("content", [b"", b"{", b'{"seed": 5}'])
def test_a_manifest_that_cannot_be_read_is_told(
    greenline: Greenline, folder: Path, content: bytes
) -> None:
    (folder / MANIFEST).write_bytes(content)

    told = greenline("synth", "--out", folder, *ORDER)

    assert told.code == 3
    assert told.sentence.startswith(f"{folder}/manifest.json cannot be read (")


def test_a_folder_that_cannot_be_made_is_told(greenline: Greenline, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    told = greenline("synth", "--out", tmp_path / "file" / "out", *ORDER)

    words = f"{tmp_path}/file/out cannot be used: Not a directory"
    assert (told.code, told.sentence) == (3, words)


def test_a_folder_in_which_nobody_makes_another_is_told(greenline: Greenline) -> None:
    told = greenline("synth", "--out", "/proc/set", *ORDER)

    assert told.code == 3
    assert told.sentence.startswith("/proc/set cannot be used: ")


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_leaves_a_folder_that_can_be_gone_on_with(
    greenline: Greenline, tmp_path: Path, processes: int
) -> None:
    """The second finger's picture goes into a pipe: whoever reads it knows that it is its turn."""
    out = tmp_path / "set"
    order = [*ORDER, "--processes", processes]
    greenline("synth", "--out", out, *order, "--fingers", 1)
    os.mkfifo(out / "2_1.png.part")
    pipe = os.open(out / "2_1.png.part", os.O_RDONLY | os.O_NONBLOCK)
    running = subprocess.Popen(
        [sys.executable, "-m", "greenline.cli", "synth", "--out", str(out),
         *map(str, order), "--fingers", "200"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    with running:
        try:
            assert select.select([pipe], [], [], 60)[0]
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does
            _, told = running.communicate(timeout=60)
        finally:
            os.close(pipe)
            kill_started_for(out)

    pictures = manifest_of(out)["pictures"]
    assert running.returncode != 0
    assert "Traceback" not in told
    assert f"stopped with {len(pictures)} of 400 pictures; the same command goes on\n" in told
    assert 2 <= len(pictures) < 100
    assert [each["file"] for each in pictures[:2]] == ["1_1.png", "1_2.png"]
    assert {each["file"] for each in pictures} <= {entry.name for entry in out.iterdir()}


def test_a_file_that_grows_too_large_is_told_by_a_worker(tmp_path: Path) -> None:
    """The limit of the process stands for a disk that is full under every worker."""
    done = subprocess.run(
        [sys.executable, "-m", "greenline.cli", "synth", "--out", str(tmp_path / "set"),
         *map(str, ORDER[:-1]), "2"],
        capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)),
    )  # fmt: skip
    told = Told(done.returncode, done.stdout, done.stderr)

    assert told.code == 3
    assert "_1.png cannot be written: File too large" in told.sentence
    assert [entry.name for entry in (tmp_path / "set").iterdir()] == [MANIFEST]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "say either --out, for a set, or --sheet"),
        (["--out", "a", "--sheet", "b.png"], "say either --out, for a set, or --sheet"),
        (["--out", "a", "--beside", "b"], "--beside belongs to --sheet"),
        (["--out", "a", "--sensor", "swipe"], "no sensor is called 'swipe': choose optical, "),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    greenline: Greenline, options: list[str], words: str
) -> None:
    told = greenline("synth", *options)

    assert told.code == 2
    assert words in told.sentence


@pytest.mark.parametrize("options", [["--fingers", 0], ["--seed", 4294], ["--processes", 0]])
def test_a_number_out_of_its_range_is_refused(
    greenline: Greenline, tmp_path: Path, options: list[object]
) -> None:
    told = greenline("synth", "--out", tmp_path / "set", *options)

    assert told.code == 2
    assert not (tmp_path / "set").exists()


def test_a_sheet_shows_ours_and_others(greenline: Greenline, made: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"

    told = greenline("synth", "--sheet", sheet, "--beside", made, *ORDER)

    assert told.code == 0
    assert told.out.endswith(f"4 synthetic prints, 4 others, in {sheet}\n")
    with Image.open(sheet) as picture:
        assert picture.width > 2 * 4 * 300
        # The others are the same prints here: both sides show the same ink.
        left, right = (np.asarray(picture)[8:368, at : at + 1232] for at in (8, 8 + 1240 + 40))
        assert np.array_equal(left, right)


def test_prints_of_real_people_are_never_drawn_into_a_repository(
    greenline: Greenline, made: Path, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "docs").mkdir()

    told = greenline("synth", "--sheet", tmp_path / "docs" / "a.png", "--beside", made, *ORDER)

    assert told.code == 3
    assert "where prints of real people have no place" in told.sentence
    assert list((tmp_path / "docs").iterdir()) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [([], "holds no pictures"), (["1_1.png"], "cannot be shown: 1_1.png cannot be read as a pic")],
)
def test_a_folder_without_pictures_to_show_is_told(
    greenline: Greenline, tmp_path: Path, files: list[str], words: str
) -> None:
    for name in files:
        (tmp_path / name).write_text("no picture")

    told = greenline("synth", "--sheet", tmp_path / "a" / "s.png", "--beside", tmp_path, *ORDER)

    assert told.code == 3
    assert words in told.sentence


def test_a_sheet_that_cannot_be_written_is_told(greenline: Greenline, tmp_path: Path) -> None:
    told = greenline("synth", "--sheet", tmp_path / "none" / "s.png", "--fingers", 1, "--seed", 5)

    assert told.code == 3
    assert f"{tmp_path}/none/s.png cannot be written: " in told.sentence
