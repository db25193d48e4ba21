"""`greenline review create --group`: examiners work in accounts of their own."""

import contextlib
import grp
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.centre.examinations import Examinations
from greenline.centre.examinations_rows import Question
from greenline.centre.examinations_tables import open_examinations
from greenline.cli.keyfiles import write_secret
from greenline.cli.review_keys import EXAMINATIONS
from tests.cli.conftest import Told

Greenline = Callable[..., Told]
NOBODY = 65_534


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def own_group() -> str:
    return grp.getgrgid(os.getgid()).gr_name


def test_without_a_group_all_is_one_accounts_and_that_is_said(
    greenline: Greenline, tmp_path: Path
) -> None:
    folder = tmp_path / "review"
    told = greenline("review", "create", "--folder", folder)

    assert (told.code, "can read all of its keys" in told.out) == (0, True)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir() if path.suffix != ".json"} == {0o600}


def test_with_a_group_it_may_write_what_is_shared_and_reads_the_logs_key(
    greenline: Greenline, tmp_path: Path
) -> None:
    folder = tmp_path / "review"
    told = greenline("review", "create", "--group", own_group(), "--folder", folder)

    assert (told.code, "--group" in told.out) == (0, False)
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        EXAMINATIONS: 0o660,
        "audit.db": 0o660,
        "review.signing.pem": 0o640,
        "review.opening.key": 0o600,
        "review.json": 0o644,
    }
    assert mode(folder) == 0o2770
    assert greenline("review", "list", "--folder", folder).code == 0

    (folder / "review.signing.pem").chmod(0o644)
    open_to_all = greenline("review", "list", "--folder", folder)
    assert (open_to_all.code, "chmod 640" in open_to_all.err) == (4, True)


def test_without_a_group_a_key_that_one_may_read_is_refused(
    greenline: Greenline, tmp_path: Path
) -> None:
    folder = tmp_path / "review"
    greenline("review", "create", "--folder", folder)
    (folder / "review.signing.pem").chmod(0o640)

    told = greenline("review", "list", "--folder", folder)

    assert (told.code, "chmod 600" in told.err) == (4, True)


def test_a_group_that_is_not_there_makes_nothing(greenline: Greenline, tmp_path: Path) -> None:
    told = greenline("review", "create", "--group", "no-such-group", "--folder", tmp_path / "new")

    assert (told.code, "no group 'no-such-group'" in told.err) == (2, True)
    assert not (tmp_path / "new").exists()


@pytest.fixture
def passable() -> Iterator[Path]:
    """A folder that other accounts may pass through; pytest's own they may not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


_AS_NOBODY = """
import os, sys, typer.rich_utils
from pathlib import Path
from greenline.centre.examinations_errors import ExaminationsError
from greenline.centre.examinations_tables import open_examinations
from greenline.cli.__main__ import main
warm, folder, key, *groups = sys.argv[1:]
def listed(folder):
    try:
        main(["review", "list", "--folder", folder])
    except SystemExit as end:
        return end.code
listed(warm)  # afterwards nothing has to be imported: the account may not read the installation
os.setgroups([int(group) for group in groups])
os.setgid(65534)
os.setuid(65534)
try:
    open(key)
except PermissionError:
    print("the key cannot be read")
try:
    open_examinations(Path(folder) / "examinations.db").close()  # as the matcher does
except ExaminationsError as fault:
    print(fault)
sys.exit(listed(folder))
"""


def as_nobody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """List a review as the account "nobody" in some groups, after one was listed as root."""
    command = [sys.executable, "-c", _AS_NOBODY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def late() -> Question:
    """A question that is over: whoever lists it erases what it says."""
    return Question(b"q" * 16, "kiosk-01", b"recipien", 1_000, 1_001, b"a lead")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can work as other accounts")
def test_another_account_of_the_group_examines_and_reads_no_key_of_the_matchers(
    greenline: Greenline, passable: Path
) -> None:
    group = next(each for each in grp.getgrall() if each.gr_gid not in {0, NOBODY})
    folder, root, matchers = (passable / each for each in ("review", "root", "matcher.pem"))
    greenline("review", "create", "--folder", root)
    made = greenline("review", "create", "--group", group.gr_name, "--folder", folder)
    assert made.code == 0
    write_secret(matchers, b"a key of the matcher's")
    with contextlib.closing(open_examinations(folder / EXAMINATIONS)) as database:
        Examinations(database).add(late(), lambda: None)

    stranger = as_nobody(root, folder, matchers)
    member = as_nobody(root, folder, matchers, group.gr_gid)

    assert stranger.returncode == 2  # said by the option itself: the folder is not readable
    assert "closed to this account: join its group" in stranger.stdout
    assert "expired" not in stranger.stdout
    assert (member.returncode, member.stdout.splitlines()[-1]) == (0, "expired 1"), member.stderr
    assert "the key cannot be read" in member.stdout
    own = greenline("review", "list", "--folder", folder)  # after what the other has written
    assert (own.code, own.out.splitlines()[-1]) == (0, "expired 1")
