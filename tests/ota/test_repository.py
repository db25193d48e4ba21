"""A release office from the first key on: what it publishes, a device of python-tuf takes."""

from pathlib import Path

import pytest

from greenline.ota import drafting
from greenline.ota.desk import Desk
from greenline.ota.errors import KeyFileError, NotReadyError, OfficeError
from greenline.ota.publishing import discard, publish
from greenline.ota.repository import Office
from greenline.ota.signing import sign
from tests.ota.office import (
    NOW,
    PLACE,
    ROOT,
    TARGETS,
    Device,
    Signers,
    release,
)


def test_what_was_published_reaches_a_device(office: Office, device: Device) -> None:
    assert device.see(office.public) == b"first"


def test_what_is_published_next_reaches_it_too(
    office: Office, device: Device, signers: Signers
) -> None:
    device.see(office.public)
    release(office, signers, b"second")

    assert device.see(office.public) == b"second"


def test_a_draft_reaches_nobody(office: Office, device: Device, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, *TARGETS)

    assert device.see(office.public) == b"first"


def test_metadata_that_no_device_would_read_is_not_published(
    office: Office, signers: Signers
) -> None:
    draft = drafting.targets_draft(office, NOW)
    target = draft.signed.targets[PLACE]
    draft.signed.targets |= {f"models/{number:0100}": target for number in range(25_000)}
    office.lay(draft)
    signers.sign(office, *TARGETS[:2])

    with pytest.raises(OfficeError, match="larger than a device takes"):
        publish(office, NOW)


def test_a_target_that_is_removed_is_gone_for_devices(
    office: Office, device: Device, signers: Signers
) -> None:
    assert device.paths(office.public) == {PLACE}
    drafting.drop_target(office, PLACE, NOW)
    signers.sign(office, *TARGETS[:2])
    publish(office, NOW)

    assert device.paths(office.public) == set()
    with pytest.raises(OfficeError, match="there is no"):
        drafting.drop_target(office, PLACE, NOW)


@pytest.mark.parametrize(
    "path",
    ["release/rpi4.json", "kiosk.toml", "models/../x", "/models/x", "models//x", "models/",
     "models/a b", "models/.hidden", "elsewhere/x", "models/" + "x/" * 9 + "x", "models/x\n"],
)  # fmt: skip
def test_a_target_stands_in_its_places_alone(path: str) -> None:
    with pytest.raises(OfficeError):
        drafting.check_place(path)


def test_nothing_drafted_is_nothing_to_publish(office: Office, signers: Signers) -> None:
    with pytest.raises(NotReadyError, match="nothing is drafted"):
        publish(office, NOW)
    with pytest.raises(NotReadyError, match="nothing waits"):
        signers.sign(office, TARGETS[0])


def test_a_draft_can_be_taken_back(office: Office, device: Device, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"wrong", NOW)
    signers.sign(office, *TARGETS)
    discard(office)
    release(office, signers, b"right")

    assert device.see(office.public) == b"right"


def test_an_office_is_set_up_once(office: Office, signers: Signers) -> None:
    keys = [signers.key(name).public_key for name in (*ROOT, *TARGETS)]

    with pytest.raises(OfficeError, match="already"):
        drafting.begin(office, keys[:3], keys[3:], NOW)


def test_keys_that_would_count_twice_are_refused(tmp_path: Path, signers: Signers) -> None:
    office = Office(tmp_path / "office")
    keys = [signers.key(name).public_key for name in (*ROOT, *TARGETS)]
    with pytest.raises(KeyFileError, match="are the same key"):
        drafting.begin(office, keys[:3], [keys[0], *keys[3:]], NOW)
    with pytest.raises(KeyFileError, match="needs 3 keys, there are 2"):
        drafting.begin(office, keys[:2], keys[3:], NOW)
    double = Signers().key(ROOT[0]).public_key
    with pytest.raises(KeyFileError, match="two keys are called ada-root"):
        drafting.begin(office, [*keys[:2], double], keys[3:], NOW)
    assert not office.exists()


def test_a_folder_that_is_no_office_says_so(tmp_path: Path) -> None:
    with pytest.raises(OfficeError, match="is no release office"):
        drafting.put_target(Office(tmp_path), PLACE, b"x", NOW)
    with pytest.raises(OfficeError, match=r"is no desk|nothing waits"):
        sign(Desk(tmp_path), Signers().key("ada-root"), NOW)


def test_two_commands_at_once_do_not_mix(office: Office) -> None:
    other = Office(office.folder)
    with (
        office.held(),
        pytest.raises(NotReadyError, match="another 'greenline release'"),
        other.held(),
    ):
        pass
    with other.held():
        assert other.exists()
