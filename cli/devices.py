"""`greenline devices`: what is attached, what it is, and what it is good for."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated
from urllib.parse import quote

import typer

from greenline.cli.errors import CommandError
from greenline.drivers.discovery import (
    Answer,
    Attached,
    ask,
    cameras,
    once_each,
    serial_ports,
    usb_devices,
)
from greenline.drivers.errors import DriverError
from greenline.drivers.sensor import SensorInfo
from greenline.drivers.urls import open_sensor
from greenline.drivers.v4l2_port import Linux

app = typer.Typer()

_NOTHING = (
    "No serial port and no USB device is attached. Plug the sensor in; a module on the Pi's own "
    "pins is asked with --device serial:/dev/serial0."
)
_NOT_ASKED = "not asked"
_WITH_FINGER = (
    "- its size becomes known with a finger: greenline devices --device {url} --finger 10"
)


@dataclass(frozen=True)
class Row:
    """One device. fault: why it does not answer, or was not asked."""

    attached: Attached
    answer: Answer | None
    fault: str


@app.command()
def devices(
    ctx: typer.Context,
    device: Annotated[
        str | None,
        typer.Option("--device", "--port", help="Ask this one only, like serial:/dev/ttyUSB0."),
    ] = None,
    finger: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait for a finger, for modules that hide their size."),
    ] = 0.0,
    ask_them: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Without asking nothing is sent to any port.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the sensors and cameras that are attached, what they are, how good their pictures are.

    The context's object, if any, says what is attached: a callable like attached_here().
    """
    look: Callable[[bool], Sequence[Attached]] = ctx.obj or attached_here
    found = look(ask_them) if device is None else [_named(device)]
    answers = [_ask(one, finger) if ask_them else None for one in found]
    rows = [_row(*pair) for pair in zip(found, answers, strict=True)]
    if as_json:
        print(json.dumps({"devices": [_record(row) for row in rows]}, indent=2))
    elif device is None or not isinstance(answers[0], DriverError):
        print(overview(rows))
    if device is not None and isinstance(answers[0], DriverError):
        raise answers[0]
    if ask_them:
        _demand_answers(rows)


def overview(rows: Sequence[Row]) -> str:
    """Return the list for a person."""
    return "\n\n".join(_text(row) for row in rows) or _NOTHING


def attached_here(ask_them: bool) -> list[Attached]:
    """Return what is attached to this machine. ask_them: cameras may be asked what they are."""
    try:
        from serial.tools.list_ports import comports  # noqa: PLC0415  # of the extra "device"
    except ModuleNotFoundError as fault:
        raise CommandError(
            "pyserial is not installed here: install greenline[device]", 4
        ) from fault
    return once_each(serial_ports(comports()), usb_devices(), cameras(Linux(), ask_them=ask_them))


def _named(device: str) -> Attached:
    url = f"serial:{quote(device)}" if device.startswith("/") else device
    return Attached(url, url.partition(":")[2].partition("?")[0], "")


def _ask(attached: Attached, finger_s: float) -> Answer | DriverError | None:
    """Ask what may be a sensor; None: it is something else."""
    if attached.remark:
        return None

    def prompt(info: SensorInfo) -> None:
        told = f"{info.model} at {attached.place}: place a finger on it within {finger_s:g} s ..."
        print(told, file=sys.stderr, flush=True)

    return ask(attached.url, open_sensor, finger_s, prompt)


def _row(attached: Attached, answer: Answer | DriverError | None) -> Row:
    if isinstance(answer, Answer):
        return Row(attached, answer, answer.missed)
    if answer is None:
        return Row(attached, None, "" if attached.remark else _NOT_ASKED)
    return Row(attached, None, str(answer))


def _demand_answers(rows: Sequence[Row]) -> None:
    """Raise CommandError when no sensor answers, or a finger that was asked for did not come."""
    if not any(row.answer for row in rows):
        raise CommandError("no sensor answers", 1)
    missed = [row.answer.missed for row in rows if row.answer and row.answer.missed]
    if missed:
        raise CommandError(missed[0], 1)


def _record(row: Row) -> dict[str, object]:
    record: dict[str, object] = {**asdict(row.attached), "fault": row.fault, "sensor": None}
    if row.answer is not None:
        record["sensor"] = {
            **asdict(row.answer.info),
            "baud": row.answer.baud,
            "fitness": row.answer.fitness.level.value,
            "reasons": list(row.answer.fitness.reasons),
        }
    return record


def _text(row: Row) -> str:
    found = row.attached
    numbers = f"{found.vendor}:{found.product}" if found.vendor else ""
    head = "  ".join(part for part in (found.place, numbers, found.words, found.serial) if part)
    if row.answer is None:
        return f"{head}\n  {row.fault or found.remark}"
    return "\n".join((head, *(f"  {line}" for line in _lines(row.attached, row.answer))))


def _lines(attached: Attached, answer: Answer) -> list[str]:
    info, fitness = answer.info, answer.fitness
    size = "size not known yet"
    if info.width is not None and info.dpi is not None:
        size = f"{info.width} x {info.height} pixels, {info.dpi:g} dpi"
    reasons = [f"- {reason}" for reason in fitness.reasons]
    if info.width is None:
        missed = f"- {answer.missed}" if answer.missed else _WITH_FINGER.format(url=attached.url)
        reasons.append(missed)
    lines = [
        f"sensor   {info.model}, serial number {info.serial or 'none'}",
        f"picture  {size}, {info.grey_levels} grey levels",
        f"search   {fitness.level.value}",
        *(f"         {reason}" for reason in reasons),
    ]
    speed = [f"speed    {answer.baud} bit/s"] if answer.baud else []
    return [*lines, *speed, f'sensor = "{attached.url}"']
