"""Row 40 for the client: whatever lies on the card or is served, it refuses or goes on."""

import contextlib
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenline.ota.copies import Copies
from greenline.ota.errors import LostError, OtaError, RefusedError
from greenline.ota.replies import Wanted, understand
from greenline.ota.usb import FolderSource
from tests.ota.devices import Unit
from tests.ota.repository import Repository, pieces

PARTS = pieces(1, 3, 2000)
IMAGE = b"".join(PARTS)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Repository]:
    folder = tmp_path_factory.mktemp("fuzz")
    repository = Repository(folder / "published")
    repository.release(PARTS)
    unit = Unit(folder / "template", repository)
    unit.fetch(FolderSource(repository.folder))
    shutil.copytree(repository.folder, folder / "published-template")
    return folder, repository


def damaged(data: bytes, draw: st.DataObject) -> bytes:
    """Bytes cut, changed or replaced."""
    at = draw.draw(st.integers(0, max(len(data) - 1, 0)))
    kind = draw.draw(st.sampled_from(["cut", "flip", "insert", "replace"]))
    some = draw.draw(st.binary(max_size=40))
    if kind == "cut":
        return data[:at]
    if kind == "insert":
        return data[:at] + some + data[at:]
    if kind == "replace":
        return some
    return data[:at] + bytes([data[at] ^ (1 << at % 8)]) + data[at + 1 :] if data else b"x"


SLOW = settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(st.data())
@SLOW
def test_a_damaged_card_is_got_over(scene: tuple[Path, Repository], data: st.DataObject) -> None:
    folder, repository = scene
    shutil.rmtree(folder / "work", ignore_errors=True)
    shutil.copytree(folder / "template", folder / "work")
    unit = Unit(folder / "work", repository)
    files = sorted(path for path in unit.folder.rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    path.write_bytes(damaged(path.read_bytes(), data))
    unit.fetch(FolderSource(repository.folder))
    assert unit.image() == IMAGE
    assert unit.metadata.kept().targets is not None


@given(st.data())
@SLOW
def test_a_damaged_repository_is_refused_or_does_not_matter(
    scene: tuple[Path, Repository], data: st.DataObject
) -> None:
    folder, repository = scene
    for name in ("work", "served"):
        shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(folder / "published-template", folder / "served")
    files = sorted(path for path in (folder / "served").rglob("*") if path.is_file())
    path = data.draw(st.sampled_from(files))
    path.write_bytes(damaged(path.read_bytes(), data))
    unit = Unit(folder / "work", repository)
    with contextlib.suppress(RefusedError, LostError):
        unit.fetch(FolderSource(folder / "served"))
    unit.fetch(FolderSource(folder / "published-template"))
    assert unit.image() == IMAGE


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(
            [
                "Content-Range",
                "Content-Length",
                "ETag",
                "Location",
                "Content-Type",
                "Content-Encoding",
            ]
        ),
        st.text(max_size=40)
        | st.sampled_from(["bytes 5-9/10", "bytes 5-4/10", "bytes 5-9/*", "10"]),
    ),
)
def test_any_reply_means_something(status: int, headers: dict[str, str]) -> None:
    try:
        meaning = understand(Wanted("http://127.0.0.1/chunks/a", 5, '"mark"'), status, headers)
    except OtaError:
        return
    assert meaning is not None


@given(st.dictionaries(st.sampled_from(["targets.json", "root_history/1.root.json"]), st.binary()))
@settings(deadline=None, max_examples=30)
def test_copies_come_back(scene: tuple[Path, Repository], files: dict[str, bytes]) -> None:
    state = scene[0] / "copies"
    Copies(state).write(files)
    assert Copies(state).read() == files
    shutil.rmtree(state / "trusted-a")
    assert Copies(state).read() == files
