"""`greenline bench models`: all extractors in one run, on a few synthetic prints."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from greenline.models.training.synthesis import write_set
from tests.cli.conftest import Told

Greenline = Callable[..., Told]

SETS = ("A", "B")
NETWORKS = ["leader-1", "greenline-1", "greenline-1, accurate"]


@pytest.fixture(scope="module")
def two_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets")
    for seed, name in enumerate(SETS):
        assert len(list(write_set(folder / name, 2, 2, 90 + seed))) == 4
    return folder


def bench(prints: Path, out: Path, *options: str) -> Told:
    """Run in a process of its own, as its worker processes want."""
    command = [sys.executable, "-m", "greenline.cli", "bench", "models", str(prints)]
    done = subprocess.run(
        [*command, "--out", str(out), "--processes", "1", "--pictures", "2", *options],
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "made by it"


@pytest.fixture(scope="module")
def whole(two_sets: Path, out: Path) -> Told:
    return bench(two_sets, out)


def networks(report: dict[str, object]) -> list[dict[str, object]]:
    results = report["results"]
    assert isinstance(results, list)
    return [result for result in results if result["label"] != "mindtct"]


def test_every_network_has_its_row_in_every_table(whole: Told) -> None:
    assert whole.code == 0
    assert "Traceback" not in whole.err
    for label in NETWORKS:
        # Two views, each pooled and by set, and the times.
        assert len(re.findall(rf"^\| {label} \| ai-edge-litert ", whole.out, re.MULTILINE)) == 5
    assert "4 genuine and 8 impostor pairs of 4 fingers" in whole.out


def test_what_is_not_installed_is_said_or_measured(whole: Told) -> None:
    told = {
        name: (f"{name} is left out: " in whole.out, f"| {row} |" in whole.out)
        for name, row in (("mindtct (nbis-py)", "mindtct"), ("tflite-runtime", "tflite-runtime"))
    }

    assert all(left_out != measured for left_out, measured in told.values())


def test_the_report_for_programs_has_every_figure(whole: Told, out: Path) -> None:
    report = json.loads((out / "report.json").read_bytes())

    assert whole.code == 0
    assert [result["label"] for result in networks(report)] == NETWORKS
    assert (report["genuine"], report["impostor"], report["fingers"]) == (4, 8, 4)
    for result in report["results"]:
        assert len(result["wall_ms"]) == 2
        assert result["least_processor_ms"] > 0
        assert 0 < result["median_ms"] <= max(result["wall_ms"])
        assert 1 < result["memory_mib"] < 2000
        for view in ("full", "r503"):
            found = result["accuracy"][view]
            assert sorted(found["by_set"]) == ["A", "B", "all"]
            assert found["unusable"] == 0
    leader = report["results"][0]
    assert leader["of_leader"] == 1
    assert leader["accuracy"]["full"]["by_set"]["all"]["eer"] == 0
    assert leader["accuracy"]["full"]["rank_1"] == {"A": 1, "B": 1, "all": 1}


def test_an_extractor_is_faster_than_leader_or_slower_by_its_own_times(
    whole: Told, out: Path
) -> None:
    results = json.loads((out / "report.json").read_bytes())["results"]

    assert whole.code == 0
    for result in results:
        assert result["of_leader"] == pytest.approx(
            result["median_ms"] / results[0]["median_ms"], rel=1e-6
        )


def test_the_scores_lie_there_as_the_fvc_scorer_takes_them(whole: Told, out: Path) -> None:
    beside = Path(__file__).resolve().parents[3] / "shared"
    scorer = Path(os.environ.get("GREENLINE_SHARED", beside)) / "tools" / "fvc_eval.py"
    if not scorer.is_file():
        pytest.skip("the shared scorer is not here (set GREENLINE_SHARED)")
    assert whole.code == 0
    tables = sorted(out.glob("r503/greenline-1*/*.tsv"))
    assert [table.name for table in tables] == ["identification.tsv", "verification.tsv"] * 2

    for found, asked in zip(tables[::2], tables[1::2], strict=True):
        done = subprocess.run(
            [sys.executable, str(scorer), str(asked), str(found)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert [line.split()[:3] for line in done.stdout.splitlines()[1:]] == [
            ["A", "2", "4"],
            ["B", "2", "4"],
            ["all", "4", "8"],
        ]


def test_the_det_curves_are_a_picture(whole: Told, out: Path) -> None:
    picture = ElementTree.fromstring((out / "det.svg").read_text())  # noqa: S314  # our own
    titles = [title.text or "" for title in picture.iter("{http://www.w3.org/2000/svg}title")]

    assert whole.code == 0
    for label in NETWORKS:
        assert sum(title.startswith(f"{label} (") for title in titles) == 2  # a view each


def test_a_second_run_keeps_the_scores_and_says_the_same(
    whole: Told, two_sets: Path, out: Path
) -> None:
    before = {table: table.stat().st_mtime_ns for table in out.rglob("*.tsv")}
    shutil.rmtree(next(out.glob("full/greenline-1*mirror*")))  # as if it had been interrupted
    damaged = next(out.glob("r503/leader-1*")) / "made.json"
    damaged.write_text("{")

    again = bench(two_sets, out)

    after = {table: table.stat().st_mtime_ns for table in out.rglob("*.tsv")}
    made = {str(table.parent.relative_to(out)) for table in before if before[table] != after[table]}
    assert again.code == 0
    assert {name.partition("_")[0] for name in made} == {"full/greenline-1", "r503/leader-1"}
    assert len(made) == 2
    assert again.err.count(": scores of an earlier run\n") == len(before) // 2 - 2
    accuracy = re.compile(r"### Accuracy.*(?=### Time)", re.DOTALL)
    assert accuracy.findall(again.out) == accuracy.findall(whole.out)


def test_a_picture_that_cannot_be_used_scores_lowest_and_is_counted(
    two_sets: Path, bad_files: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "sets"
    shutil.copytree(two_sets / "A", folder / "A")
    shutil.copy(bad_files / "truncated.png", folder / "A" / "1_2.png")
    shutil.copy(bad_files / "white.png", folder / "A" / "2_2.png")

    told = bench(folder, tmp_path / "out", "--model", "greenline-1", "--view", "full")

    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    leader = report["results"][0]["accuracy"]["full"]
    assert told.code == 0
    assert "mindtct" not in told.out
    assert leader["unusable"] == 2
    assert leader["rank_1"]["all"] == 0
    reasons = next(tmp_path.glob("out/full/leader-1*/unusable.txt")).read_text()
    assert "A/1_2: scores lowest against everything (1_2.png cannot be read" in reasons
    assert "A/2_2: scores lowest against everything (no minutiae)\n" in reasons


def test_scores_that_somebody_changed_are_refused(
    whole: Told, two_sets: Path, out: Path, tmp_path: Path
) -> None:
    assert whole.code == 0
    shutil.copytree(out, tmp_path / "out")
    table = next(tmp_path.glob("out/full/leader-1*")) / "verification.tsv"
    table.write_text("\n".join(table.read_text().splitlines()[1:]))

    told = bench(two_sets, tmp_path / "out", "--model", "leader-1", "--view", "full")

    assert told.code == 3
    assert told.sentence == f"{table} is not of these pictures: remove its folder"


def python_that(tmp_path: Path, does: str) -> str:
    """A program in the place of another Python."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("does", "words"),
    [
        ("echo 'No module named greenline' >&2; exit 1", "was lost: No module named greenline"),
        ("exit 7", "was lost: exit code 7"),
        ("head -c 1000000 /dev/zero", "was lost: "),
    ],
)
def test_a_python_without_greenline_is_told(
    greenline: Greenline, two_sets: Path, tmp_path: Path, does: str, words: str
) -> None:
    python = python_that(tmp_path, does)

    told = greenline(
        "bench", "models", two_sets, "--out", tmp_path / "out", "--runtime-python", python
    )

    assert told.code == 3
    assert told.sentence.startswith(f"an extractor's process of {python} ")
    assert words in told.sentence


