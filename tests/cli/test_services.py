"""`greenline kiosk`, `uplink`, `matcher`, `simulate`: a wrong configuration is told, not endured.

Nothing of this reaches a sensor or a broker: each process ends before, with a sentence and a code.
"""

import contextlib
import shutil
import socket
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli.site import Site
from greenline.matcher.gallery import Gallery
from greenline.matcher.ledger import Ledger
from tests.cli.conftest import SET, Told
from tests.firmware.stores import open_store

Greenline = Callable[..., Told]
Harm = Callable[[Path], None]
"""Spoils a file of a site."""


def append(text: str) -> Harm:
    return lambda path: path.write_text(path.read_text() + text) and None


def prepend(text: str) -> Harm:
    return lambda path: path.write_text(text + path.read_text()) and None


def put(old: str, new: str) -> Harm:
    def harm(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return harm


def in_panel(line: str) -> Harm:
    return put("[panel]\n", f"[panel]\n{line}\n")


def both(*harms: Harm) -> Harm:
    def harm(path: Path) -> None:
        for each in harms:
            each(path)

    return harm


def overwrite(data: bytes) -> Harm:
    return lambda path: path.write_bytes(data) and None


def share(path: Path) -> None:
    path.chmod(0o640)


def remove(path: Path) -> None:
    path.unlink()


def copy_as(name: str) -> Harm:
    return lambda path: shutil.copy(path, path.with_name(name)) and None


WRONG = {
    "unknown key": ("{}.toml", prepend("volume = 3\n"), 4, "unknown field `volume`"),
    "not TOML": ("{}.toml", append("\nthis is no TOML"), 4, "{}.toml: "),
    "not UTF-8": ("{}.toml", overwrite(b"\xff\xfe"), 4, "is not a configuration in UTF-8"),
    "too deep": ("{}.toml", overwrite(b"a=" + b"[" * 5000), 4, "is not a configuration"),
    "no configuration": ("{}.toml", remove, 4, "{}.toml cannot be read: No such file"),
}
KIOSK = {
    "unknown key in a table": (
        "kiosk.toml", in_panel("noise = 1"), 4, "unknown field `noise` - at `$.panel`",
    ),
    "value out of range": (
        "kiosk.toml", put("attempts = 3", "attempts = 0"), 4, "`$.attempts`",
    ),
    "not a finite number": (
        "kiosk.toml", put("resend_first_s = 1.0", "resend_first_s = inf"), 4,
        "resend_first_s must be a finite number",
    ),
    "sensor that cannot be meant": (
        "kiosk.toml", put('sensor = "serial:', 'sensor = "cereal:'), 4,
        "kiosk.toml: sensor: no sensor at 'cereal:",
    ),
    "camera that cannot be meant": (
        "kiosk.toml", in_panel('camera = "/dev/video0"'), 4,
        "panel.camera: no camera at '/dev/video0': an address begins with",
    ),
    "one pin for two devices": (
        "kiosk.toml", both(in_panel("buzzer = 6"), append("\n[panel.keys]\nok = 6\nleft = 5\n")), 4,
        "panel: the pin GPIO6 is named for two devices",
    ),
    "a network that does not exist": (
        "kiosk.toml", put('model = "greenline-1"', 'model = "leader-9"'), 4,
        "model: there is no 'leader-9', but leader-1, greenline-1",
    ),
    "a judge that does not exist": (
        "kiosk.toml", put('quality = "auto"', 'quality = "nfiq-2"'), 4,
        "quality: there is no 'nfiq-2', but auto, greenline-utility-1, greenline-gradient-1",
    ),
    "a mode that the network has not": (
        "kiosk.toml",
        both(
            put("accurate = false", "accurate = true"),
            put('model = "greenline-1"', 'model = "leader-1"'),
        ),
        4, "accurate: the model leader-1 has no such mode",
    ),
    "a pin that no board has": ("kiosk.toml", in_panel("buzzer = 28"), 4, "`$.panel.buzzer`"),
    "bad name": ("kiosk.toml", put('name = "kiosk-01"', 'name = "Kiosk 1/#"'), 4, "is not a name"),
    "no signing key": (
        "kiosk-01.signing.pem", remove, 4, "kiosk-01.signing.pem cannot be read: No such file",
    ),
    "signing key for all": (
        "kiosk-01.signing.pem", share, 4, "can be read by others: run 'chmod 600 ",
    ),
    "opening key for all": ("kiosk-01.opening.key", share, 4, "can be read by others"),
    "damaged signing key": (
        "kiosk-01.signing.pem", overwrite(b"?"), 4, "kiosk-01.signing.pem: this is not a private",
    ),
    "damaged opening key": (
        "kiosk-01.opening.key", overwrite(b"?"), 4, "kiosk-01.opening.key: a private sealing key",
    ),
    "damaged identity": (
        "matcher-01.json", overwrite(b"{}"), 4, "matcher-01.json: this is not an identity file",
    ),
}  # fmt: skip
UPLINK = {
    "bad name": ("uplink.toml", put('"kiosk-01"', '"+"'), 4, "is not a name"),
    "no certificate": (
        "uplink.pem", remove, 7, "uplink.pem is missing: enrol this device or correct the path",
    ),
    "no key": ("uplink.key", remove, 7, "uplink.key is missing"),
    "no authority": ("ca.pem", remove, 7, "ca.pem is missing"),
    "damaged certificate": ("uplink.pem", overwrite(b"?"), 7, "enrol this device again"),
    "key for all": ("uplink.key", share, 4, "the link key"),
}  # fmt: skip
MATCHER = {
    "threshold is no number": (
        "matcher.toml", put("threshold = 4.0", "threshold = nan"), 4, "threshold",
    ),
    "no gallery key": ("gallery.key", remove, 4, "gallery.key cannot be read"),
    "short gallery key": ("gallery.key", overwrite(b"?"), 4, "a gallery key has 32 bytes"),
    "gallery key for all": ("gallery.key", share, 4, "the gallery key"),
    "signing key for all": ("matcher-01.signing.pem", share, 4, "the signing key"),
    "link key for all": ("matcher-link.key", share, 4, "the link key"),
    "no certificate": ("matcher-link.pem", remove, 7, "matcher-link.pem is missing"),
    "two of one name": (
        "kiosks/kiosk-01.json", copy_as("copy.json"), 4, "have the same name: remove one",
    ),
    "damaged kiosk identity": ("kiosks/kiosk-01.json", overwrite(b"{"), 4, "kiosk-01.json: "),
}  # fmt: skip
OF = {"kiosk": KIOSK, "uplink": UPLINK, "matcher": MATCHER}
CASES = [(process, case) for process, own in OF.items() for case in {**WRONG, **own}]


@pytest.mark.parametrize(("process", "case"), CASES)
def test_a_process_names_what_is_wrong_and_does_not_start(
    greenline: Greenline, site: Site, process: str, case: str
) -> None:
    file, harm, code, words = {**WRONG, **OF[process]}[case]
    harm(site.folder / file.format(process))

    told = greenline(process, "--config", site.folder / f"{process}.toml")

    assert (told.code, told.out) == (code, "")
    assert words.format(process) in told.sentence
    assert '"event": "ready"' not in told.err


def test_a_kiosk_whose_port_is_taken_says_so(greenline: Greenline, site: Site) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        put("page_port = 0", f"page_port = {port}")(site.folder / "kiosk.toml")

        told = greenline("kiosk", "--config", site.folder / "kiosk.toml")

    assert (told.code, told.sentence) == (
        4, f"port {port} cannot be used (Address already in use): stop what uses it or set another",
    )  # fmt: skip


def test_a_kiosk_never_removes_a_file_in_the_place_of_its_socket(
    greenline: Greenline, site: Site
) -> None:
    path = site.folder / "uplink.sock"
    path.write_text("somebody's notes")

    told = greenline("kiosk", "--config", site.folder / "kiosk.toml")

    assert told.code == 4
    assert f"{path} is not a socket" in told.sentence
    assert path.read_text() == "somebody's notes"


def test_a_kiosk_whose_socket_has_no_folder_says_so(greenline: Greenline, site: Site) -> None:
    put("uplink.sock", "nowhere/uplink.sock")(site.folder / "kiosk.toml")

    told = greenline("kiosk", "--config", site.folder / "kiosk.toml")

    assert told.code == 4
    assert "nowhere/uplink.sock cannot be made" in told.sentence


def test_a_store_of_a_newer_version_is_left_as_it_is(greenline: Greenline, site: Site) -> None:
    path = site.folder / "kiosk.store"
    open_store(path).close()
    before = newer(path)

    told = greenline("kiosk", "--config", site.folder / "kiosk.toml")

    assert told.code == 5
    assert f"{path} was written by a newer version of Greenline" in told.sentence
    assert path.read_bytes() == before


def test_a_store_in_use_is_told(greenline: Greenline, site: Site) -> None:
    with contextlib.closing(open_store(site.folder / "kiosk.store")):
        told = greenline("kiosk", "--config", site.folder / "kiosk.toml")

    assert told.code == 5
    assert "is in use by another process: stop the other kiosk first" in told.sentence


def test_a_gallery_of_a_newer_version_is_left_as_it_is(greenline: Greenline, site: Site) -> None:
    path = site.folder / "gallery.db"
    Gallery(path, (site.folder / "gallery.key").read_bytes()).close()

    refuses_newer(greenline, site, path)


def test_a_ledger_of_a_newer_version_is_left_as_it_is(greenline: Greenline, site: Site) -> None:
    path = site.folder / "ledger.db"
    Ledger(path).close()

    refuses_newer(greenline, site, path)


def refuses_newer(greenline: Greenline, site: Site, path: Path) -> None:
    before = newer(path)

    told = greenline("matcher", "--config", site.matcher_config)

    assert told.code == 5
    assert f"{path} was written by a newer version of Greenline" in told.sentence
    assert path.read_bytes() == before


def newer(path: Path) -> bytes:
    """Make a database what a later version would write; return its bytes."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE later (value)")
        db.execute("PRAGMA user_version = 99")
        db.commit()
    return path.read_bytes()


SIMULATE = {
    "no such folder": ({"--prints": "nowhere"}, 3, "the print folder", "does not exist"),
    "no pictures": ({"--prints": "empty"}, 3, "holds no picture", "named <finger>_<impression>"),
    "link in no folder": ({"--link": "nowhere/sensor"}, 6, "the link", "cannot be made"),
    "file in place of the link": ({"--link": "notes"}, 6, "the link", "File exists"),
    "link to a real device": ({"--link": "device"}, 2, "is the link to a real device", "--link"),
    "unknown finger": ({"--shelf": "shelf.toml"}, 4, "shelf.toml: ", "has no finger 'A/9'"),
    "shelf misspelt": ({"--shelf": "wrong.toml"}, 4, "wrong.toml: ", "unknown field `group`"),
}


@pytest.mark.parametrize("case", SIMULATE)
def test_the_simulator_names_what_is_wrong_and_harms_nothing(
    greenline: Greenline, tmp_path: Path, prints: Path, case: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").write_text("somebody's notes")
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "shelf.toml").write_text('hidden = []\n[groups]\nAll = ["A/1", "A/9"]\n')
    (tmp_path / "wrong.toml").write_text("hidden = []\n[group]\n")
    changed, code, *words = SIMULATE[case]
    options = {"--prints": prints, "--link": tmp_path / "sensor", "--port": 0}
    options.update({name: tmp_path / value for name, value in changed.items()})

    told = greenline("simulate", *(part for option in options.items() for part in option))

    assert (told.code, told.out) == (code, "")
    assert all(word in told.sentence for word in words), told.sentence
    assert (tmp_path / "notes").read_text() == "somebody's notes"
    assert (tmp_path / "device").readlink() == Path("/dev/null")


def test_a_simulator_whose_port_is_taken_says_so(
    greenline: Greenline, tmp_path: Path, prints: Path
) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        told = greenline(
            "simulate", "--prints", prints / SET, "--link", tmp_path / "sensor", "--port", port
        )

    assert told.code == 4
    assert told.sentence.startswith(f"port {port} cannot be used (Address already in use)")
    assert list(tmp_path.iterdir()) == []
