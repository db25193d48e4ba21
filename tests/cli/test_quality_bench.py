"""`greenline bench quality` on a few synthetic prints, whole."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from greenline.models.quality_network import MODEL
from tests.cli.conftest import FINGERS, IMPRESSIONS, SET


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


def test_a_table_of_nfiq_2_that_lacks_a_picture_is_refused(prints: Path, tmp_path: Path) -> None:
    table = tmp_path / "nfiq2.csv"
    table.write_text("image,nfiq2\n")
    done = run(prints, tmp_path / "out", "--nfiq2", str(table))

    assert done.returncode == 3
    assert f"lacks {SET}/1_1" in done.stderr
