"""Who signs a draft, and what a signer reads before."""

import shutil
from pathlib import Path

import pytest

from greenline.ota import drafting
from greenline.ota.building import Terms, build
from greenline.ota.desk import Desk
from greenline.ota.errors import KeyFileError, NotReadyError, OfficeError
from greenline.ota.publishing import publish
from greenline.ota.repository import Office
from greenline.ota.signing import sign, standings
from greenline.ota.telling import tell_root, tell_targets
from tests.ota.office import (
    DAY,
    NOW,
    PLACE,
    ROOT,
    TARGETS,
    Device,
    Signers,
)


def test_one_signature_of_two_is_not_published(
    office: Office, device: Device, signers: Signers
) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, TARGETS[0])

    with pytest.raises(
        NotReadyError,
        match="targets 2 is signed by ada-targets; 1 more must sign, of bob-targets, cem-targets",
    ):
        publish(office, NOW)
    assert device.see(office.public) == b"first"


def test_the_same_signer_twice_is_one_signature(office: Office, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, TARGETS[0], TARGETS[0])

    with pytest.raises(NotReadyError, match="1 more must sign"):
        publish(office, NOW)


def test_a_strangers_key_may_sign_nothing(office: Office, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)

    with pytest.raises(KeyFileError, match="belongs to nobody"):
        signers.sign(office, "stranger")


def test_a_root_key_signs_no_targets(office: Office, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)

    with pytest.raises(NotReadyError, match=r"nothing .* waits for a signature by this key"):
        signers.sign(office, ROOT[0])


def test_a_signature_that_somebody_made_up_does_not_count(office: Office, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, *TARGETS[:2])
    forged = min((office.desk.folder / "signatures").glob("targets-*"))
    text = forged.read_text()
    start = text.index('"signature":"') + len('"signature":"')
    forged.write_text(text[:start] + "00" + text[start + 2 :])

    with pytest.raises(NotReadyError, match="1 more must sign"):
        publish(office, NOW)


@pytest.mark.parametrize("junk", [b"", b"{}", b"[" * 9000, b"\xff"])
def test_a_signature_file_that_is_none_is_named(
    office: Office, signers: Signers, junk: bytes
) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, TARGETS[0])
    (file,) = (office.desk.folder / "signatures").glob("targets-*")
    file.write_bytes(junk)

    with pytest.raises(OfficeError, match="is no signature: remove it and sign again"):
        publish(office, NOW)


def test_a_draft_that_changes_loses_its_signatures(office: Office, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, *TARGETS[:2])
    drafting.put_target(office, PLACE, b"third", NOW)

    assert [standing.signed for standing in standings(office.desk)] == [()]


def test_signers_work_at_the_same_time_on_copies_of_the_desk(
    office: Office, device: Device, signers: Signers, tmp_path: Path
) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    for name in TARGETS[:2]:
        stick = tmp_path / name
        shutil.copytree(office.desk.folder, stick)
        sign(Desk(stick), signers.key(name), NOW)
        shutil.copytree(stick, office.desk.folder, dirs_exist_ok=True)
    publish(office, NOW)

    assert device.see(office.public) == b"second"


def test_a_content_that_was_exchanged_on_the_stick_is_noticed(
    office: Office, signers: Signers
) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)
    office.desk.content(PLACE).write_bytes(b"secunda")

    with pytest.raises(OfficeError, match="was altered"):
        signers.sign(office, TARGETS[0])


def test_a_draft_that_expired_is_not_signed(office: Office, signers: Signers) -> None:
    drafting.put_target(office, PLACE, b"second", NOW)

    with pytest.raises(NotReadyError, match="has expired: make it anew"):
        signers.sign(office, TARGETS[0], now=NOW + 121 * DAY)


def test_a_signer_reads_what_changes(office: Office, signers: Signers, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"an image")
    terms = Terms("2.0", 4, ("rpi4",), rollout_permille=50, deadline=NOW + DAY)
    build(office, image, terms, NOW)
    drafting.drop_target(office, PLACE, NOW)
    lines = tell_targets(office.desk)

    assert lines[0].startswith("targets 2: what devices install, valid until ")
    assert [line.split(",")[0] for line in lines[1:]] == [
        "    new: release/rpi4.json",
        "        release 2.0",
        f"    gone: {PLACE}",
    ]
    assert "security version 4" in lines[2]
    assert "50 of 1000 devices" in lines[2]
    assert tell_root(office.desk) == []


def test_a_signer_is_warned_of_an_index_that_is_not_there(
    office: Office, signers: Signers, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"an image")
    build(office, image, Terms("2.0", 4, ("rpi4",)), NOW)
    office.desk.content("release/rpi4.json").unlink()

    assert any("CAUTION" in line for line in tell_targets(office.desk))
