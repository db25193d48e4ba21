"""What tests of the release office share, and the shim under tests that cut a process off."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The campaign of faults lies in bench/, which is no part of the package: it is imported from there.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.faults.row import UnavailableError
from bench.faults.shim import build
from greenline.ota.repository import Office
from tests.in_memory import folder_in_memory
from tests.ota.office import Device, Signers, bootstrap_of, make_office


@pytest.fixture
def signers() -> Signers:
    return Signers()


@pytest.fixture
def office(tmp_path: Path, signers: Signers) -> Office:
    return make_office(tmp_path / "office", signers)


@pytest.fixture
def device(tmp_path: Path, office: Office) -> Device:
    return Device(tmp_path / "device", bootstrap_of(office))


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """bench/faults/crash_shim.c, built; skips where it cannot be."""
    try:
        return build(tmp_path_factory.mktemp("shim"))
    except UnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, if there is room for one."""
    with folder_in_memory(tmp_path) as found:
        yield found
