"""No model of this project guesses somebody's sex, age, origin or mood, and none may creep in."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from greenline.models.manifest import FaceThresholds, installed_folder, read_manifest

ROOT = Path(__file__).resolve().parents[3]
CODE = ("prints", "protocol", "drivers", "models", "link", "firmware", "matcher", "centre", "cli")

TRAITS = {
    "age", "ages", "agenet", "gender", "genders", "sex", "sexes", "male", "female", "ethnicity",
    "ethnicities", "ethnic", "race", "races", "racial", "nationality", "emotion",
    "emotions", "mood", "expression", "smile", "smiling", "beauty", "attractive",
}  # fmt: skip
# "age" and "race" are also how long something lies there, and two threads: outside models/, the
# code may have names of those words.
ELSEWHERE = TRAITS - {"age", "ages", "race", "races"}
# Packages that come with such models, or exist to run them.
PACKAGES = {
    "age-gender", "deepface", "dlib", "dlib-bin", "emotion", "expo-face-detection", "face-api",
    "face-recognition", "face-recognition-models", "facenet-pytorch", "fairface", "fer",
    "hsemotion", "hsemotion-onnx", "human-models", "insightface", "mediapipe", "py-feat",
    "retina-face", "uniface",
}  # fmt: skip
MODEL_FILES = {
    ".tflite", ".onnx", ".pb", ".h5", ".hdf5", ".keras", ".pt", ".pth", ".safetensors", ".bin",
    ".caffemodel", ".prototxt", ".task", ".mnn", ".param", ".dat", ".xml", ".yml", ".npz", ".pkl",
}  # fmt: skip


def words(text: str) -> set[str]:
    """The words of a text or a name, also of a nameLikeThis or a name_like_this."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return {word.lower() for word in re.findall(r"[A-Za-z]+", apart)}


def names(source: str) -> Iterator[str]:
    """Every name that a module gives, imports or asks for by keyword."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.alias):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def package(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def required() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [r for extra in project["optional-dependencies"].values() for r in extra]
    return {package(requirement) for requirement in (*project["dependencies"], *extras)}


def test_no_model_of_the_manifest_names_a_trait():
    for file in read_manifest(installed_folder()).files:
        assert words(msgspec.json.encode(file).decode()) & TRAITS == set(), file.name


def test_a_face_model_answers_with_boxes_points_and_odds_only():
    of_faces = [
        file
        for file in read_manifest(installed_folder()).files
        if isinstance(file.thresholds, FaceThresholds)
    ]
    assert [file.name for file in of_faces] == ["blazeface_short_range.tflite"]
    for file in of_faces:
        boxes, odds = file.outputs
        assert boxes.channels == (
            "centre x, px", "centre y, px", "width, px", "height, px",
            "right eye x, px", "right eye y, px", "left eye x, px", "left eye y, px",
            "nose tip x, px", "nose tip y, px", "mouth x, px", "mouth y, px",
            "right ear x, px", "right ear y, px", "left ear x, px", "left ear y, px",
        )  # fmt: skip
        assert odds.channels == ("face, logarithm of the odds",)


def test_every_file_that_could_be_a_model_is_in_the_manifest():
    listed = {file.name for file in read_manifest(installed_folder()).files}
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in CODE
        for path in (ROOT / folder).rglob("*")
        if path.suffix.lower() in MODEL_FILES
    }
    assert found == {f"models/{name}" for name in listed}


def test_no_model_file_has_a_layer_named_after_a_trait():
    for file in read_manifest(installed_folder()).files:
        content = (installed_folder() / file.name).read_bytes()
        texts = re.findall(rb"[\x20-\x7e]{12,}", content)
        assert words(b" ".join(texts).decode()) & TRAITS == set(), file.name


def test_no_dependency_is_a_package_for_such_models():
    assert required() & PACKAGES == set()
    assert not [name for name in required() if words(name) & TRAITS]


@pytest.mark.parametrize("path", sources("models"), ids=str)
def test_no_name_in_the_models_code_is_a_trait(path: Path):
    assert {name for name in names(path.read_text()) if words(name) & TRAITS} == set()


def test_no_name_in_the_other_code_is_a_trait():
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(*(folder for folder in CODE if folder != "models"))
        for name in names(path.read_text())
        if words(name) & ELSEWHERE
    }
    assert found == set()


@pytest.mark.parametrize(
    "source",
    [
        "import age_gender_net",
        "from deep import EmotionClassifier",
        "estimatedAge = 3",
        "def guess_gender(face): ...",
        "face.sex",
        "judge(smile=True)",
    ],
)
def test_a_trait_in_code_would_be_seen(source: str):
    assert any(words(name) & TRAITS for name in names(source))


@pytest.mark.parametrize("name", ["image", "package", "average", "trace", "stage", "sextant"])
def test_a_word_that_only_contains_one_is_no_trait(name: str):
    assert not words(name) & TRAITS


@pytest.mark.parametrize("requirement", ["deepface>=0.0.9", "Face_Recognition ; x", "fer[video]"])
def test_such_a_dependency_would_be_seen(requirement: str):
    assert package(requirement) in PACKAGES
