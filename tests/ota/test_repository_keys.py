"""Keys that change: rotated, lost, stolen. Devices of any past follow; who stole one gets nowhere.

The attacker here has the web server and whatever keys the test gives him. Row numbers are those of
the table in docs/updates.md.
"""

import shutil
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import BadVersionNumberError, RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets

from greenline.ota import drafting
from greenline.ota.errors import KeyFileError, NotReadyError
from greenline.ota.keyfile import read_private
from greenline.ota.publishing import publish, renew
from greenline.ota.repository import Office
from tests.ota.office import (
    DAY,
    NOW,
    PLACE,
    ROOT,
    TARGETS,
    Device,
    Signers,
    bootstrap_of,
    make_office,
    release,
)


@pytest.fixture
def device(office: Office, device: Device) -> Device:
    """It has seen the first publication."""
    assert device.see(office.public) == b"first"
    return device


def online_key(office: Office, role: str) -> CryptoSigner:
    return read_private(office.online_key(role), None)


def forge(office: Office, content: bytes, *keys: CryptoSigner, ahead: int = 1) -> None:
    """Serve new targets as an attacker would who holds these keys and both online ones."""
    published = office.published()
    assert published is not None
    targets = Metadata[Targets](published.targets.signed)
    targets.signed.version += ahead
    targets.signed.targets[PLACE] = TargetFile.from_data(PLACE, content, ["sha256"])
    for key in keys:
        targets.sign(key, append=True)
    goal = office.public / "targets" / targets.signed.targets[PLACE].get_prefixed_paths()[0]
    goal.write_bytes(content)
    announce(office, targets, ahead)


def announce(office: Office, targets: Metadata[Targets], ahead: int) -> None:
    published = office.published()
    assert published is not None
    snapshot, timestamp = published.snapshot, published.timestamp
    version = targets.signed.version
    (office.metadata / f"{version}.targets.json").write_bytes(targets.to_bytes())
    snapshot.signed.version += ahead
    snapshot.signed.meta["targets.json"] = MetaFile(version)
    snapshot.sign(online_key(office, "snapshot"))
    name = f"{snapshot.signed.version}.snapshot.json"
    (office.metadata / name).write_bytes(snapshot.to_bytes())
    timestamp.signed.version += ahead
    timestamp.signed.snapshot_meta = MetaFile(snapshot.signed.version)
    timestamp.sign(online_key(office, "timestamp"))
    (office.metadata / "timestamp.json").write_bytes(timestamp.to_bytes())


def test_row_7_one_stolen_targets_key_with_both_online_keys_is_not_enough(
    office: Office, device: Device, signers: Signers
) -> None:
    forge(office, b"evil", signers.key(TARGETS[0]))

    with pytest.raises(UnsignedMetadataError):
        device.see(office.public)


def test_two_stolen_targets_keys_are_enough_so_the_forger_of_these_tests_can_forge(
    office: Office, device: Device, signers: Signers
) -> None:
    forge(office, b"evil", *(signers.key(name) for name in TARGETS[:2]))

    assert device.see(office.public) == b"evil"


def test_row_8_the_same_key_twice_is_refused(
    office: Office, device: Device, signers: Signers
) -> None:
    forge(office, b"evil", signers.key(TARGETS[0]))
    path = office.metadata / "2.targets.json"
    text = path.read_text()
    start = text.index('"signatures":[') + len('"signatures":[')
    one = text[start : text.index("]", start)]
    path.write_text(text[:start] + one + "," + one + text[start + len(one) :])

    with pytest.raises(RepositoryError):
        device.see(office.public)


def test_row_9_strangers_keys_are_refused(office: Office, device: Device, signers: Signers) -> None:
    forge(office, b"evil", signers.key(TARGETS[0]), signers.key("x"), signers.key("y"))

    with pytest.raises(UnsignedMetadataError):
        device.see(office.public)


def test_row_10_a_revoked_key_counts_no_more(
    office: Office, device: Device, signers: Signers
) -> None:
    new = signers.key("dan-targets").public_key
    drafting.replace_key(office, "targets", TARGETS[0], new, NOW)
    signers.sign(office, *ROOT[:2], *TARGETS[1:])
    publish(office, NOW)
    assert device.see(office.public) == b"first"
    forge(office, b"evil", *(signers.key(name) for name in TARGETS[:2]))

    with pytest.raises(UnsignedMetadataError):
        device.see(office.public)


def test_a_revoked_key_signs_no_draft(office: Office, signers: Signers) -> None:
    drafting.replace_key(office, "targets", TARGETS[0], None, NOW)

    with pytest.raises(KeyFileError, match="was revoked"):
        signers.sign(office, TARGETS[0])


def test_row_11_the_whole_repository_of_yesterday_is_refused(
    office: Office, device: Device, signers: Signers, tmp_path: Path
) -> None:
    shutil.copytree(office.public, tmp_path / "yesterday")
    release(office, signers, b"second")
    assert device.see(office.public) == b"second"

    with pytest.raises(BadVersionNumberError):
        device.see(tmp_path / "yesterday")


