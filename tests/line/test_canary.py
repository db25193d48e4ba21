"""No fingerprint in anything that is written: logs, stores, temporary files, crashes, pages.

A whole session of real processes under one folder, which is also their TMPDIR, HOME and working
folder; then every byte that they wrote, printed or served is searched.
"""

import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenline.cli.children import greenline
from greenline.cli.demo_run import begin_case, post
from greenline.cli.site import LIST, MATCHER
from greenline.drivers.urls import open_sensor
from greenline.matcher.kernel.compiled import CACHE_VARIABLE, cache_folder
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.prints.frame import Frame
from greenline.protocol.envelope import Envelope
from greenline.protocol.keys import OpeningKey
from tests.line.canary import Canary, canaries, found_in, found_under
from tests.line.conftest import ENROLLED, UNKNOWN, Checkpoint

EVERYTHING = ("broker", "matcher", "kiosk", "uplink")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where everything goes that a process writes anywhere; a core may be written too."""
    for name in ("tmp", "home"):
        (tmp_path / name).mkdir()
    # Machine code, made once for this machine; in a new home it would be compiled again.
    monkeypatch.setenv(CACHE_VARIABLE, str(cache_folder().parent.resolve()))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield tmp_path
    resource.setrlimit(resource.RLIMIT_CORE, before)


def scanned(checkpoint: Checkpoint, finger: int) -> Frame:
    """Return the picture of a finger exactly as the kiosk will get it."""
    sensor = open_sensor(f"serial:{checkpoint.site.sensor_link}?baud=115200")
    checkpoint.module.press(checkpoint.prints.pressed[finger])
    frame = sensor.scan()
    checkpoint.module.lift()
    sensor.close()
    assert isinstance(frame, Frame)
    return frame


def all_canaries(checkpoint: Checkpoint, extractor: Extractor) -> list[Canary]:
    wanted = []
    for finger in (ENROLLED, UNKNOWN):
        frame = scanned(checkpoint, finger)
        wanted += canaries(f"press of finger {finger}", frame, extractor.extract(frame))
    frame = read_picture(checkpoint.prints.enrolled[ENROLLED])
    return wanted + canaries("enrolled print", frame, extractor.extract(frame))


def command(root: Path, name: str, *arguments: str | Path) -> int:
    """Run one of our commands; what it prints is kept as a file."""
    with (root / f"{name}.printed").open("wb") as printed:
        ended = subprocess.run(
            greenline(*arguments), check=False, stdout=printed, stderr=subprocess.STDOUT
        )
    return ended.returncode


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def session(checkpoint: Checkpoint, root: Path) -> None:
    """Enrol, check, stop, fail, crash, come back, end."""
    site = checkpoint.site
    picture = checkpoint.prints.enrolled[2]
    uplink = site.folder / "uplink.toml"
    uplink.write_text(f"metrics_port = {free_port()}\n{uplink.read_text()}")
    enrolled = command(
        root, "enrol", "enrol", "--config", site.matcher_config, "--list", LIST, picture
    )
    assert enrolled in {0, 2, 3}  # however it ends, it must write nothing
    checkpoint.start(*EVERYTHING)
    for finger in (ENROLLED, UNKNOWN):
        checkpoint.answer(checkpoint.take(finger))
    keep_page(checkpoint, root / "page-1.json")
    keep_metrics(checkpoint, root / "metrics-1.txt")
    begin_case(checkpoint.kiosk)
    post(checkpoint.kiosk, "api/case", {"event": "stop"})
    assert command(root, "second", "--debug", "kiosk", "--config", site.folder / "kiosk.toml") == 5
    (root / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert command(root, "bad", "--debug", "extract", root / "cut.png") != 0
    crash(checkpoint, "kiosk", signal.SIGSEGV)
    crash(checkpoint, "matcher", signal.SIGABRT)
    checkpoint.start("matcher", "kiosk")
    checkpoint.answer(checkpoint.take(ENROLLED))
    keep_page(checkpoint, root / "page-2.json")
    checkpoint.kill("matcher")
    checkpoint.take(ENROLLED)  # left unanswered, for sent_in_clear()
    keep_metrics(checkpoint, root / "metrics-2.txt")
    config = site.folder / "kiosk.toml"
    assert command(root, "queue", "queue", "list", "--json", "--config", config) == 0
    assert command(root, "export", "queue", "export", root / "carry", "--config", config) == 0
    checkpoint.stop_all()


def sent_in_clear(checkpoint: Checkpoint) -> bytes:
    """Return what the kiosk has sealed to the matcher and still keeps, opened."""
    folder = checkpoint.site.folder
    key = OpeningKey.from_bytes((folder / f"{MATCHER}.opening.key").read_bytes())
    with contextlib.closing(sqlite3.connect(folder / "kiosk.store")) as db:
        rows = db.execute("SELECT envelope FROM request").fetchall()
    return b"".join(Envelope.from_bytes(bytes(row[0])).open(key) for row in rows)


def keep_page(checkpoint: Checkpoint, path: Path) -> None:
    path.write_text(json.dumps(checkpoint.state()))


def keep_metrics(checkpoint: Checkpoint, path: Path) -> None:
    """Keep what Prometheus reads of the kiosk and of the uplink."""
    uplink = checkpoint.children["uplink"].wait_for_event("metrics")["url"]
    for url in (f"{checkpoint.kiosk}metrics", str(uplink)):
        with urllib.request.urlopen(url, timeout=30) as answer, path.open("ab") as kept:  # noqa: S310  # http
            kept.write(answer.read())


def crash(checkpoint: Checkpoint, name: str, how: signal.Signals) -> None:
    """Let a process crash as a fault in a library would let it, in the middle of a press."""
    if name == "kiosk":
        begin_case(checkpoint.kiosk)
        checkpoint.module.press(checkpoint.prints.pressed[ENROLLED])
    child = checkpoint.children.pop(name)
    os.kill(child.pid, how)
    assert child.stop() == -how
    checkpoint.module.lift()


def test_the_search_finds_a_canary_in_every_form(
    root: Path, checkpoint: Checkpoint, extractor: Extractor
) -> None:
    wanted = all_canaries(checkpoint, extractor)
    assert len(wanted) > 300
    assert {each.name.partition(": ")[2] for each in wanted} == {
        "record", "column", "picture", "nibbles",
    }  # fmt: skip

    for canary in wanted[:: len(wanted) // 20]:
        for form, written in canary.forms().items():
            (root / "planted").write_bytes(b"some log line " + written + b" and its end")
            found = found_under(root, [canary])
            assert any(each.endswith(f"planted: {canary.name} as {form}") for each in found)
    (root / "planted").unlink()


def test_nothing_that_is_written_holds_a_fingerprint(
    root: Path, checkpoint: Checkpoint, extractor: Extractor
) -> None:
    wanted = all_canaries(checkpoint, extractor)

    session(checkpoint, root)

    written = [path for path in root.rglob("*") if path.is_file()]
    sizes = {path.name: path.stat().st_size for path in written}
    for name in (
        "kiosk.store",
        "gallery.db",
        "kiosk.log",
        "matcher.log",
        "page-1.json",
        "metrics-2.txt",
    ):
        assert sizes[name] > 1_000, name
    assert [path for path in written if path.name.startswith("core")] == []
    assert found_under(root, wanted) == []
    # The canaries are what this kiosk took: they stand in what it sealed.
    in_clear = found_in(sent_in_clear(checkpoint), wanted)
    assert f"press of finger {ENROLLED}: record as raw" in in_clear
    assert list((root / "tmp").iterdir()) == []


def test_a_chance_hit_is_out_of_the_question(checkpoint: Checkpoint, extractor: Extractor) -> None:
    """Noise of the size of a session holds none of them: a hit is a leak."""
    wanted = all_canaries(checkpoint, extractor)

    assert found_in(os.urandom(2**20), wanted) == []
