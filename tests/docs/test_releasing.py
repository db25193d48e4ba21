"""docs/releasing.md is run, command by command, as signers and the release office would type it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "releasing.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
PASSPHRASE = "correct horse battery"  # noqa: S105  # of keys that last a second
TYPED = {
    "key": f"{PASSPHRASE}\n{PASSPHRASE}\n",
    "sign": f"yes\n{PASSPHRASE}\n",
}


def commands() -> list[list[str]]:
    text = DOCUMENT.read_text()
    return [shlex.split(line) for block in BLOCK.findall(text) for line in block.splitlines()]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    typed = ""
    if words[0] == "greenline":
        typed = TYPED.get(words[2], "")
        words = [sys.executable, "-m", "greenline.cli", *words[1:]]
    return subprocess.run(words, input=typed, capture_output=True, text=True, check=False)


def test_every_command_of_the_handbook_works_in_its_order(tmp_path: Path) -> None:
    tree = tmp_path / "srv" / "greenline-release" / "tree"
    tree.mkdir(parents=True)
    (tree / "version").write_text("1.0.0\n")
    (tree.parent / "kiosk.toml").write_text("x = 1\n")
    for name in ("ada", "bob", "cem", "dan", "stick"):
        (tmp_path / "media" / name).mkdir(parents=True)
    failed, said = [], ""
    for words in commands():
        placed = [re.sub(r"(?<![^,])/(srv|media)/", rf"{tmp_path}/\1/", word) for word in words]
        ended = run(placed)
        said += ended.stdout
        if ended.returncode:
            failed.append((words, ended.stdout, ended.stderr))

    assert failed == []
    assert "Published: root 1, targets 1." in said
    assert "Published: targets 2." in said
    assert "Published: targets 3." in said
    assert "Published: root 2, targets 4." in said
    assert "no longer for targets: cem-targets (" in said
