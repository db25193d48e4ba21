"""A publication that is cut short anywhere: devices see old or new, and a second run ends it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tuf.api.exceptions import RepositoryError

from greenline.ota import drafting
from greenline.ota.errors import OfficeError
from greenline.ota.office_files import write_file
from greenline.ota.publishing import plan, publish, renew
from greenline.ota.repository import Office
from tests.ota.office import (
    NOW,
    PLACE,
    ROOT,
    TARGETS,
    Device,
    Signers,
    bootstrap_of,
)


@pytest.fixture
def office(office: Office, signers: Signers) -> Office:
    """An office with a signed draft of other content."""
    drafting.put_target(office, PLACE, b"second", NOW)
    signers.sign(office, *TARGETS[:2])
    return office


@pytest.fixture
def device(office: Office, device: Device) -> Device:
    """It has seen the first publication."""
    assert device.see(office.public) == b"first"
    return device


def cut_short(office: Office, steps: int, folder: Path) -> Office:
    """A copy of the office whose power went after so many steps of a publication."""
    shutil.copytree(office.folder, folder)
    other = Office(folder)
    for step in list(plan(other, NOW))[:steps]:
        step.take()
    return other


def test_timestamp_comes_last_and_targets_before_what_names_them(office: Office) -> None:
    names = [step.path.name.split(".", 1)[-1] for step in plan(office, NOW)]

    assert names == ["kiosk.toml", "targets.json", "snapshot.json", "root.json", "json"]


def test_after_each_step_a_device_sees_the_old_or_the_new(
    office: Office, device: Device, tmp_path: Path
) -> None:
    steps = len(plan(office, NOW))
    seen = []
    for count in range(steps + 1):
        half = cut_short(office, count, tmp_path / f"office{count}")
        seen.append(device.copy(tmp_path / f"device{count}").see(half.public))

    assert seen == [b"first"] * steps + [b"second"]


def test_after_each_step_a_second_run_ends_it(
    office: Office, device: Device, tmp_path: Path
) -> None:
    for count in range(len(plan(office, NOW)) + 1):
        half = cut_short(office, count, tmp_path / f"office{count}")
        publish(half, NOW)

        assert device.copy(tmp_path / f"device{count}").see(half.public) == b"second"
        assert half.desk.root() is None
        assert half.desk.targets() is None
        renew(half, NOW)
        assert device.copy(tmp_path / f"later{count}").see(half.public) == b"second"


def test_after_each_step_of_new_keys_a_device_sees_old_or_new_or_asks_again(
    office: Office, device: Device, signers: Signers, tmp_path: Path
) -> None:
    """Between root and timestamp no order helps: the one names keys the other lacks."""
    new = [signers.key("dan-targets").public_key, signers.key("dan-root").public_key]
    drafting.replace_key(office, "targets", TARGETS[0], new[0], NOW)
    drafting.replace_key(office, "root", ROOT[0], new[1], NOW)
    drafting.replace_online_key(office, "timestamp", NOW)
    signers.sign(office, *ROOT[:2], "dan-root", *TARGETS[1:])
    steps = len(plan(office, NOW))
    told = []
    for count in range(steps + 1):
        half = cut_short(office, count, tmp_path / f"office{count}")
        asking = device.copy(tmp_path / f"device{count}")
        try:
            told.append(asking.see(half.public))
        except RepositoryError:
            told.append(b"again")
        publish(half, NOW)
        assert asking.see(half.public) == b"second"
        renew(half, NOW)
        assert asking.see(half.public) == b"second"

    assert told == [b"first"] * (steps - 1) + [b"again", b"second"]


def test_the_first_publication_can_be_cut_short_too(tmp_path: Path, signers: Signers) -> None:
    office = Office(tmp_path / "office")
    keys = [[signers.key(name).public_key for name in names] for names in (ROOT, TARGETS)]
    drafting.begin(office, *keys, NOW)
    drafting.put_target(office, PLACE, b"first", NOW)
    signers.sign(office, *ROOT[:2], *TARGETS[:2])
    for count in range(len(plan(office, NOW)) + 1):
        half = cut_short(office, count, tmp_path / f"office{count}")
        publish(half, NOW)
        device = Device(tmp_path / f"device{count}", bootstrap_of(half))

        assert device.see(half.public) == b"first"


def test_a_publication_leaves_nothing_half_written_behind(office: Office) -> None:
    publish(office, NOW)

    assert [path.name for path in office.folder.rglob("*.new")] == []
    assert (office.metadata / "timestamp.json").stat().st_mode & 0o777 == 0o644


_FULL = """
import sys
from pathlib import Path
from greenline.ota.errors import OfficeError
from greenline.ota.office_files import write_file
target = Path(sys.argv[1]) / "file"
write_file(target, b"kept")
try:
    write_file(target, bytes(2 << 20))
except OfficeError as fault:
    print(fault)
print(target.read_bytes(), sorted(path.name for path in target.parent.iterdir()))
"""


def test_a_full_disk_keeps_the_old_file_and_says_what_to_do(tmp_path: Path) -> None:
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("only root may mount the small disk that this test fills")
    inside = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "--mount", "sh", "-c", inside, "sh", str(tmp_path), sys.executable, _FULL]
    ended = subprocess.run(words, capture_output=True, text=True, check=True)
    told, left = ended.stdout.splitlines()

    assert told.endswith("the disk is full: free some space and run this again")
    assert left == "b'kept' ['file']"


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()

    with pytest.raises(OfficeError, match="file cannot be written"):
        write_file(tmp_path / "file", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_that_no_device_would_take_is_not_drafted(office: Office) -> None:
    with pytest.raises(OfficeError, match="larger than 8 MB"):
        drafting.put_target(office, PLACE, bytes((8 << 20) + 1), NOW)