def test_a_python_that_is_not_there_is_told(
    greenline: Greenline, two_sets: Path, tmp_path: Path
) -> None:
    told = greenline(
        "bench", "models", two_sets, "--out", tmp_path / "out", "--runtime-python", "no-python"
    )

    assert (told.code, told.sentence) == (
        3,
        "no-python cannot be started: No such file or directory",
    )


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--dpi", "A"], 2, "--dpi 'A': write it like DB2_B=569"),
        (["--model", "other"], 2, "--model other: there are greenline-1, leader-1, mindtct"),
    ],
)
def test_wrong_options_are_refused(
    greenline: Greenline,
    two_sets: Path,
    tmp_path: Path,
    options: list[str],
    code: int,
    words: str,
) -> None:
    told = greenline("bench", "models", two_sets, "--out", tmp_path / "out", *options)

    assert (told.code, told.sentence) == (code, words)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["A/1_1.png"], "there is no pair of pictures to compare"),
        (["A/1_1.png", "A/1_2.png"], "A needs two fingers at least, one with two pictures"),
        (["A/1_1.png", "A/2_1.png"], "A needs two fingers at least, one with two pictures"),
        (
            ["A/1_2.png", "A/1_3.png", "A/2_2.png"],
            "has no impression 1 to search the others with",
        ),
    ],
)
def test_too_few_prints_are_refused_before_anything_is_measured(
    greenline: Greenline, a_print: Path, tmp_path: Path, names: list[str], words: str
) -> None:
    (tmp_path / "sets" / "A").mkdir(parents=True)
    for name in names:
        shutil.copy(a_print, tmp_path / "sets" / name)

    told = greenline("bench", "models", tmp_path / "sets", "--out", tmp_path / "out")

    assert told.code == 3
    assert words in told.sentence
    assert not (tmp_path / "out").exists()
