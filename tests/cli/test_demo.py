"""`greenline demo`: it deletes nothing of anybody else, and leaves no process behind."""

import contextlib
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenline.cli.demo_folder import claimed, synthetic_prints
from greenline.cli.errors import CommandError
from greenline.cli.site import SiteOptions, build_site
from tests.cli.conftest import SET, Told
from tests.cli.processes import children_of, kill_started_for, running, started_for

Greenline = Callable[..., Told]
MARK = ".greenline-demo"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("before", ["missing", "empty"])
def test_a_new_folder_becomes_the_demos(tmp_path: Path, before: str) -> None:
    folder = tmp_path / "some" / "where"
    if before == "empty":
        folder.mkdir(parents=True)

    with claimed(folder) as own:
        assert own == folder
        assert contents(folder) == {MARK: b""}


def test_the_demos_own_folder_is_emptied(tmp_path: Path) -> None:
    with claimed(tmp_path / "demo") as own:
        build_site(own, SiteOptions())
        (own / "audit").mkdir()
        for name in (
            "gallery.db", "kiosk.store-wal", "kiosk.store-keys", "logs/kiosk.log", "shelf.toml",
            "audit.db", "audit/00000001.log", "audit/memory",
        ):  # fmt: skip
            (own / name).touch()
        (own / "sensor").symlink_to("/dev/null")

    with claimed(tmp_path / "demo") as own:
        assert contents(own) == {MARK: b""}
        assert not (own / "sensor").is_symlink()


def refusal(folder: Path) -> str:
    with pytest.raises(CommandError) as refused, claimed(folder):
        pass
    assert refused.value.exit_code == 2
    return str(refused.value)


@pytest.mark.parametrize("name", ["notes.txt", "kiosk.toml", "deep/down/photo.png", ".hidden"])
def test_a_folder_that_is_not_the_demos_is_refused_and_left_as_it_is(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("somebody's")

    assert f"{tmp_path} is not a folder of this demo" in refusal(tmp_path)
    assert contents(tmp_path) == {name: b"somebody's"}


@pytest.mark.parametrize(
    "name", ["notes.txt", "logs/notes.txt", "kiosks/other.json", "my-gallery.db", "deep/ca.pem"]
)
def test_a_foreign_file_in_the_demos_folder_stops_it_and_nothing_is_deleted(
    tmp_path: Path, name: str
) -> None:
    with claimed(tmp_path / "demo") as own:
        build_site(own, SiteOptions())
    (own / name).parent.mkdir(exist_ok=True)
    (own / name).write_text("somebody's")
    before = contents(own)

    assert repr(name) in refusal(own) or repr(name.partition("/")[0]) in refusal(own)
    assert contents(own) == before


def test_a_link_to_somebodys_folder_is_not_followed(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "ca.pem").write_text("somebody's")
    (tmp_path / "demo").symlink_to(theirs)

    refusal(tmp_path / "demo")
    with claimed(tmp_path / "mine") as own:
        (own / "logs").symlink_to(theirs)
    with claimed(own):
        assert not (own / "logs").exists()

    assert contents(theirs) == {"ca.pem": b"somebody's"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("somebody's")

    assert refusal(tmp_path / "demo") == f"{tmp_path}/demo cannot be used: File exists"


def test_a_second_demo_in_the_same_folder_is_refused_and_harms_the_first_in_nothing(
    tmp_path: Path,
) -> None:
    with claimed(tmp_path / "demo") as own:
        build_site(own, SiteOptions())
        before = contents(own)

        assert refusal(own).startswith(f"a demo is running in {own}: end it first")
        assert contents(own) == before


def test_prints_that_are_there_are_used_and_never_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "demo-prints"
    folder.mkdir()
    names = {f"{finger}_{which}.png" for finger in range(1, 13) for which in range(1, 5)}
    for name in names | {"mine.png"}:
        (folder / name).write_text(name)
    before = contents(folder)

    assert synthetic_prints(folder) == folder
    assert contents(folder) == before


def test_somebodys_pictures_in_place_of_the_synthetic_prints_are_left_alone(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "demo-prints"
    folder.mkdir()
    (folder / "1_1.png").write_text("somebody's finger")

    with pytest.raises(CommandError, match="remove it, name another --folder, or give --prints"):
        synthetic_prints(folder)
    assert contents(tmp_path) == {"demo-prints/1_1.png": b"somebody's finger"}


def test_the_command_refuses_a_foreign_folder_before_it_starts_anything(
    greenline: Greenline, tmp_path: Path, prints: Path
) -> None:
    (tmp_path / "notes.txt").write_text("somebody's")

    told = greenline("demo", "--once", "--folder", tmp_path, "--prints", prints)

    assert (told.code, told.out) == (2, "")
    assert "is not a folder of this demo (it holds 'notes.txt')" in told.sentence
    assert contents(tmp_path) == {"notes.txt": b"somebody's"}


@pytest.fixture
def demo(prints: Path, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A demo in a process of its own, which ends with all its processes whatever is found."""
    with subprocess.Popen(
        [sys.executable, "-m", "greenline.cli", "demo", "--folder", str(tmp_path / "demo"),
         "--prints", str(prints / SET), "--kiosk-port", "0", "--simulator-port", "0",
         "--no-paced"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as demo:  # fmt: skip
        yield demo
        demo.kill()  # first: it starts nothing any more
        kill_started_for(tmp_path)


def read_until(demo: "subprocess.Popen[str]", wanted: str) -> str:
    """Return what the demo says up to and with a line; all it says when there is none."""
    assert demo.stdout is not None
    said = []
    for line in demo.stdout:
        said.append(line)
        if wanted in line:
            break
    return "".join(said)


def test_ctrl_c_ends_the_demo_with_every_process_it_started(
    demo: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    said = read_until(demo, "Ctrl-C ends everything")
    started = children_of(demo.pid)
    urls = re.findall(r"http://127\.0\.0\.1:\d+/", said)
    assert (len(started), len(urls)) == (5, 2), said
    for url in urls:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # loopback, http
            assert answer.status == 200

    demo.send_signal(signal.SIGINT)
    rest = read_until(demo, "never said")
    status = demo.wait(60)

    assert (status, rest) == (0, "Ending.\n")
    assert [pid for pid in started if running(pid)] == []
    assert started_for(tmp_path) == set()
    left = {path.name for path in (tmp_path / "demo").iterdir()}
    assert not {"sensor", "uplink.sock"} & left


def test_a_termination_while_the_demo_starts_leaves_no_process_either(
    demo: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """The broker's log is there as soon as the first process is."""
    log = tmp_path / "demo" / "logs" / "broker.log"
    while not log.exists() and demo.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            demo.wait(0.02)
    assert children_of(demo.pid)
    demo.send_signal(signal.SIGTERM)
    read_until(demo, "never said")
    status = demo.wait(60)

    assert status == 130
    assert started_for(tmp_path) == set()
