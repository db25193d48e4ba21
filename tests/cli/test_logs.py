"""The logs: one JSON object a line, and no way by which a biometric byte gets into it."""

import base64
import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenline.cli.logs import JsonFormatter, set_up

RECORD = b"FMR\0 20\0" + np.random.default_rng(3).bytes(340)
"""Stands for a template's record: the usual beginning, then bytes of all kinds."""

REQUEST = "0123456789abcdef" * 2


def line(message: object, *arguments: object, **extra: object) -> dict[str, Any]:
    """Return what the log says for log.info(message, *arguments, extra=extra)."""
    record = logging.makeLogRecord({"msg": message, "args": arguments, **extra})
    found: dict[str, Any] = json.loads(JsonFormatter("kiosk").format(record))
    return found


FORMS: dict[str, Callable[[bytes], object]] = {
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda data: np.frombuffer(data, np.uint8),
    "two-dimensional array": lambda data: np.frombuffer(data, np.uint8).reshape(-1, 4),
    "list of numbers": list,
    "tuple of floats": lambda data: tuple(float(value) for value in data),
    "dictionary": lambda data: {"template": data},
    "one large number": int.from_bytes,
    "hexadecimal": bytes.hex,
    "hexadecimal with spaces": lambda data: data.hex(" "),
    "hexadecimal with colons": lambda data: data.hex(":"),
    "base64": lambda data: base64.b64encode(data).decode(),
    "base64 for addresses": lambda data: base64.urlsafe_b64encode(data).decode(),
    "base64 in lines": lambda data: base64.encodebytes(data).decode(),
    "base85": lambda data: base64.b85encode(data).decode(),
    "printed bytes": repr,
    "printed numbers": lambda data: str(list(data)),
    "printed array": lambda data: str(np.frombuffer(data, np.uint8)),
    "bytes as Latin-1 text": lambda data: data.decode("latin-1"),
    "bytes as broken text": lambda data: data.decode(errors="replace"),
}
ROUTES: dict[str, Callable[[object], dict[str, Any]]] = {
    "message": line,
    "argument": lambda value: line("taken %s", value),
    "printed argument": lambda value: line("taken %r after %d ms", value, 7),
    "named argument": lambda value: line("taken %(what)s", {"what": value}),
    "extra": lambda value: line("taken", template=value),
    "extra fault": lambda value: line("taken", fault=ValueError(value)),
    "fault as argument": lambda value: line("lost: %s", ValueError(value)),
}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [40, 100, 348])
def test_no_form_of_a_record_gets_into_a_line(form: str, route: str, size: int) -> None:
    value = FORMS[form](RECORD[:size])

    told = ROUTES[route](value)

    assert leaked(json.dumps(told), value) == []


def leaked(text: str, value: object) -> list[str]:
    """Return the pieces of a value, as it is printed, that stand in a line."""
    if isinstance(value, memoryview):  # prints its address
        value = bytes(value)
    printed = {str(value), repr(value), json.dumps(str(value))[1:-1]}
    pieces = {whole[start : start + 12] for whole in printed for start in range(0, len(whole), 12)}
    return sorted(piece for piece in pieces if len(piece) == 12 and piece in text)


def test_what_was_kept_out_is_named_with_its_kind() -> None:
    assert (
        line("taken", template=RECORD, pixels=np.zeros(3), word="x" * 41)["template"]
        == "<bytes, not logged>"
    )
    assert line("taken %s", RECORD)["event"] == "taken <bytes, not logged>"
    assert line("taken", word="x" * 41)["word"] == "<text of 41 characters, not logged>"


@given(st.binary(min_size=48, max_size=300))
def test_no_bytes_at_all_get_through_as_base64_or_hexadecimal(data: bytes) -> None:
    data = RECORD[:48] + data
    for text in (base64.b64encode(data).decode(), data.hex(), base64.b16encode(data).decode()):
        assert line(text)["event"] == f"<text of {len(text)} characters, not logged>"


