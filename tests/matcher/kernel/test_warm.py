import os
import subprocess
import sys
from pathlib import Path

from greenline.matcher.kernel.compiled import CACHE_VARIABLE, cache_folder
from greenline.matcher.kernel.warm import compiled_before, warm


def test_all_parts_are_told_in_order() -> None:
    told: list[tuple[str, int, int]] = []
    warm(lambda *each: told.append(each))
    names, done, totals = zip(*told, strict=True)
    assert names == ("descriptors", "votes", "ranking", "comparison", "pairs", "")
    assert done == tuple(range(6))
    assert set(totals) == {5}
    assert compiled_before()


def test_the_folder_follows_the_variable_and_the_sources(tmp_path: Path) -> None:
    code = "from greenline.matcher.kernel.compiled import cache_folder; print(cache_folder())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, CACHE_VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()) == tmp_path / cache_folder().name
