"""Structured logs: one JSON object a line on standard error, and never a biometric byte.

Only text, numbers and truth values get through; bytes, arrays and long text that could be an
encoded template are replaced by what they are and how long.
"""

import json
import logging
import sys
import time
from typing import Any

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LONGEST_TEXT = 400
_LONGEST_WORD = 64


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
            "event": _harmless(record.getMessage()),
        }
        for name, value in vars(record).items():
            if name not in _OWN_FIELDS:
                line[name] = _harmless(value)
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
            if logging.getLogger("greenline").isEnabledFor(logging.DEBUG):
                line["trace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(line, ensure_ascii=False)


def set_up(process: str) -> None:
    """Send all logs of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


def _harmless(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        return f"<{type(value).__name__}, not logged>"
    if len(value) > _LONGEST_TEXT or any(len(word) > _LONGEST_WORD for word in _words(value)):
        return f"<text of {len(value)} characters, not logged>"
    return str(value)


def _words(text: str) -> list[str]:
    """Split at what stands in sentences and paths, but not in hex, base64 or an array's numbers."""
    return text.replace("/", " ").replace("_", " ").replace("-", " ").split()
