"""What the real release office publishes, the real client takes: delta, root rotation, a file."""

import random
from pathlib import Path

from greenline.ota import drafting
from greenline.ota.building import Terms, build
from greenline.ota.files import SignedFiles
from greenline.ota.publishing import publish
from greenline.ota.repository import Office
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.office import NOW, PLACE, TARGETS, Signers, bootstrap_of, make_office
from tests.ota.repository import Repository


class Counted:
    """The published folder, as a stick; counts the bytes of chunks."""

    def __init__(self, office: Office) -> None:
        self._inner = FolderSource(office.public)
        self.bytes = 0

    def read(self, path: str, most: int) -> bytes:
        data = self._inner.read(path, most)
        self.bytes += len(data) if path.startswith("chunks/") else 0
        return data

    def close(self) -> None:
        self._inner.close()


def put_out(office: Office, signers: Signers, image: Path, release: str, security: int) -> None:
    build(office, image, Terms(release, security, ("rpi4",)), NOW)
    signers.sign(office, *TARGETS[:2])
    publish(office, NOW)


def test_two_releases_in_a_row(tmp_path: Path) -> None:
    signers = Signers()
    office = make_office(tmp_path / "office", signers)
    unit = Unit(tmp_path / "unit", Repository(tmp_path / "unused"))
    unit.bootstrap, unit.now = bootstrap_of(office), NOW
    image = tmp_path / "image"
    first = random.Random(1).randbytes(1_000_000)
    image.write_bytes(first)
    put_out(office, signers, image, "1.0", 1)
    unit.fetch(Counted(office))
    assert unit.image() == first

    # The device restarts into it; the next release has something put in near its beginning.
    unit.slots.reverse()
    index = unit.client.pending()
    assert index is not None
    unit.slots[0].index.write_bytes(index)
    second = first[:20_000] + b"a changed line" + first[20_000:]
    image.write_bytes(second)
    put_out(office, signers, image, "1.1", 1)
    source = Counted(office)
    unit.fetch(source)
    assert unit.image() == second
    assert source.bytes < len(second) // 5


def test_a_file_of_the_office(tmp_path: Path) -> None:
    signers = Signers()
    office = make_office(tmp_path / "office", signers, content=b"settings")
    unit = Unit(tmp_path / "unit", Repository(tmp_path / "unused"))
    unit.bootstrap, unit.now = bootstrap_of(office), NOW
    source = FolderSource(office.public)
    files = SignedFiles(unit.state / "files", ("configuration/",))
    assert files.take(unit.metadata.refresh(source), source) == [PLACE]
    drafting.put_target(office, PLACE, b"other settings", NOW)
    signers.sign(office, *TARGETS[:2])
    publish(office, NOW)
    assert files.take(unit.metadata.refresh(source), source) == [PLACE]
    assert (unit.state / "files" / PLACE).read_bytes() == b"other settings"
