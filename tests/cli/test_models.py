"""`greenline models`: the list, and the check with every fault of an installed folder."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greenline.models.manifest import MANIFEST, installed_folder, read_manifest
from greenline.models.runtime import find_runtime
from tests.cli.conftest import Told

Greenline = Callable[..., Told]

SMALL, LARGE = "greenline_288x256.tflite", "greenline_512x416.tflite"
NO_RUNTIME = """
import sys

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("ai_edge_litert", "tflite_runtime"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInstalled())
"""
BROKEN_RUNTIME = """
# What tflite-runtime 2.14 does beside NumPy 2: it imports, and fails when it is to be used.
class Interpreter:
    def __init__(self, **options):
        raise SystemError("returned a result with an exception set")
"""
COMMAND = "from greenline.cli.__main__ import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the installed model folder, with the small file alone: that is quicker."""
    copy = tmp_path / "models"
    copy.mkdir()
    for name in (SMALL, LARGE, MANIFEST):
        (copy / name).write_bytes((installed_folder() / name).read_bytes())
    keep(copy, SMALL)
    return copy


def keep(folder: Path, *names: str) -> None:
    """Let the manifest list these files alone."""
    manifest = read(folder)
    manifest["files"] = [file for file in manifest["files"] if file["name"] in names]
    write(folder, manifest)


def read(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return found


def write(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / MANIFEST).write_text(json.dumps(manifest))


def run(prelude: str, *arguments: object, **environment: str) -> Told:
    """Run the command in a process of its own, after a prelude that changes what is installed."""
    done = subprocess.run(
        [sys.executable, "-c", prelude + COMMAND, *map(str, arguments)],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, **environment},
    )  # fmt: skip
    return Told(done.returncode, done.stdout, done.stderr)


def test_the_installed_models_are_good(greenline: Greenline) -> None:
    told = greenline("models", "check")

    lines = told.out.splitlines()
    assert told.code == 0
    assert [line.split()[:2] for line in lines] == [
        [file.name, "good"] for file in read_manifest(installed_folder()).files
    ]
    for line in lines:
        found = (
            " 8 of 8 minutiae within ",
            " the drawn face, its eyes ",
            " of skin in the drawn half",
        )
        assert any(words in line for words in found)
        assert line.endswith(f" ms with {find_runtime().description}")


def test_the_list_says_what_each_file_is_and_which_runtime_was_found(greenline: Greenline) -> None:
    told = greenline("models", "list")

    assert (told.code, told.err) == (0, "")
    entry = (
        f"{SMALL}  greenline-1\n"
        "  input    256 x 288 pixels\n"
        "  licence  Apache-2.0, Copyright (c) 2026 The Greenline authors\n"
        "  card     docs/models/greenline-1.md\n"
        "  measured FVC2002 DB1-4 B, EER %: "
    )
    assert entry in told.out
    assert told.out.count("\n  card ") == len(read_manifest(installed_folder()).files)
    assert told.out.endswith(f"\nruntime  {find_runtime().description}\n")


def test_the_list_for_programs_holds_every_file(greenline: Greenline) -> None:
    told = greenline("models", "list", "--json")

    found = json.loads(told.out)
    files = read_manifest(installed_folder()).files
    assert (told.code, found["runtime"]) == (0, find_runtime().description)
    assert [file["name"] for file in found["files"]] == [file.name for file in files]
    small = next(file for file in found["files"] if file["name"] == SMALL)
    assert small["input"] == {"shape": [1, 288, 256, 1], "dtype": "float32"}
    assert [file["sha256"] for file in found["files"]] == [file.sha256 for file in files]
    assert [file["metrics"] for file in found["files"]] == [file.metrics for file in files]


def test_the_list_says_what_was_measured_of_each_model(greenline: Greenline) -> None:
    told = greenline("models", "list").out

    for file in read_manifest(installed_folder()).files:
        for name, value in file.metrics.items():
            assert f"\n  measured {name}: {value:g}\n" in told


def test_a_missing_file_is_told(greenline: Greenline, folder: Path) -> None:
    (folder / SMALL).unlink()

    told = greenline("models", "check", "--folder", folder)

    assert told.code == 3
    assert told.sentence.startswith(f"{SMALL} cannot be read (")
    assert told.out.startswith(f"{SMALL}  FAILED  {SMALL} cannot be read (")


