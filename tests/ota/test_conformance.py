"""The client behind the conformance suite's command line, as a process of its own."""

import datetime
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ota.repository import Repository
from tests.ota.server import UpdateServer, serving

CLIENT = Path(__file__).resolve().parents[2] / "ota/conformance_client"


class Driven:
    """The client, as the suite drives it."""

    def __init__(self, folder: Path, url: str, root: bytes) -> None:
        self.folder = folder / "metadata"
        self.targets = folder / "targets"
        self.folder.mkdir(parents=True)
        self.url = url
        (folder / "root.json").write_bytes(root)
        assert self.run("init", folder / "root.json") == 0

    def run(self, *arguments: object, **options: object) -> int:
        command = [sys.executable, str(CLIENT), "--metadata-dir", str(self.folder)]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}", str(value)]
        return subprocess.run(
            [*command, *map(str, arguments)], capture_output=True, check=False
        ).returncode

    def refresh(self) -> int:
        return self.run("refresh", metadata_url=self.url + "metadata")

    def download(self, name: str) -> int:
        return self.run(
            "download",
            metadata_url=self.url + "metadata",
            target_name=name,
            target_base_url=self.url + "targets",
            target_dir=self.targets,
        )

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("[a-z]*"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "published", datetime.datetime.now(datetime.UTC))
    made.add_target("release/rpi4.json", b"of the release")
    made.publish()
    return made


@pytest.fixture
def server(repository: Repository) -> Iterator[UpdateServer]:
    with serving(repository.folder) as running:
        yield running


@pytest.fixture
def driven(tmp_path: Path, server: UpdateServer, repository: Repository) -> Driven:
    return Driven(tmp_path / "client", server.url, repository.first_root)


def test_the_requests_are_those_of_the_specification(driven: Driven, server: UpdateServer) -> None:
    assert driven.files() == ["root.json"]
    assert server.asked == []
    assert driven.refresh() == 0
    assert server.paths() == [
        "/metadata/2.root.json",
        "/metadata/timestamp.json",
        "/metadata/2.snapshot.json",
        "/metadata/2.targets.json",
    ]
    assert driven.files() == ["root.json", "snapshot.json", "targets.json", "timestamp.json"]
    assert driven.refresh() == 0
    assert server.paths()[4:] == ["/metadata/2.root.json", "/metadata/timestamp.json"]


def test_a_target_is_fetched_once(driven: Driven, server: UpdateServer) -> None:
    assert driven.download("release/rpi4.json") == 0
    assert [path.read_bytes() for path in driven.targets.iterdir()] == [b"of the release"]
    asked = len(server.asked)
    assert driven.download("release/rpi4.json") == 0
    assert not any(path.startswith("/targets") for path in server.paths()[asked:])
    assert driven.download("release/rpi9.json") == 1


def test_a_new_root_is_shown(driven: Driven, repository: Repository) -> None:
    repository.rotate("root")
    repository.publish()
    assert driven.refresh() == 0
    newest = (repository.folder / "metadata/2.root.json").read_bytes()
    assert (driven.folder / "root.json").read_bytes() == newest


def test_a_replay_fails_and_what_was_trusted_stays(
    driven: Driven, repository: Repository, server: UpdateServer
) -> None:
    shutil.copytree(repository.folder, repository.folder.with_name("old"))
    repository.publish()
    assert driven.refresh() == 0
    before = (driven.folder / "timestamp.json").read_bytes()
    server.folder = repository.folder.with_name("old")
    assert driven.refresh() == 1
    assert (driven.folder / "timestamp.json").read_bytes() == before


def test_what_was_verified_before_a_failure_is_shown(
    driven: Driven, repository: Repository
) -> None:
    repository.rotate("timestamp")
    repository.publish()
    (repository.folder / f"metadata/{repository.snapshot.version}.snapshot.json").unlink()
    assert driven.refresh() == 1
    assert driven.files() == ["root.json", "timestamp.json"]
