"""`greenline kiosk enrol` and `renew` on a technician's command line, against a real authority."""

import contextlib
import datetime
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from greenline.centre.authority.enrolment import allow, approve, enrol
from greenline.centre.authority.records import alarms, certificates_of, find_device
from greenline.centre.authority.revocation import Reason, revoke
from greenline.cli.configuration import read_configuration
from greenline.cli.keyfiles import check_link, read_identity
from greenline.cli.own_keys import read_own_keys
from greenline.firmware.config import KioskConfig, UplinkConfig
from greenline.protocol.keys import Identity
from tests.centre.authority.asking import KIOSK, SERIAL, DeviceKeys
from tests.centre.authority.serving import Running, running
from tests.cli.conftest import Told
from tests.firmware import swtpm

Greenline = Callable[..., Told]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "centre") as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kiosk"


def try_enrol(
    greenline: Greenline, served: Running, folder: Path, code: str, *more: str, url: str = ""
) -> Told:
    return greenline(
        "kiosk", "enrol", "--authority", url or served.url, "--serial", SERIAL, "--code", code,
        "--ca", served.roots, "--folder", folder, *more,
    )  # fmt: skip


def code_for(served: Running) -> str:
    return allow(served.authority, SERIAL, KIOSK, served.clock.now)


def test_a_fresh_device_gets_keys_certificate_and_configurations(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    told = try_enrol(greenline, served, folder, code_for(served), "--sensor", "usb:05ba:000a")

    assert (told.code, told.err) == (0, "")
    assert told.out.startswith("kiosk-07 is enrolled until ")
    kiosk = read_configuration(folder / "kiosk.toml", KioskConfig)
    uplink = read_configuration(folder / "uplink.toml", UplinkConfig)
    assert (kiosk.name, kiosk.sensor, uplink.kiosk) == (KIOSK, "usb:05ba:000a", KIOSK)
    assert kiosk.socket == uplink.socket
    assert uplink.authority == served.url
    check_link(uplink.broker)
    own = read_own_keys(kiosk.keys)
    keys = Identity(KIOSK, own.signer.public, own.opener.public)
    device = find_device(served.authority.database, serial=SERIAL)
    assert device is not None
    assert device.identity == keys.to_json()
    assert read_identity(kiosk.keys.matcher) == served.authority.matcher()
    open_to_others = [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077]
    assert sorted(open_to_others) == ["ca.pem", "kiosk.toml", "matcher.json", "uplink.toml"]
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_wrong_code_is_told_and_leaves_no_certificate(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    code_for(served)

    told = try_enrol(greenline, served, folder, "WRONG")

    assert (told.code, told.sentence) == (
        1,
        "the authority refused: this serial and code open nothing here: ask the centre for a code",
    )
    assert [path.name for path in folder.iterdir()] == ["uplink.pem.next-key"]


@pytest.mark.parametrize("odd", ["\udcff", "ABCD-\u00e9", "", "A\nB"])
def test_a_code_or_serial_of_strange_characters_is_refused_before_anything_is_made(
    greenline: Greenline, served: Running, folder: Path, odd: str
) -> None:
    told = try_enrol(greenline, served, folder, odd)
    assert (told.code, "is no code" in told.sentence) == (2, True)

    told = greenline(
        "kiosk", "enrol", "--authority", served.url, "--serial", odd, "--code", "ABCD",
        "--ca", served.roots, "--folder", folder,
    )  # fmt: skip
    assert (told.code, "is no serial" in told.sentence) == (2, True)
    assert not folder.exists()


def test_the_code_may_come_in_a_file_which_no_list_of_processes_shows(
    greenline: Greenline, served: Running, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "code"
    path.write_text(f"{code_for(served)}\n")
    common = (
        "kiosk", "enrol", "--authority", served.url, "--serial", SERIAL, "--ca", served.roots,
        "--folder", folder,
    )  # fmt: skip

    twice = greenline(*common, "--code", "x", "--code-file", path)
    missing = greenline(*common, "--code-file", tmp_path / "none")
    told = greenline(*common, "--code-file", path)

    assert (twice.code, "not both" in twice.sentence) == (2, True)
    assert (missing.code, "cannot be read" in missing.sentence) == (4, True)
    assert (told.code, told.out.startswith("kiosk-07 is enrolled until ")) == (0, True)


def test_an_enrolment_that_was_cut_short_is_ended_by_the_same_command(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    code = code_for(served)
    (folder / "matcher.json.new").mkdir(parents=True)  # so that it fails after registering
    first = try_enrol(greenline, served, folder, code)
    assert (first.code, "matcher.json cannot be written: Is a directory" in first.sentence) == (
        3,
        True,
    )
    (folder / "matcher.json.new").rmdir()

    again = try_enrol(greenline, served, folder, code)

    assert again.code == 0
    assert len(certificates_of(served.authority.database, KIOSK)) == 1
    assert alarms(served.authority.database) == []
    assert not (folder / "uplink.pem.next-key").exists()


def test_a_second_device_with_the_same_code_is_refused(
    greenline: Greenline, served: Running, folder: Path, tmp_path: Path
) -> None:
    code = code_for(served)
    assert try_enrol(greenline, served, folder, code).code == 0

    told = try_enrol(greenline, served, tmp_path / "other", code)

    assert (told.code, "this code was used already" in told.sentence) == (1, True)
    assert len(alarms(served.authority.database)) == 1


def test_an_expired_kiosk_comes_back_with_its_keys_and_its_configuration(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    """Whatever lies in its store can still be sent and opened."""
    served.clock.now -= datetime.timedelta(days=91)
    # Its certificate of then is over by now; the server's own is not what is tested.
    keys = DeviceKeys()
    enrol(served.authority, SERIAL, code_for(served), keys.request(), served.clock.now)
    served.clock.now += datetime.timedelta(days=91)
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    kept = {name: (folder / name).read_bytes() for name in ("signing.pem", "opening.key")}
    changed = (folder / "kiosk.toml").read_text().replace("attempts = 3", "attempts = 5")
    (folder / "kiosk.toml").write_text(changed)
    code = code_for(served)
    approve(served.authority, SERIAL, served.clock.now)

    assert try_enrol(greenline, served, folder, code).code == 0

    assert {name: (folder / name).read_bytes() for name in kept} == kept
    assert (folder / "kiosk.toml").read_text() == changed
    assert alarms(served.authority.database) == []


def test_a_kiosk_that_was_stolen_and_found_gets_new_keys_when_asked_to(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    before = (folder / "signing.pem").read_bytes()
    revoke(served.authority, KIOSK, Reason.STOLEN, served.clock.now)

    assert try_enrol(greenline, served, folder, code_for(served), "--new-keys").code == 0

    assert (folder / "signing.pem").read_bytes() != before
    device = find_device(served.authority.database, serial=SERIAL)
    assert device is not None
    assert device.identity is not None


def test_new_keys_are_made_once_though_the_enrolment_was_cut_short(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    first = (folder / "signing.pem").read_bytes()
    revoke(served.authority, KIOSK, Reason.STOLEN, served.clock.now)
    code = code_for(served)
    (folder / "matcher.json.new").mkdir()  # so that it fails after registering
    assert try_enrol(greenline, served, folder, code, "--new-keys").code == 3
    (folder / "matcher.json.new").rmdir()
    second = (folder / "signing.pem").read_bytes()

    assert try_enrol(greenline, served, folder, code, "--new-keys").code == 0

    assert (folder / "signing.pem").read_bytes() == second != first
    assert alarms(served.authority.database) == []
    assert [path.name for path in folder.glob("uplink.pem.*")] == []
    revoke(served.authority, KIOSK, Reason.STOLEN, served.clock.now)
    assert try_enrol(greenline, served, folder, code_for(served), "--new-keys").code == 0
    assert (folder / "signing.pem").read_bytes() != second, "another enrolment, other keys"


def test_a_folder_of_another_kiosk_is_left_alone(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code = allow(served.authority, "another", "kiosk-08", served.clock.now)

    told = greenline(
        "kiosk", "enrol", "--authority", served.url, "--serial", "another", "--code", code,
        "--ca", served.roots, "--folder", folder,
    )  # fmt: skip

    assert (told.code, "belongs to another kiosk than kiosk-08" in told.sentence) == (4, True)
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("https://127.0.0.1:1", 7, "cannot be reached"),
        ("http://127.0.0.1:1", 4, "is no address of an authority"),
    ],
)
def test_an_authority_that_cannot_be_reached_is_told(
    greenline: Greenline, served: Running, folder: Path, url: str, code: int, words: str
) -> None:
    told = try_enrol(greenline, served, folder, "x", url=url)

    assert (told.code, words in told.sentence) == (code, True)


def test_renewing_does_nothing_before_its_time_and_then_renews(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    early = greenline("kiosk", "renew", "--config", folder / "uplink.toml")
    assert (early.code, early.out.startswith("Nothing to do before ")) == (0, True)

    # The same kiosk as if it had enrolled 40 days ago.
    keys, then = DeviceKeys(), served.clock.now - datetime.timedelta(days=40)
    code = code_for(served)
    approve(served.authority, SERIAL, then)
    old = enrol(served.authority, SERIAL, code, keys.request(), then)
    pem = old.certificate.public_bytes(Encoding.PEM)
    (folder / "uplink.pem").write_bytes(keys.transport_pem + pem)
    told = greenline("kiosk", "renew", "--config", folder / "uplink.toml")

    assert (told.code, told.out.startswith("kiosk-07 is renewed until ")) == (0, True)
    new = x509.load_pem_x509_certificate((folder / "uplink.pem").read_bytes())
    assert new.not_valid_after_utc > old.certificate.not_valid_after_utc
    ssl.create_default_context().load_cert_chain(folder / "uplink.pem")


def test_a_configuration_that_nothing_can_be_renewed_with_is_told(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    path = folder / "uplink.toml"
    good = path.read_text()
    (folder / "other.key").write_bytes((folder / "uplink.pem").read_bytes())
    (folder / "other.key").chmod(0o600)
    lines = [line for line in good.splitlines(keepends=True) if not line.startswith("authority")]
    for text, code, words in (
        ("".join(lines), 4, "names no 'authority' to renew at"),
        (good.replace(f'key = "{folder}/uplink.pem', f'key = "{folder}/other.key'), 4,
         "must be one file"),
        (good.replace("uplink.pem", "gone.pem"), 7, "is missing: enrol this device"),
    ):  # fmt: skip
        path.write_text(text)
        told = greenline("kiosk", "renew", "--config", path)
        assert (told.code, words in told.sentence) == (code, True), told.sentence


def test_without_a_configuration_the_kiosk_says_what_is_missing(greenline: Greenline) -> None:
    told = greenline("kiosk")

    assert (told.code, "--config FILE" in told.err) == (2, True)


@swtpm.needed
def test_with_a_tpm_the_kiosk_signs_in_it(
    greenline: Greenline, served: Running, folder: Path, tmp_path: Path
) -> None:
    with swtpm.running(tmp_path / "state") as address:
        told = try_enrol(
            greenline, served, folder, code_for(served), "--keys", "tpm", "--tpm", address
        )
        assert (told.code, told.err) == (0, "")
        kiosk = read_configuration(folder / "kiosk.toml", KioskConfig)
        with contextlib.closing(read_own_keys(kiosk.keys)) as own:
            identity = Identity(KIOSK, own.signer.public, own.opener.public).to_json()

    device = find_device(served.authority.database, serial=SERIAL)
    assert device is not None
    assert (device.identity, kiosk.production) == (identity, False)
    assert {path.name for path in folder.iterdir()} == {
        "signing.tpm", "opening.key", "uplink.pem", "ca.pem", "matcher.json", "kiosk.toml",
        "uplink.toml",
    }  # fmt: skip


@swtpm.needed
@pytest.mark.parametrize("run", [swtpm.running, swtpm.running_as_device])
def test_production_with_a_tpm_that_is_a_program_is_refused_before_the_code_is_used(
    greenline: Greenline,
    served: Running,
    folder: Path,
    tmp_path: Path,
    run: Callable[[Path], contextlib.AbstractContextManager[str]],
) -> None:
    code = code_for(served)
    with run(tmp_path / "state") as address:
        told = try_enrol(
            greenline, served, folder, code, "--keys", "tpm", "--tpm", address, "--production"
        )

    assert (told.code, f"the TPM at {address} is a program" in told.sentence) == (4, True)
    assert certificates_of(served.authority.database, KIOSK) == []
    assert try_enrol(greenline, served, folder, code).code == 0


def test_production_with_keys_in_files_is_refused_before_the_code_is_used(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    code = code_for(served)
    told = try_enrol(greenline, served, folder, code, "--production")

    assert (told.code, "the keys lie in files" in told.sentence) == (4, True)
    assert certificates_of(served.authority.database, KIOSK) == []
    assert try_enrol(greenline, served, folder, code).code == 0