@pytest.mark.parametrize(
    "value",
    [
        "the uplink process is not running",
        REQUEST,
        f"request {REQUEST} is repeated",
        "/var/lib/greenline/kiosk-01.store cannot be opened: does its folder exist?",
        "/mnt/greenline/test_a_message_goes_from_kiosk0/site/mosquitto.conf: no such file",
        "http://127.0.0.1:41233/",
        "/dev/serial/by-id/usb-Silicon_Labs_CP2102_USB_to_UART_Bridge_Controller_0001-if00-port0",
        "no connection to the broker ([Errno 113] No route to host)",
        "greenline/1/request/kiosk-01",
        "Датотека није пронађена",
        7,
        -3.25,
        True,
        None,
    ],
)
def test_what_a_technician_needs_gets_through(value: object) -> None:
    assert line("event", value=value)["value"] == value
    if value is not None:
        assert line("%s", value)["event"] == str(value)


def test_numbers_that_json_does_not_know_or_that_hold_too_much_are_written_as_text() -> None:
    told = line("event", a=float("nan"), b=float("-inf"), c=2**70)

    assert told["a"] == "nan"
    assert told["b"] == "-inf"
    assert told["c"] == "<number of 71 bits, not logged>"


def test_paths_and_faults_are_written_in_words() -> None:
    fault = FileNotFoundError(2, "No such file or directory", "/etc/greenline/kiosk.toml")

    assert line("%s: %s", Path("/etc/greenline"), fault)["event"] == (
        "/etc/greenline: [Errno 2] No such file or directory: '/etc/greenline/kiosk.toml'"
    )


def test_a_message_whose_arguments_do_not_fit_is_written_without_them() -> None:
    assert line("taken %d", "x")["event"] == "taken %d"
    assert line("taken", RECORD)["event"] == "taken"


@pytest.fixture
def debugging() -> Iterator[None]:
    log = logging.getLogger("greenline")
    before = log.level
    log.setLevel(logging.DEBUG)
    yield
    log.setLevel(before)


def raised(fault: Exception) -> Any:
    try:
        raise fault
    except type(fault):
        return sys.exc_info()


def test_a_fault_is_named_but_its_text_is_not_written() -> None:
    told = line("search failed", exc_info=raised(ValueError("the officer's words")))

    assert told["fault"] == "ValueError"
    assert "the officer's words" not in json.dumps(told)


@pytest.mark.usefixtures("debugging")
def test_a_stack_trace_with_debug_has_no_biometric_byte_either() -> None:
    told = line("search failed", exc_info=raised(ValueError(RECORD)))

    assert told["trace"][0] == "Traceback (most recent call last):"
    assert told["trace"][-1].endswith("characters, not logged>")
    assert leaked(json.dumps(told), RECORD) == []


@pytest.fixture
def logging_restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level, threading.excepthook, logging.raiseExceptions)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, threading.excepthook, logging.raiseExceptions = before


@pytest.mark.usefixtures("logging_restored")
def test_everything_of_a_process_goes_to_standard_error_as_one_object_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("matcher")

    logging.getLogger("paho").warning("bad packet %s", RECORD)
    marked = {"request": REQUEST, "_mark_of_a_library": 1}
    logging.getLogger("greenline.x").info("taken\nand more", extra=marked)

    lines = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert [{**told, "time": ""} for told in lines] == [
        {"time": "", "level": "warning", "process": "matcher",
         "event": "bad packet <bytes, not logged>"},
        {"time": "", "level": "info", "process": "matcher", "event": "taken\nand more",
         "request": REQUEST},
    ]  # fmt: skip


@pytest.mark.usefixtures("logging_restored")
def test_a_thread_that_ends_by_a_fault_is_logged_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up("kiosk")

    def fail() -> None:
        raise ValueError(RECORD)

    thread = threading.Thread(target=fail, name="gate")
    thread.start()
    thread.join()

    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["thread_name"], told["fault"]) == (
        "thread ended by a fault", "gate", "ValueError",
    )  # fmt: skip
    assert leaked(json.dumps(told), RECORD) == []
