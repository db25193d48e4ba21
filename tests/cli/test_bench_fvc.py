"""A small part of FVC2002 through the whole bench: far above chance, or something is broken.

The full protocol takes minutes and is run by hand; docs/measurements.md has its figures.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("GREENLINE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
PRINTS, SCORER = SHARED / "data" / "fvc2002", SHARED / "tools" / "fvc_eval.py"
SETS, FINGERS, IMPRESSIONS = ("DB1_B", "DB3_B"), 4, 3


@pytest.mark.skipif(not PRINTS.is_dir(), reason="FVC2002 is not beside the repository")
@pytest.mark.skipif(not SCORER.is_file(), reason="the scorer is not beside the repository")
def test_a_part_of_fvc2002_is_within_the_bounds_of_the_whole(tmp_path: Path) -> None:
    for name in SETS:
        (tmp_path / "prints" / name).mkdir(parents=True)
        for finger in range(101, 101 + FINGERS):
            for impression in range(1, 1 + IMPRESSIONS):
                file = f"{name}/{finger}_{impression}.png"
                (tmp_path / "prints" / file).symlink_to(PRINTS / file)

    command = [sys.executable, "-m", "greenline.cli", "bench", "accuracy"]
    subprocess.run(
        [*command, str(tmp_path / "prints"), "--out", str(tmp_path)], check=True, timeout=300
    )
    tables = [str(tmp_path / f"{name}.tsv") for name in ("verification", "identification")]
    scored = subprocess.run(
        [sys.executable, str(SCORER), *tables], check=True, capture_output=True, text=True
    ).stdout

    found = re.search(r"^all +(\d+) +(\d+) +([\d.]+) .* ([\d.]+)$", scored, re.MULTILINE)
    assert found is not None
    genuine, impostor, eer, rank_1 = (float(figure) for figure in found.groups())
    assert (genuine, impostor) == (24, 108)
    assert eer <= 6
    assert rank_1 >= 95
