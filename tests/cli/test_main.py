"""`greenline` itself: finds the subcommand, ends with the right exit code, shows no stack trace."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenline.cli import __main__ as command_line
from greenline.cli.__main__ import COMMANDS
from greenline.cli.audit_beginning import NOT_SHOWN_CODE
from greenline.cli.audit_receipts import NOT_EVERYWHERE_CODE
from tests.cli.conftest import Told

Greenline = Callable[..., Told]


def run(*arguments: object, **environment: str) -> Told:
    """Run the command as a technician does: in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "greenline.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200", **environment},
    )
    return Told(done.returncode, done.stdout, done.stderr)


def test_help_names_every_command_with_what_it_is_for() -> None:
    told = run("--help")

    listed = dict(re.findall(r"^│ ([\w-]+) +(\S.*\S) +│$", told.out, re.MULTILINE))
    assert (told.code, told.err) == (0, "")
    assert {name: listed.get(name) for name in COMMANDS} == COMMANDS


def test_help_does_not_need_the_libraries_of_the_commands(tmp_path: Path) -> None:
    for library in ("numpy", "PIL", "starlette", "uvicorn", "ai_edge_litert", "paho"):
        (tmp_path / f"{library}.py").write_text("raise ModuleNotFoundError('not on this kiosk')")

    assert run("--help", PYTHONPATH=str(tmp_path)).code == 0


def test_a_command_whose_library_is_missing_says_which(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('gone', name='uvicorn')")

    told = run("kiosk", "--config", "kiosk.toml", PYTHONPATH=str(tmp_path))

    words = "'greenline kiosk' needs the library 'uvicorn', which is not installed here"
    assert (told.code, told.sentence) == (4, words)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_of_its_own(greenline: Greenline, command: str) -> None:
    told = greenline(command, "--help")

    assert (told.code, told.err) == (0, "")
    assert f"greenline {command}" in told.out or f"{command} [OPTIONS]" in told.out


@pytest.mark.parametrize(
    "wrong",
    [
        ["nonsense"],
        ["extract"],
        ["extract", "a.png", "--out", "a.fmr", "--finger", "11"],
        ["kiosk"],
        ["kiosk", "--debug"],
        ["simulate", "--prints", ".", "--link", "x", "--port", "65536"],
        ["demo", "--kiosk-port", "-1"],
        ["bench", "accuracy", ".", "--out", "x", "--processes", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_has_exit_code_2_and_a_hint(greenline: Greenline, wrong: list[str]) -> None:
    told = greenline(*wrong)

    assert (told.code, told.out) == (2, "")
    assert "Usage:" in told.err
    assert "Traceback" not in told.err


def test_without_a_command_the_help_is_shown(greenline: Greenline) -> None:
    told = greenline()

    assert told.code == 2
    assert "Run the matcher that answers kiosks." in told.out + told.err


def test_a_stack_trace_is_shown_with_debug_only(tmp_path: Path) -> None:
    wrong = ["kiosk", "--config", tmp_path / "missing.toml"]
    sentence = (
        f"the configuration {tmp_path}/missing.toml cannot be read: No such file or directory"
    )

    plain, debug = run(*wrong), run("--debug", *wrong)

    assert (plain.code, plain.out, plain.err) == (4, "", f"greenline: {sentence}\n")
    assert debug.code == 4
    assert debug.err.startswith("Traceback (most recent call last):\n")
    assert debug.err.endswith(f"\ngreenline: {sentence}\n")


def test_a_fault_in_greenline_itself_tells_its_kind_but_not_its_text(tmp_path: Path) -> None:
    """A library that misbehaves stands for a fault that nobody foresaw."""
    (tmp_path / "uvicorn.py").write_text("raise ValueError('FMR secret template')")

    told = run("kiosk", "--config", "kiosk.toml", PYTHONPATH=str(tmp_path))

    assert told.code == 8
    assert told.sentence.startswith("a fault in Greenline itself (ValueError): report it")
    assert "secret" not in told.err


def test_every_exit_code_is_described() -> None:
    described = command_line.__doc__ or ""
    codes = {code for _, code in command_line._EXIT_CODES} | {0, 1, 2, 3, command_line._OUR_FAULT}
    codes |= {NOT_SHOWN_CODE, NOT_EVERYWHERE_CODE}

    assert {int(code) for code in re.findall(r"\b\d{1,2}\b", described)} == codes
