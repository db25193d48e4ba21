"""Reads a TOML file into a frozen struct; an unknown key is an error, with its name."""

import datetime
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from greenline.cli.errors import CommandError

MOST_BYTES = 65_536
_MOST_PARTS = 32
_DEEP = re.compile(rb"(?<![^\s.=#,])(?:[^\s.=#,]+[ \t]*\.[ \t]*){%d}" % _MOST_PARTS)

_Config = TypeVar("_Config", bound=msgspec.Struct)


def read_configuration(path: Path, kind: type[_Config]) -> _Config:
    """Return the configuration. Raises CommandError (exit code 4) naming file, key and cause."""
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as fault:
        raise CommandError(
            f"the configuration {path} cannot be read: {fault.strerror}", 4
        ) from fault
    if len(text) > MOST_BYTES:
        raise CommandError(f"{path} is larger than {MOST_BYTES} bytes: no configuration is", 4)
    if _DEEP.search(text):  # Python's reader takes the square of their number in time
        raise CommandError(f"{path}: a key in it has more than {_MOST_PARTS} parts", 4)
    try:
        config = msgspec.toml.decode(text, type=kind, dec_hook=_decode)
    except msgspec.DecodeError as fault:
        raise CommandError(f"{path}: {fault}", 4) from fault
    except (UnicodeDecodeError, RecursionError) as fault:
        raise CommandError(f"{path} is not a configuration in UTF-8", 4) from fault
    except ValueError as fault:  # what Python says of a number of thousands of digits
        raise CommandError(f"{path}: a number in it is too long", 4) from fault
    # TOML knows 'nan' and 'inf'; a threshold of 'nan' would make every search end with "none".
    strange = _not_finite(msgspec.to_builtins(config, enc_hook=str))
    if strange:
        raise CommandError(f"{path}: {strange} must be a finite number", 4)
    return config


def _not_finite(table: dict[str, object]) -> str:
    """Return the name of a value that is no finite number; empty when there is none."""
    for key, value in table.items():
        if isinstance(value, float) and not math.isfinite(value):
            return key
        if isinstance(value, dict) and (inner := _not_finite(value)):
            return f"{key}.{inner}"
    return ""


def _decode(kind: type, value: object) -> object:
    if kind is not Path:
        raise NotImplementedError  # msgspec's way to say: no such type in a configuration
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("a path is a text, and has no NUL in it")
    return Path(value)


def write_configuration(path: Path, config: msgspec.Struct) -> None:
    """Write a configuration as TOML that read_configuration() reads back."""
    path.write_text(toml_of(config), encoding="utf-8")


def toml_of(config: msgspec.Struct) -> str:
    """Return a configuration as TOML that read_configuration() reads back."""
    return _toml(msgspec.to_builtins(config, enc_hook=str, builtin_types=(datetime.datetime,)))


def _toml(table: dict[str, object], prefix: str = "") -> str:
    lines = [
        f"{_key(key)} = {_value(value)}"
        for key, value in table.items()
        if value is not None and not _is_table(value)  # TOML has no word for None
    ]
    for key, value in table.items():
        name = prefix + _key(key)
        if isinstance(value, dict):
            lines += ["", f"[{name}]", _toml(value, f"{name}.").rstrip()]
        elif _is_table(value):
            for each in cast("Sequence[dict[str, object]]", value):
                lines += ["", f"[[{name}]]", _toml(each, f"{name}.").rstrip()]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _value(key)


def _is_table(value: object) -> bool:
    """Say whether a value is a table, or an array of them."""
    tables = value if isinstance(value, list | tuple) else [value]
    return bool(tables) and all(isinstance(table, dict) for table in tables)


def _value(value: object) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    # JSON writes strings, numbers, truth values and arrays of them as TOML does, but for DEL.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
