"""What expires, what the timer keeps fresh, and an office with damaged files."""

import datetime
from pathlib import Path

import pytest

from greenline.ota import drafting
from greenline.ota.errors import KeyFileError, NotReadyError, OfficeError
from greenline.ota.expiry import expiries
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
)


def test_a_timer_keeps_what_is_published_fresh(tmp_path: Path, signers: Signers) -> None:
    office = make_office(tmp_path / "office", signers, NOW - 20 * DAY)
    drafting.put_target(office, PLACE, b"second", NOW)
    device = Device(tmp_path / "device", bootstrap_of(office))
    end = renew(office, NOW)

    assert end - NOW > 13 * DAY
    assert device.see(office.public) == b"first"
    published = office.published()
    assert published is not None
    assert published.snapshot.signed.version == 2  # it would have ended before the timestamp
    assert office.desk.targets() is not None  # the draft still lies there
    renew(office, NOW)
    published = office.published()
    assert published is not None
    assert (published.timestamp.signed.version, published.snapshot.signed.version) == (3, 2)


@pytest.mark.parametrize("days", [121, 366], ids=["targets", "root too"])
def test_what_expired_is_neither_renewed_nor_published_until_it_is_signed_anew(
    tmp_path: Path, signers: Signers, days: int
) -> None:
    office = make_office(tmp_path / "office", signers, NOW - days * DAY)
    with pytest.raises(NotReadyError, match="has expired"):
        renew(office, NOW)
    for kind in ("root", "targets"):
        drafting.extend(office, kind, NOW)
    signers.sign(office, *ROOT[:2], *TARGETS[:2])
    publish(office, NOW)

    assert Device(tmp_path / "device", bootstrap_of(office)).see(office.public) == b"first"


def test_the_calendar_says_what_ends_first(office: Office) -> None:
    later = NOW + 12 * DAY
    shown = [(row.role, row.days, row.state) for row in expiries(office, later)]

    assert shown == [
        ("timestamp", 1, "soon"),
        ("snapshot", 17, "valid"),
        ("targets", 107, "valid"),
        ("root", 352, "valid"),
    ]
    assert expiries(office, NOW + 15 * DAY)[0].state == "expired"


@pytest.mark.parametrize(
    "name", ["timestamp.json", "1.root.json", "1.snapshot.json", "1.targets.json"]
)
@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff" * 40, b"[" * 5000])
def test_a_damaged_file_is_named(office: Office, name: str, damage: bytes) -> None:
    (office.metadata / name).write_bytes(damage)

    with pytest.raises(OfficeError, match=f"{name} is damaged: put it back from the backup"):
        renew(office, NOW)


@pytest.mark.parametrize("text", ["", "[]", '{"format":2}', '{"days":{"root":0}}', '{"x":1}'])
def test_settings_that_cannot_be_used_are_named(office: Office, text: str) -> None:
    (office.folder / "office.json").write_text(text)

    with pytest.raises(OfficeError, match=r"office\.json cannot be used"):
        renew(office, NOW)


def test_how_long_signatures_last_can_be_set(office: Office) -> None:
    settings = office.folder / "office.json"
    settings.write_text('{"format":1,"days":{"timestamp":2}}')

    assert renew(office, NOW) == NOW.replace(microsecond=0) + datetime.timedelta(days=2)


def test_a_missing_online_key_is_named(office: Office) -> None:
    office.online_key("timestamp").unlink()

    with pytest.raises(KeyFileError, match=r"timestamp\.pem is missing"):
        renew(office, NOW)
