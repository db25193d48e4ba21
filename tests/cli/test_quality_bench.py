"""`greenline bench quality` on a few synthetic prints, whole."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from greenline.models.quality_network import MODEL
from tests.cli.conftest import FINGERS, IMPRESSIONS, SET, Told


def run(prints: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, as its worker processes want."""
    return subprocess.run(
        [sys.executable, "-m", "greenline.cli", "bench", "quality", str(prints),
         "--out", str(out), "--processes", "1", *more],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


@pytest.fixture(scope="module")
def nfiq2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    table = tmp_path_factory.mktemp("nfiq2") / "nfiq2.csv"
    rows = [
        f"{SET}/{finger}_{which}.png,{10 * finger + which}"
        for finger in range(1, FINGERS + 1)
        for which in range(1, IMPRESSIONS + 1)
    ]
    table.write_text("\n".join(["image,nfiq2", *rows]))
    return table


def test_it_reports_every_view_and_goes_on_from_what_lies_there(
    prints: Path, nfiq2: Path, tmp_path: Path
) -> None:
    done = run(prints, tmp_path, "--nfiq2", str(nfiq2))

    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"| {MODEL} |") == 4 + 1
    assert done.stdout.strip() == (tmp_path / "quality.md").read_text("utf-8").strip()
    assert (tmp_path / "discard.svg").read_text("utf-8").count("<title>") == 16 * 4
    cut = sorted((tmp_path / "r503" / SET).iterdir())
    assert len(cut) == FINGERS * IMPRESSIONS
    with Image.open(cut[0]) as picture:
        assert max(picture.size) <= 192

    made = (tmp_path / "r503-leader-1.tsv").stat().st_mtime_ns
    assert run(prints, tmp_path, "--nfiq2", str(nfiq2)).stdout == done.stdout
    assert (tmp_path / "r503-leader-1.tsv").stat().st_mtime_ns == made


def test_a_wrong_table_for_the_second_view_is_told_before_the_work_begins(
    greenline: Callable[..., Told], prints: Path, nfiq2: Path, tmp_path: Path
) -> None:
    out, missing = tmp_path / "out", tmp_path / "none.csv"
    tables = ("--nfiq2", nfiq2, "--nfiq2-r503", missing)
    told = greenline("bench", "quality", prints, "--out", out, *tables)

    assert (told.code, told.sentence) == (3, f"{missing} cannot be read: No such file or directory")
    assert not out.exists()


def test_the_help_says_that_out_holds_pieces_of_the_prints(greenline: Callable[..., Told]) -> None:
    told = greenline("bench", "quality", "--help")

    assert "pieces of the prints" in " ".join(told.out.replace("│", " ").split())
