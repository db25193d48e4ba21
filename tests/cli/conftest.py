"""What the tests of the commands share: a few synthetic prints, and the command line itself."""

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenline.cli.__main__ import main
from greenline.models.training.synthesis import write_set

SET = "A"
FINGERS, IMPRESSIONS = 2, 2


@dataclass(frozen=True)
class Told:
    """How a command ended, and what a technician reads."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one sentence on standard error; the whole of it when there is not exactly one."""
        sentences = [line for line in self.err.splitlines() if line.startswith("greenline: ")]
        told = len(sentences) == 1 and "Traceback" not in self.err
        return sentences[0].removeprefix("greenline: ") if told else self.err


@pytest.fixture
def greenline(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Told]]:
    """Runs the command line in this process; logging is put back as it was."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("greenline").level)
    hooks = (threading.excepthook, logging.raiseExceptions)

    def run(*arguments: object) -> Told:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        code = ended.value.code
        return Told(code if isinstance(code, int) else -1, out, err)

    with warnings.catch_warnings():
        yield run
        logging.captureWarnings(capture=False)
    root.handlers[:], root.level = before[0], before[1]
    logging.getLogger("greenline").setLevel(before[2])
    threading.excepthook, logging.raiseExceptions = hooks


@pytest.fixture(scope="session")
def prints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one set: SET/<finger>_<impression>.png, of 500 dpi."""
    folder = tmp_path_factory.mktemp("prints")
    assert len(list(write_set(folder / SET, FINGERS, IMPRESSIONS, 77))) == FINGERS * IMPRESSIONS
    return folder


@pytest.fixture(scope="session")
def a_print(prints: Path) -> Path:
    return prints / SET / "1_1.png"


def _save(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]], path: Path) -> None:
    Image.fromarray(pixels).save(path, dpi=(500, 500))


@pytest.fixture(scope="session")
def bad_files(tmp_path_factory: pytest.TempPathFactory, a_print: Path) -> Path:
    """A folder of everything that is not a picture of a finger."""
    folder = tmp_path_factory.mktemp("bad")
    rng = np.random.default_rng(1)
    whole = a_print.read_bytes()
    (folder / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("this is not a picture\n")
    (folder / "empty.png").touch()
    (folder / "folder.png").mkdir()
    (folder / "unreadable.png").symlink_to(folder / "unreadable.png")  # a loop
    _save(np.zeros((1, 1), np.uint8), folder / "one-pixel.png")
    _save(np.zeros((4000, 5000), np.uint8), folder / "20-megapixels.png")
    _save(np.full((288, 256), 255, np.uint8), folder / "white.png")
    _save(rng.integers(0, 256, (288, 256), np.uint8), folder / "noise.png")
    Image.fromarray(np.zeros((288, 256), np.uint8)).save(folder / "no-resolution.png")
    (folder / "cut.fmr").write_bytes(b"FMR\0 20\0\0\0\0")
    return folder


BAD_FILES = {
    "missing.png": "cannot be read: No such file or directory",
    "folder.png": "cannot be read: Is a directory",
    "unreadable.png": "cannot be read: Too many levels of symbolic links",
    "truncated.png": "cannot be read as a picture: image file is truncated",
    "text.png": "cannot be read as a picture: cannot identify image file",
    "empty.png": "cannot be read as a picture: cannot identify image file",
    "one-pixel.png": "has 1x1 pixels, too few for a finger",
    "20-megapixels.png": "has 5000x4000 pixels, too many for one finger",
    "no-resolution.png": "does not say its resolution: give it with --dpi",
    "white.png": "no minutia was found; is this a picture of a finger?",
    "noise.png": "no minutia was found; is this a picture of a finger?",
}
"""What each bad picture is told to be. (As root, a file without permissions can be read: a link
that points to itself is what nobody can read.)"""
