"""A kiosk that was wiped comes back by enrolling it, with new keys and an empty store."""

from pathlib import Path

from greenline.centre.authority.enrolment import approve
from greenline.cli.configuration import read_configuration
from greenline.cli.own_keys import read_own_keys
from greenline.firmware.config import KioskConfig
from greenline.firmware.wipe import is_wiped
from tests.centre.authority.asking import SERIAL
from tests.centre.authority.serving import Running
from tests.cli.test_kiosk_enrol import (
    Greenline,
    code_for,
    folder,
    served,
    try_enrol,
)

__all__ = ["folder", "served"]


def test_it_starts_again_with_new_keys_once_it_is_enrolled(
    greenline: Greenline, served: Running, folder: Path
) -> None:
    assert try_enrol(greenline, served, folder, code_for(served)).code == 0
    config = read_configuration(folder / "kiosk.toml", KioskConfig)
    before = read_own_keys(config.keys).signer.public
    assert greenline("wipe", "--config", folder / "kiosk.toml", "--yes").code == 0
    assert not (folder / "uplink.pem").exists()
    assert is_wiped(config.store)
    (folder / "kiosk.store").write_bytes(b"what a wipe that was cut short has left")

    code = code_for(served)
    approve(served.authority, SERIAL, served.clock.now)
    told = try_enrol(greenline, served, folder, code)

    assert told.code == 0, told.err
    assert not is_wiped(config.store)
    assert not (folder / "kiosk.store").exists()
    assert read_own_keys(config.keys).signer.public != before
