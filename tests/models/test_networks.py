"""The networks of one model: checked at once, each opened when it is first wanted."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from greenline.models.errors import ModelFileError
from greenline.models.manifest import ModelFile, installed_folder, read_manifest
from greenline.models.networks import Networks
from greenline.models.runtime import Runtime, find_runtime

SIZES = ((192, 192), (288, 256), (512, 416))


@pytest.fixture
def files() -> tuple[ModelFile, ...]:
    return read_manifest(installed_folder()).of_model("greenline-1")


class Counting:
    """A runtime that counts what it opens."""

    def __init__(self) -> None:
        self.opened = 0
        self._real = find_runtime()
        self.runtime = Runtime(self._real.name, self._real.description, self._build)

    def _build(self, content: bytes, threads: int) -> Any:
        self.opened += 1
        return self._real.build(content, threads)


def test_only_the_smallest_is_opened_until_another_is_wanted(files: tuple[ModelFile, ...]) -> None:
    counting = Counting()
    networks = Networks(files, installed_folder(), counting.runtime, 1)
    assert (networks.sizes, counting.opened) == (SIZES, 1)
    large = networks.of_size((512, 416))
    assert (large.file, counting.opened) == (files[2], 2)
    assert networks.of_size((512, 416)) is large
    assert networks.of_size((192, 192)).file == files[0]
    assert counting.opened == 2


def test_a_damaged_file_is_told_at_once_not_when_it_is_wanted(
    files: tuple[ModelFile, ...], tmp_path: Path
) -> None:
    for file in files:
        shutil.copy(str(installed_folder() / file.name), tmp_path / file.name)
    (tmp_path / files[2].name).write_bytes(b"damaged")
    with pytest.raises(ModelFileError, match=f"{files[2].name} is not the file"):
        Networks(files, tmp_path, None, 1)
