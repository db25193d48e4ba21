"""Structured logs: one JSON object a line on standard error, and never a biometric byte.

Only text, numbers and truth values get through; bytes, arrays and text that could be an encoded
template or picture are replaced by what they are and how long.
"""

import json
import logging
import math
import re
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST_TEXT = 400
_LONGEST_WORD = 40  # a request's id has 32, a key in hexadecimal 64
_MOST_BITS = 64
_SEPARATORS = re.compile(r"[/_.\-]")
# A part of a path or of a name may be long, or mix cases and digits, but not both.
_ENCODED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9]).{17,}|.{41,}")
# Bytes or an array as Python prints them, many numbers or pairs of hexadecimal in a row, or
# characters that nobody writes (bytes decoded as text).
_DUMP = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ud800-\udfff]|"
    r"\\x[0-9a-f]{2}|array\(|(?:[-+\d.e]+[\[\],;\s]+){7}[-+\d.]|(?:\b[0-9A-Fa-f]{2}[\s:,]+){7}"
)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON. process: which of our processes speaks."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "process": self._process,
            "event": _event(record),
        }
        for name, value in vars(record).items():
            # A name with an underscore is a library's own: Ray marks every record of the process.
            if name not in _OWN_FIELDS and not name.startswith("_"):
                line[name] = _harmless(value)
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
            if logging.getLogger("greenline").isEnabledFor(logging.DEBUG):
                trace = self.formatException(record.exc_info).splitlines()
                line["trace"] = [_harmless(text) for text in trace]
        return json.dumps(line, ensure_ascii=False)


def set_up(process: str) -> None:
    """Send all logs of this process to standard error as JSON lines, also what ends a thread."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.raiseExceptions = False  # a record that cannot be written must not be printed either
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_ended


def _thread_ended(fault: threading.ExceptHookArgs) -> None:
    """Log what ended a thread; Python would print it with all its text."""
    name = fault.thread.name if fault.thread else "unknown"
    logging.getLogger("greenline").error(
        "thread ended by a fault", extra={"thread_name": name, "fault": fault.exc_type.__name__}
    )


def _event(record: logging.LogRecord) -> object:
    """Return the message, with arguments that are neither text nor numbers replaced."""
    arguments: Any = record.args
    if isinstance(arguments, Mapping):
        arguments = {name: _argument(value) for name, value in arguments.items()}
    elif arguments:
        arguments = tuple(_argument(value) for value in arguments)
    try:
        return _harmless(str(record.msg) % arguments if arguments else str(record.msg))
    except (TypeError, ValueError, KeyError):
        return _harmless(str(record.msg))


def _argument(value: object) -> object:
    return str(value) if isinstance(value, Exception | PurePath) else _harmless(value)


def _harmless(value: object) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # JSON knows neither nan nor inf
    if isinstance(value, int):
        bits = value.bit_length()
        return value if bits <= _MOST_BITS else f"<number of {bits} bits, not logged>"
    if not isinstance(value, str):
        return f"<{type(value).__name__}, not logged>"
    if len(value) > _LONGEST_TEXT or _DUMP.search(value) or any(map(_encoded, value.split())):
        return f"<text of {len(value)} characters, not logged>"
    return str(value)


def _encoded(word: str) -> bool:
    """Whether a word could be hex or base64 of something: long, and not made of shorter words."""
    return len(word) > _LONGEST_WORD and any(map(_ENCODED.match, _SEPARATORS.split(word)))