@pytest.mark.parametrize("fault", ["truncated", "empty", "one bit flipped"])
def test_a_damaged_file_is_told(greenline: Greenline, folder: Path, fault: str) -> None:
    content = bytearray((folder / SMALL).read_bytes())
    content[len(content) // 3] ^= 1
    damaged = {"truncated": content[: len(content) // 2], "empty": b"", "one bit flipped": content}
    (folder / SMALL).write_bytes(damaged[fault])

    told = greenline("models", "check", "--folder", folder)

    sentence = f"{SMALL} is not the file that the manifest names: install again"
    assert (told.code, told.sentence) == (3, sentence)


@pytest.mark.parametrize(
    ("tensor", "key", "value"),
    [
        ("input", "shape", [1, 300, 256, 1]),
        ("input", "dtype", "float64"),
        ("outputs", "shape", [1, 288, 256, 9]),
        ("outputs", "dtype", "float16"),
    ],
)
def test_a_shape_or_type_that_is_not_the_manifests_is_told(
    greenline: Greenline, folder: Path, tensor: str, key: str, value: object
) -> None:
    manifest = read(folder)
    said = manifest["files"][0][tensor]
    (said if tensor == "input" else said[0])[key] = value
    write(folder, manifest)

    told = greenline("models", "check", "--folder", folder)

    assert told.code == 3
    assert told.sentence.startswith(f"{SMALL} has the {tensor.removesuffix('s')} [")
    assert "the manifest says " in told.sentence


def test_a_file_that_is_no_model_is_told(greenline: Greenline, folder: Path) -> None:
    (folder / SMALL).write_bytes(bytes(4096))
    manifest = read(folder)
    manifest["files"][0]["sha256"] = hashlib.sha256(bytes(4096)).hexdigest()
    write(folder, manifest)

    told = greenline("models", "check", "--folder", folder)

    assert told.code == 3
    assert f" refuses {SMALL}: " in told.sentence


def test_a_model_that_answers_nonsense_is_told(greenline: Greenline, folder: Path) -> None:
    manifest = read(folder)
    manifest["files"][0]["thresholds"]["minutia"] = 1.5  # more than any answer: none is found
    write(folder, manifest)

    told = greenline("models", "check", "--folder", folder)

    sentence = f"{SMALL} finds 0 of the 8 minutiae of a drawn print: install again"
    assert (told.code, told.sentence) == (3, sentence)


def test_each_of_several_bad_files_has_its_line(greenline: Greenline, folder: Path) -> None:
    (folder / MANIFEST).write_bytes((installed_folder() / MANIFEST).read_bytes())
    keep(folder, SMALL, LARGE)
    for name in (SMALL, LARGE):
        (folder / name).unlink()

    told = greenline("models", "check", "--folder", folder)

    assert told.code == 3
    assert told.sentence == "2 of 2 model files cannot be used: install again"
    assert [line.split()[:2] for line in told.out.splitlines()] == [
        [SMALL, "FAILED"],
        [LARGE, "FAILED"],
    ]


def test_one_bad_file_among_good_ones_has_its_line_in_its_place(
    greenline: Greenline, folder: Path
) -> None:
    names = ["blazeface_short_range.tflite", SMALL, "greenline_192x192.tflite"]
    for name in (MANIFEST, *names):
        (folder / name).write_bytes((installed_folder() / name).read_bytes())
    keep(folder, *names)
    in_order = [file["name"] for file in read(folder)["files"]]
    (folder / SMALL).write_bytes(b"damaged")

    told = greenline("models", "check", "--folder", folder)

    sentence = f"{SMALL} is not the file that the manifest names: install again"
    assert (told.code, told.sentence) == (3, sentence)
    assert [line.split()[:2] for line in told.out.splitlines()] == [
        [name, "FAILED" if name == SMALL else "good"] for name in in_order
    ]


@pytest.mark.parametrize("command", ["check", "list"])
@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "manifest.json cannot be read ("), (b"{", "manifest.json is damaged (")],
    ids=["missing", "cut"],
)
def test_a_manifest_that_cannot_be_read_is_told(
    greenline: Greenline, folder: Path, command: str, content: bytes | None, words: str
) -> None:
    (folder / MANIFEST).unlink()
    if content is not None:
        (folder / MANIFEST).write_bytes(content)

    told = greenline("models", command, "--folder", folder)

    assert told.code == 3
    assert told.sentence.startswith(words)


@pytest.mark.parametrize("command", ["check", "list"])
def test_a_manifest_whose_input_is_no_picture_is_told(
    greenline: Greenline, folder: Path, command: str
) -> None:
    manifest = read(folder)
    manifest["files"][0]["input"]["shape"] = []
    write(folder, manifest)

    told = greenline("models", command, "--folder", folder)

    assert told.code == 3
    assert told.sentence.startswith(
        f"manifest.json is damaged (the input of {SMALL} has the shape [], which is no picture)"
    )


def test_a_release_without_the_model_of_templates_is_told(
    greenline: Greenline, folder: Path
) -> None:
    keep(folder)

    told = greenline("models", "check", "--folder", folder)

    assert told.code == 3
    assert told.sentence.startswith("manifest.json lists no file of the model greenline-1")


def test_without_a_runtime_the_check_says_which_to_install() -> None:
    told = run(NO_RUNTIME, "models", "check")

    assert (told.code, told.out) == (4, "")
    assert told.sentence.startswith("no runtime for the models (ai-edge-litert: No module named")
    assert "pip install 'greenline[litert]'" in told.sentence


def test_without_a_runtime_the_list_still_lists() -> None:
    told = run(NO_RUNTIME, "models", "list")

    assert (told.code, told.err) == (0, "")
    assert f"{LARGE}  greenline-1\n" in told.out
    assert "\nruntime  no runtime for the models (" in told.out


def test_without_a_runtime_the_list_for_programs_says_so() -> None:
    found = json.loads(run(NO_RUNTIME, "models", "list", "--json").out)

    assert found["runtime"] is None
    assert found["fault"].startswith("no runtime for the models (")


def test_a_runtime_that_imports_but_does_not_run_is_told(tmp_path: Path) -> None:
    """A library that behaves as tflite-runtime does beside NumPy 2, in place of the real one."""
    package = tmp_path / "ai_edge_litert"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "interpreter.py").write_text(BROKEN_RUNTIME)
    information = tmp_path / "ai_edge_litert-9.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: ai-edge-litert\n")
    with (information / "METADATA").open("a") as file:
        file.write("Version: 9\n")

    told = run("", "models", "check", PYTHONPATH=str(tmp_path))

    assert (told.code, told.out) == (4, "")
    assert told.sentence.startswith("ai-edge-litert 9 does not work with NumPy ")
    assert "pip install 'numpy<2'" in told.sentence
