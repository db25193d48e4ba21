"""No verdict stands anywhere that a person reads, and no path of somebody's machine anywhere."""

import re
import subprocess
from pathlib import Path

from greenline.protocol.wording import FORBIDDEN

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("cli", "firmware", "drivers", "matcher", "centre", "link", "models", "protocol")
THE_LIST_ITSELF = "FORBIDDEN = "


def tracked(*folders: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name]


def text_files(*folders: str) -> list[tuple[Path, str]]:
    found = []
    for path in tracked(*folders):
        if path.suffix in {".py", ".html", ".js", ".css", ".md", ".toml", ".json", ""}:
            found.append((path, path.read_text(encoding="utf-8")))
    return found


def test_no_verdict_is_in_any_word_that_could_be_shown() -> None:
    verdict = re.compile("|".join(FORBIDDEN), re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path, text in text_files(*SHOWN)
        for line in text.splitlines()
        if verdict.search(line) and not line.startswith(THE_LIST_ITSELF)
    ]
    assert found == []


def test_no_path_of_a_machine_is_in_any_file() -> None:
    home = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/\w")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path, text in text_files()
        for line in text.splitlines()
        if home.search(line)
    ]
    assert found == []
