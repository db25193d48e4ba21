"""`greenline bench accuracy`: tables with each pair exactly once, which the FVC scorer takes."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import FINGERS, IMPRESSIONS, SET, Told

Greenline = Callable[..., Told]
Rows = list[tuple[str, str, float]]

FIRST = [f"{SET}/{finger}_1" for finger in range(1, FINGERS + 1)]
OTHERS = [
    f"{SET}/{finger}_{impression}"
    for finger in range(1, FINGERS + 1)
    for impression in range(2, IMPRESSIONS + 1)
]


@dataclass(frozen=True)
class Bench:
    told: Told
    verification: Path
    identification: Path


@pytest.fixture(scope="module")
def bench(prints: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """One run in a process of its own, as its worker processes want."""
    out = tmp_path_factory.mktemp("bench") / "made" / "by it"
    done = subprocess.run(
        [sys.executable, "-m", "greenline.cli", "bench", "accuracy", str(prints),
         "--out", str(out), "--processes", "1"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    told = Told(done.returncode, done.stdout, done.stderr)
    return Bench(told, out / "verification.tsv", out / "identification.tsv")


def rows(table: Path) -> Rows:
    found = [line.split("\t") for line in table.read_text("ascii").splitlines()]
    return [(a, b, float(score)) for a, b, score in found]


def test_it_says_what_it_did(bench: Bench) -> None:
    assert bench.told.code == 0
    assert "Traceback" not in bench.told.err
    assert re.search(r"4 pictures, extraction \d+ ms \(median; 1 at once\)\n", bench.told.out)
    assert f"6 pairs in {bench.verification}, 4 in {bench.identification}\n" in bench.told.out


def test_every_pair_of_a_set_is_compared_exactly_once(bench: Bench) -> None:
    pairs = [frozenset(row[:2]) for row in rows(bench.verification)]

    wanted = {frozenset(pair) for pair in itertools.combinations([*FIRST, *OTHERS], 2)}
    assert len(pairs) == len(wanted) == 6
    assert set(pairs) == wanted


def test_every_other_impression_is_searched_among_all_first_ones_exactly_once(
    bench: Bench,
) -> None:
    pairs = [row[:2] for row in rows(bench.identification)]

    assert sorted(pairs) == sorted(itertools.product(FIRST, OTHERS))


def test_impressions_of_one_finger_score_higher_than_of_two(bench: Bench) -> None:
    scores: dict[bool, list[float]] = {True: [], False: []}
    for a, b, score in rows(bench.verification):
        scores[a.rpartition("_")[0] == b.rpartition("_")[0]].append(score)

    assert min(scores[True]) > max(scores[False])


def test_the_fvc_scorer_takes_the_tables(bench: Bench) -> None:
    beside = Path(__file__).resolve().parents[3] / "shared"
    scorer = Path(os.environ.get("GREENLINE_SHARED", beside)) / "tools" / "fvc_eval.py"
    if not scorer.is_file():
        pytest.skip("the shared scorer is not here (set GREENLINE_SHARED)")

    done = subprocess.run(
        [sys.executable, str(scorer), str(bench.verification), str(bench.identification)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    figures = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [line[0] for line in figures] == ["set", SET, "all"]
    assert figures[2] == ["all", "2", "4", "0.00", "0.00", "0.00", "0.00", "100.00"]


def test_a_picture_that_cannot_be_used_scores_lowest_and_is_told(
    greenline: Greenline, prints: Path, bad_files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sets"
    shutil.copytree(prints, folder)
    shutil.copy(bad_files / "truncated.png", folder / SET / "1_2.png")
    shutil.copy(bad_files / "white.png", folder / SET / "2_2.png")

    told = greenline("bench", "accuracy", folder, "--out", tmp_path / "out", "--processes", 1)

    assert told.code == 0
    assert f"{SET}/1_2: scores lowest against everything (1_2.png cannot be read" in told.out
    assert f"{SET}/2_2: scores lowest against everything (no minutiae)\n" in told.out
    table = rows(tmp_path / "out" / "verification.tsv")
    assert len(table) == 6
    assert {score for a, b, score in table if "_2" in a + b} == {0.0}


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--dpi", "A"], 2, "--dpi 'A': write it like DB2_B=569"),
        (["--dpi", "A=nan"], 2, "--dpi 'A=nan': this is no resolution of a sensor"),
        (["--dpi", "B=500"], 2, "--dpi names B, but "),
    ],
)
def test_a_wrong_resolution_is_refused(
    greenline: Greenline, prints: Path, tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    told = greenline("bench", "accuracy", prints, "--out", tmp_path / "out", *options)

    assert told.code == code
    assert words in told.sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "holds no pictures named <set>/<finger>_<impression>.png|tif|bmp"),
        (["A/1_1.png", "A/1_1.bmp"], "are both A/1_1: remove one"),
        (["A/1_1.png", "A/1_01.png"], "are both A/1_1: remove one"),
        (["A/ž_1.png"], "use letters, digits and signs of ASCII only"),
        (["A/tab\t_1.png"], "use letters, digits and signs of ASCII only"),
    ],
)
def test_pictures_that_the_tables_cannot_hold_are_refused(
    greenline: Greenline, tmp_path: Path, names: list[str], words: str
) -> None:
    (tmp_path / "sets" / "A").mkdir(parents=True)
    for name in names:
        (tmp_path / "sets" / name).touch()

    told = greenline("bench", "accuracy", tmp_path / "sets", "--out", tmp_path / "out")

    assert told.code == 3
    assert words in told.sentence
    assert not (tmp_path / "out").exists()


def test_a_full_disk_under_a_table_is_told(
    greenline: Greenline, prints: Path, tmp_path: Path
) -> None:
    (tmp_path / "verification.tsv").symlink_to("/dev/full")

    told = greenline("bench", "accuracy", prints, "--out", tmp_path, "--processes", 1)

    assert told.code == 3
    words = f"{tmp_path}/verification.tsv cannot be written: No space left on device"
    assert told.sentence == words


def test_an_output_folder_that_cannot_be_made_is_told(
    greenline: Greenline, prints: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()

    told = greenline("bench", "accuracy", prints, "--out", tmp_path / "file" / "out")

    assert told.code == 3
    assert told.sentence == f"{tmp_path}/file/out cannot be made: Not a directory"
