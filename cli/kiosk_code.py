"""The one-time code of an enrolment: asked for, or read from where no process list shows it."""

import re
import sys
from pathlib import Path

import typer

from greenline.cli.errors import CommandError

_MOST_BYTES = 200
_STANDARD_INPUT = Path("-")
_CODE = re.compile(r"[ -~]{1,100}")
_SERIAL = re.compile(r"[A-Za-z0-9._-]{1,64}")


def enrolment_code(code: str | None, file: Path | None) -> str:
    """Return the code as given, from a file ("-": standard input), or as typed when asked.

    Raises CommandError.
    """
    if code is not None and file is not None:
        raise CommandError("give --code or --code-file, not both", 2)
    if file is not None:
        code = _read(file)
    elif code is None:
        code = str(typer.prompt("Enrolment code", hide_input=True))
    code = code.strip()
    if not _CODE.fullmatch(code):
        raise CommandError(
            f"{code[:100]!a} is no code: a code is four groups of letters and digits, such as "
            "7K3M-Q9TX-0VCA-H4RW",
            2,
        )
    return code


def check_serial(serial: str) -> str:
    """Return a serial that the allow-list could hold. Raises CommandError."""
    if not _SERIAL.fullmatch(serial):
        raise CommandError(
            f"{serial[:100]!a} is no serial: 1 to 64 letters, digits, '.', '_', '-'", 2
        )
    return serial


def _read(file: Path) -> str:
    try:
        if file == _STANDARD_INPUT:
            return sys.stdin.buffer.read(_MOST_BYTES).decode("ascii", "surrogateescape")
        with file.open("rb") as opened:
            return opened.read(_MOST_BYTES).decode("ascii", "surrogateescape")
    except OSError as fault:
        raise CommandError(f"the code's file {file} cannot be read: {fault.strerror}", 4) from fault
