"""`greenline devices`: which sensors are attached, what they are, and what they are good for."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from greenline.cli.errors import CommandError
from greenline.drivers.discovery import Answer, Attached, ask, serial_ports, usb_devices
from greenline.drivers.errors import DriverError
from greenline.drivers.urls import open_sensor

app = typer.Typer()

_NOTHING = (
    "No serial port and no USB device is attached. Plug the sensor in; a module on the Pi's own "
    "pins is asked with --device serial:/dev/serial0."
)


@dataclass(frozen=True)
class Row:
    """One device. fault: why it does not answer, or was not asked."""

    attached: Attached
    answer: Answer | None
    fault: str


@app.command()
def devices(
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
    """List the sensors that are attached, what they are, and how good their pictures are."""
    if device is not None:
        rows = [_named(device, finger)]
    else:
        rows = [_row(found, finger, ask_it=ask_them) for found in _attached()]
    if as_json:
        print(json.dumps({"devices": [_record(row) for row in rows]}, indent=2))
    else:
        print(overview(rows))
    if ask_them and not any(row.answer for row in rows):
        raise CommandError("no sensor answers", 1)


def overview(rows: Sequence[Row]) -> str:
    """Return the list for a person."""
    return "\n\n".join(_text(row) for row in rows) or _NOTHING


def _attached() -> list[Attached]:
    try:
        from serial.tools.list_ports import comports  # noqa: PLC0415  # of the extra "device"
    except ModuleNotFoundError as fault:
        raise CommandError(
            "pyserial is not installed here: install greenline[device]", 4
        ) from fault
    return serial_ports(comports()) + usb_devices()


def _named(device: str, finger_s: float) -> Row:
    url = f"serial:{device}" if device.startswith("/") else device
    return Row(
        Attached(url, url.partition(":")[2].partition("?")[0], ""),
        _demand(ask(url, open_sensor, finger_s)),
        "",
    )


def _demand(answer: Answer | DriverError) -> Answer:
    if isinstance(answer, DriverError):
        raise answer
    return answer


def _row(attached: Attached, finger_s: float, *, ask_it: bool) -> Row:
    if not attached.url:
        return Row(attached, None, "not a sensor that Greenline has a driver for")
    if not ask_it:
        return Row(attached, None, "not asked")
    answer = ask(attached.url, open_sensor, finger_s)
    if isinstance(answer, DriverError):
        return Row(attached, None, str(answer))
    return Row(attached, answer, "")


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
        return f"{head}\n  {row.fault}"
    return "\n".join((head, *(f"  {line}" for line in _lines(row.attached, row.answer))))


def _lines(attached: Attached, answer: Answer) -> list[str]:
    info, fitness = answer.info, answer.fitness
    size = "size not known yet"
    if info.width is not None and info.dpi is not None:
        size = f"{info.width} x {info.height} pixels, {info.dpi:g} dpi"
    lines = [
        f"sensor   {info.model}, serial number {info.serial or 'none'}",
        f"picture  {size}, {info.grey_levels} grey levels",
        f"search   {fitness.level.value}",
        *(f"         - {reason}" for reason in fitness.reasons),
    ]
    speed = [f"speed    {answer.baud} bit/s"] if answer.baud else []
    return [*lines, *speed, f'sensor = "{attached.url}"']
