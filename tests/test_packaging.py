"""The list of packages in pyproject.toml is the tree; a kiosk would miss a forgotten one."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def packages_of_the_tree() -> set[str]:
    return {
        "greenline." + ".".join(init.parent.relative_to(ROOT).parts)
        for folder in PROJECT["package-dir"].values()
        for init in (ROOT / folder).rglob("__init__.py")
    }


def test_every_package_of_the_tree_is_listed_and_no_other() -> None:
    assert set(PROJECT["packages"]) == packages_of_the_tree()


def test_every_file_that_is_no_code_is_shipped() -> None:
    shipped = {
        path
        for package, patterns in PROJECT["package-data"].items()
        for pattern in patterns
        for path in (ROOT / Path(*package.split(".")[1:])).glob(pattern)
        if path.is_file()
    }
    there = {
        path
        for folder in PROJECT["package-dir"].values()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    assert there == shipped