def test_row_12_older_targets_in_newer_metadata_are_refused(
    office: Office, device: Device, signers: Signers
) -> None:
    release(office, signers, b"second")
    assert device.see(office.public) == b"second"
    first = Metadata[Targets].from_bytes((office.metadata / "1.targets.json").read_bytes())
    announce(office, first, 1)

    with pytest.raises(BadVersionNumberError):
        device.see(office.public)


def test_row_13_parts_of_two_publications_do_not_mix(
    office: Office, device: Device, signers: Signers
) -> None:
    release(office, signers, b"second")
    older = (office.metadata / "1.targets.json").read_bytes()
    (office.metadata / "2.targets.json").write_bytes(older)

    with pytest.raises(RepositoryError):
        device.see(office.public)


def test_row_14_versions_that_were_driven_up_are_got_over_by_new_online_keys(
    office: Office, device: Device, signers: Signers, tmp_path: Path
) -> None:
    shutil.copytree(office.folder, tmp_path / "attacker")
    attacker = Office(tmp_path / "attacker")
    published = attacker.published()
    assert published is not None
    announce(attacker, published.targets, 1_000_000)
    assert device.see(attacker.public) == b"first"
    with pytest.raises(BadVersionNumberError):
        device.see(office.public)  # frozen out
    for role in ("snapshot", "timestamp"):
        drafting.replace_online_key(office, role, NOW)
    signers.sign(office, *ROOT[:2])
    publish(office, NOW)
    release(office, signers, b"second")

    assert device.see(office.public) == b"second"


def test_the_old_online_key_serves_until_the_root_that_replaces_it_is_out(
    office: Office, device: Device, signers: Signers
) -> None:
    before = online_key(office, "timestamp").public_key
    drafting.replace_online_key(office, "timestamp", NOW)
    renew(office, NOW)
    assert device.see(office.public) == b"first"
    assert online_key(office, "timestamp").public_key == before
    signers.sign(office, *ROOT[:2])
    publish(office, NOW)

    assert online_key(office, "timestamp").public_key != before
    assert device.see(office.public) == b"first"


def test_every_root_key_is_replaced_one_after_the_other_and_an_old_device_follows(
    office: Office, device: Device, signers: Signers
) -> None:
    names = list(ROOT)
    for number, old in enumerate(ROOT):
        new = f"new-root-{number}"
        drafting.replace_key(office, "root", old, signers.key(new).public_key, NOW)
        signers.sign(office, *names[1:])
        names = [*names[1:], new]
        publish(office, NOW)
    release(office, signers, b"second")

    root = office.published_root()
    assert root is not None
    assert root.signed.version == 4
    assert device.see(office.public) == b"second"


def test_a_new_root_needs_two_of_the_old_keys_too(office: Office, signers: Signers) -> None:
    for old, new in zip(ROOT[:2], ("eve-one", "eve-two"), strict=True):
        drafting.replace_key(office, "root", old, signers.key(new).public_key, NOW)
    signers.sign(office, "eve-one", "eve-two", ROOT[2])

    with pytest.raises(NotReadyError, match="1 more must sign"):
        publish(office, NOW)


def test_a_role_is_never_left_with_fewer_keys_than_must_sign(
    office: Office, signers: Signers
) -> None:
    drafting.replace_key(office, "root", ROOT[0], None, NOW)

    with pytest.raises(NotReadyError, match="could never be signed again"):
        drafting.replace_key(office, "root", ROOT[1], None, NOW)


def test_a_lost_key_is_made_good_by_one_that_joins(
    office: Office, device: Device, signers: Signers
) -> None:
    drafting.replace_key(office, "targets", TARGETS[0], None, NOW)
    signers.sign(office, *ROOT[:2], *TARGETS[1:])
    publish(office, NOW)
    dan = signers.key("dan-targets")
    drafting.replace_key(office, "targets", None, dan.public_key, NOW)
    signers.sign(office, *ROOT[:2], "dan-targets", TARGETS[1])
    publish(office, NOW)

    assert device.see(office.public) == b"first"


def test_a_key_that_signs_already_cannot_join(office: Office, signers: Signers) -> None:
    with pytest.raises(KeyFileError, match="are the same key"):
        drafting.replace_key(office, "targets", None, signers.key(ROOT[0]).public_key, NOW)
    with pytest.raises(KeyFileError, match="nobody called zoe"):
        drafting.replace_key(office, "targets", "zoe", signers.key("new").public_key, NOW)


def test_metadata_that_nobody_renewed_is_refused(tmp_path: Path, signers: Signers) -> None:
    office = make_office(tmp_path / "late", signers, NOW - 15 * DAY)

    with pytest.raises(RepositoryError, match="expired"):
        Device(tmp_path / "device", bootstrap_of(office)).see(office.public)


def test_kinds_of_metadata_are_not_taken_for_one_another(
    office: Office, device: Device, signers: Signers
) -> None:
    release(office, signers, b"second")
    snapshot = office.metadata / "2.snapshot.json"
    (office.metadata / "timestamp.json").write_bytes(snapshot.read_bytes())

    assert isinstance(Metadata.from_bytes(snapshot.read_bytes()).signed, Snapshot)
    with pytest.raises(RepositoryError):
        device.see(office.public)
