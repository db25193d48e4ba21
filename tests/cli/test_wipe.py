"""`greenline wipe`: a kiosk that was in use, running or not, is unreadable and says so."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.site import Site
from tests.cli.conftest import Told
from tests.cli.processes import Start

Greenline = Callable[..., Told]
WIPE_PIN = 13
HELD = """
import sys, threading, time
from pathlib import Path
from greenline.cli.kiosk import run_kiosk
from greenline.drivers.gpio import PinsOnDemand, open_pins
pins = PinsOnDemand(lambda: open_pins("mock"))

def hold():
    config = Path(sys.argv[1])
    while not config.with_name("uplink.sock").exists():
        time.sleep(0.05)
    time.sleep(0.5)  # the key is seen up first
    pins.pins().pin(int(sys.argv[2])).drive_low()

threading.Thread(target=hold, daemon=True).start()
run_kiosk(Path(sys.argv[1]), pins)
"""
WIPED = "This kiosk has been wiped; enrol it again"


@pytest.fixture
def config(site: Site) -> Path:
    return site.folder / "kiosk.toml"


def left(folder: Path) -> set[str]:
    """What is left of the kiosk's own files."""
    names = {"device.key", "kiosk-01.signing.pem", "kiosk-01.opening.key"}
    own = {path.name for path in folder.glob("kiosk.store*")}
    return own | {name for name in names if (folder / name).exists()}


def audited(folder: Path) -> str:
    return " ".join(path.read_bytes().decode("latin-1") for path in folder.glob("audit/*"))


def test_a_kiosk_that_runs_ends_and_does_not_start_again(
    greenline: Greenline, site: Site, start_process: Start, config: Path
) -> None:
    kiosk = start_process("kiosk")

    begun = time.monotonic()
    told = greenline("wipe", "--config", config, "--yes")
    took_s = time.monotonic() - begun

    assert told.code == 0, told.err
    assert "nothing on this kiosk can be read any more" in told.out
    assert not kiosk.running
    assert kiosk.stop() == 0
    assert took_s < 10  # the kiosk's own end; the keys were gone before it
    assert left(site.folder) == {"kiosk.store-wiped"}
    assert "wipe" in audited(site.folder)
    again = greenline("kiosk", "--config", config)
    assert (again.code, again.sentence) == (4, WIPED)


def test_a_kiosk_that_does_not_run_is_wiped_too_and_the_log_says_so(
    greenline: Greenline, site: Site, config: Path
) -> None:
    site.start("kiosk").stop()
    before = audited(site.folder)
    assert "greenline wipe" not in before

    told = greenline("wipe", "--config", config, "--yes")

    assert (told.code, left(site.folder)) == (0, {"kiosk.store-wiped"})
    assert "greenline wipe" in audited(site.folder)
    assert greenline("wipe", "--config", config, "--yes").code == 0
    assert greenline("kiosk", "--config", config).sentence == WIPED


def test_holding_the_wipe_key_wipes_a_kiosk_that_runs(
    greenline: Greenline, site: Site, config: Path
) -> None:
    text = config.read_text()
    config.write_text(f"{text}\n[panel.keys]\nok = 6\nleft = 5\nwipe = {WIPE_PIN}\n")

    ended = subprocess.run(
        [sys.executable, "-c", HELD, str(config), str(WIPE_PIN)],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr
    assert left(site.folder) == {"kiosk.store-wiped"}
    assert "wipe key" in audited(site.folder)
    assert "thread ended" not in ended.stderr
    assert greenline("kiosk", "--config", config).sentence == WIPED


def test_a_wipe_that_the_power_cut_short_is_ended_at_the_next_start(
    greenline: Greenline, site: Site, config: Path
) -> None:
    site.start("kiosk").stop()
    (site.folder / "device.key").unlink()
    (site.folder / "kiosk.store-wiped").touch()
    assert len(left(site.folder)) > 2

    assert greenline("kiosk", "--config", config).sentence == WIPED

    assert left(site.folder) == {"kiosk.store-wiped"}


def test_a_kiosk_that_never_ran_is_wiped(greenline: Greenline, site: Site, config: Path) -> None:
    assert greenline("wipe", "--config", config, "--yes").code == 0
    assert greenline("kiosk", "--config", config).sentence == WIPED


def test_without_a_yes_nothing_is_wiped(
    greenline: Greenline, site: Site, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.start("kiosk").stop()
    before = left(site.folder)

    with contextlib.closing((site.folder / "answers").open("w+")) as answers:
        answers.write("n\n")
        answers.seek(0)
        monkeypatch.setattr("sys.stdin", answers)
        told = greenline("wipe", "--config", config)

    assert told.code == 1
    assert "nothing was wiped" in told.err
    assert left(site.folder) == before


def test_what_cannot_be_destroyed_is_named(greenline: Greenline, site: Site, config: Path) -> None:
    site.start("kiosk").stop()
    key = site.folder / "uplink.key"
    key.unlink()
    key.mkdir()  # what nobody can overwrite, not even root

    told = greenline("wipe", "--config", config, "--yes")

    assert told.code == 5
    assert "not all of it was wiped" in told.sentence
    assert "uplink.key" in told.sentence
    assert left(site.folder) == {"kiosk.store-wiped"}


def test_a_wipe_key_that_could_destroy_nothing_is_refused(
    greenline: Greenline, site: Site, config: Path
) -> None:
    away = site.folder / "nowhere" / "signing.pem"  # whose folder nobody may write in
    text = config.read_text().replace(str(site.folder / "kiosk-01.signing.pem"), str(away))
    config.write_text(text)
    assert "panel.keys.wipe" not in greenline("kiosk", "--config", config).sentence
    config.write_text(f"{text}\n[panel.keys]\nok = 6\nleft = 5\nwipe = {WIPE_PIN}\n")

    told = greenline("kiosk", "--config", config)

    assert told.code == 4
    assert told.sentence.startswith("panel.keys.wipe: the kiosk's account may not write in ")


def test_a_missing_configuration_is_told(greenline: Greenline, tmp_path: Path) -> None:
    told = greenline("wipe", "--config", tmp_path / "none.toml", "--yes")

    assert told.code == 4
    assert "none.toml cannot be read" in told.sentence
