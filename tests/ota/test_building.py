"""Releases, built and put together again, and what an image brings along."""

import shutil
from pathlib import Path

import pytest

from greenline.ota import drafting
from greenline.ota.building import Terms, build, published_index
from greenline.ota.chunks import chunk_path, expand
from greenline.ota.errors import NotReadyError, OfficeError, RefusedError
from greenline.ota.floors import FloorsFile, decode
from greenline.ota.metadata import MetadataClient, read_target
from greenline.ota.publishing import discard, publish, renew
from greenline.ota.reasons import Reason
from greenline.ota.repository import Office
from greenline.ota.seeding import seed
from greenline.ota.usb import FolderSource
from tests.ota.office import (
    DAY,
    NOW,
    PLACE,
    ROOT,
    TARGETS,
    Device,
    Signers,
    release,
)


def test_a_release_is_built_published_and_put_together_again(
    office: Office, device: Device, signers: Signers, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(bytes(range(256)) * 3000)
    built = build(office, image, Terms("1.0", 3, ("rpi4", "rpi5")), NOW)
    signers.sign(office, *TARGETS[:2])
    publish(office, NOW)
    index = published_index(office, "rpi5")

    assert device.paths(office.public) == {PLACE, "release/rpi4.json", "release/rpi5.json"}
    assert index == built.index
    assert index is not None
    parts = [
        expand((office.public / chunk_path(chunk.sha256)).read_bytes(), chunk)
        for chunk in index.chunks
    ]
    assert b"".join(parts) == image.read_bytes()


def a_release(office: Office, signers: Signers, image: Path, terms: Terms) -> None:
    build(office, image, terms, NOW)
    signers.sign(office, *TARGETS[:2])
    publish(office, NOW)


def test_a_release_that_devices_would_refuse_is_not_built(
    office: Office, signers: Signers, tmp_path: Path
) -> None:
    image, other = tmp_path / "image", tmp_path / "other"
    image.write_bytes(b"an image")
    other.write_bytes(b"another")
    a_release(office, signers, image, Terms("1.0", 3, ("rpi4",), data_floor=2))

    with pytest.raises(NotReadyError, match="security version 2 is below 3"):
        build(office, other, Terms("1.1", 2, ("rpi4",), data_floor=2), NOW)
    with pytest.raises(NotReadyError, match="data floor 1 is below 2"):
        build(office, other, Terms("1.1", 3, ("rpi4",), data_floor=1), NOW)
    with pytest.raises(NotReadyError, match=r"1\.0 is published already, with other bytes"):
        build(office, other, Terms("1.0", 3, ("rpi4",), data_floor=2), NOW)
    with pytest.raises(OfficeError, match="cannot be a release"):
        build(office, other, Terms("Version One", 3, ("rpi4",)), NOW)
    with pytest.raises(OfficeError, match="neither a folder nor an image"):
        build(office, tmp_path / "none", Terms("1.1", 3, ("rpi4",), data_floor=2), NOW)
    assert office.desk.targets() is None


def test_a_release_without_all_its_chunks_is_not_published(
    office: Office, signers: Signers, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"an image")
    index = build(office, image, Terms("1.0", 3, ("rpi4",)), NOW).index
    signers.sign(office, *TARGETS[:2])
    (office.public / chunk_path(index.chunks[0].sha256)).unlink()

    with pytest.raises(OfficeError, match=r"build 1\.0 again"):
        publish(office, NOW)


def our_client(folder: Path, seeds: Path) -> MetadataClient:
    floors = FloorsFile(folder, (seeds / "floors").read_bytes())
    return MetadataClient(folder, (seeds / "root.json").read_bytes(), floors, lambda: NOW)


def test_a_device_with_our_own_client_and_the_image_s_seeds_takes_it(
    office: Office, signers: Signers, tmp_path: Path
) -> None:
    seed(office, tmp_path / "seeds", 7, 2)
    release(office, signers, b"second", NOW + DAY / 24)
    client = our_client(tmp_path / "ours", tmp_path / "seeds")
    trusted = client.refresh(FolderSource(office.public))
    info = trusted.target(PLACE)

    assert info is not None
    assert read_target(FolderSource(office.public), info, 1000) == b"second"
    assert client.now() == (NOW + DAY / 24).replace(microsecond=0)
    known = decode((tmp_path / "seeds" / "floors").read_bytes())
    assert known is not None
    assert (known.security_version, known.data, known.root) == (7, 2, 1)


def test_row_18_a_wiped_device_with_the_image_s_seeds_takes_nothing_older(
    office: Office, signers: Signers, tmp_path: Path
) -> None:
    shutil.copytree(office.public, tmp_path / "yesterday")
    release(office, signers, b"second")
    seed(office, tmp_path / "seeds", 7, 2)

    with pytest.raises(RefusedError) as refused:
        our_client(tmp_path / "wiped", tmp_path / "seeds").refresh(
            FolderSource(tmp_path / "yesterday")
        )
    assert refused.value.code is Reason.ROLLBACK


def test_an_office_that_published_nothing_has_no_seeds(tmp_path: Path, signers: Signers) -> None:
    office = Office(tmp_path / "office")
    keys = [[signers.key(name).public_key for name in names] for names in (ROOT, TARGETS)]
    drafting.begin(office, *keys, NOW)

    with pytest.raises(NotReadyError, match="nothing is published yet"):
        seed(office, tmp_path / "seeds", 1, 0)
    with pytest.raises(NotReadyError, match="nothing is published yet"):
        discard(office)
    with pytest.raises(NotReadyError, match="nothing is published yet"):
        renew(office, NOW)
