"""`greenline`: finds the subcommand's file, and turns faults into one sentence and an exit code.

Exit codes: 0 done, 1 the answer is no (a check that failed), 2 wrong usage, 3 bad input (picture,
record, print folder) or an output that cannot be written, 4 configuration or keys, 5 store,
gallery, ledger or a process of a demo, 6 device, 7 link, 8 a fault in Greenline itself, 9 an audit
log of which the beginning is not shown, 10 a deletion that kiosk and matcher do not both prove.
"""

import importlib
import logging
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from greenline.centre.authority.errors import AuthorityError, RefusedError, RequestError
from greenline.centre.examinations_errors import ExaminationsError, NotThereError
from greenline.centre.operators_errors import NotAllowedError, OperatorsError
from greenline.cli.errors import CommandError
from greenline.cli.traces import forbid_dumps
from greenline.drivers.errors import DriverError, LibraryMissingError
from greenline.firmware.errors import (
    AuthorityLostError,
    AuthorityRefusedError,
    ConfigurationError,
    DeviceKeyError,
    FirmwareError,
    WipedError,
)
from greenline.link.settings import LinkError
from greenline.matcher.errors import EnrolmentError, GalleryKeyError, MatcherError
from greenline.models.errors import ModelsError, RuntimeMissingError
from greenline.ota import errors as ota
from greenline.prints.errors import PrintsError
from greenline.protocol.errors import ProtocolError

COMMANDS = {
    "demo": "Set up a whole checkpoint on this machine and open it.",
    "demo-update": "Update the demo's kiosk over a bad link, and see a bad release be undone.",
    "kiosk": "Run the kiosk: sensor, store, officer's page.",
    "clock": "Raise the system's clock to what somebody has signed.",
    "wipe": "Make everything on a kiosk unreadable, at once and for good.",
    "uplink": "Run the pipe between a kiosk and the broker.",
    "queue": "Show what waits in a kiosk, send it again, carry it by hand.",
    "matcher": "Run the matcher that answers kiosks.",
    "rotate": "Make new keys for the matcher; the old ones serve on for a while.",
    "authority": "Decide which kiosks belong to a site: enrol, renew, revoke.",
    "operators": "Decide who may work at the kiosks: accounts, PINs, roles.",
    "review": "Examine leads, as the second person at the centre.",
    "audit": "Check, read and export audit logs.",
    "update": "Ask for a new release, fetch it, install it.",
    "release": "Build, sign and publish what kiosks install.",
    "gallery": "Fill, export, check and count the gallery.",
    "enrol": "Enrol pictures of fingers on a list.",
    "extract": "Turn a picture into an ISO/IEC 19794-2 record.",
    "compare": "Compare two pictures or records.",
    "bench": "Measure accuracy and speed.",
    "devices": "List the sensors that are attached, and how good their pictures are.",
    "capture": "Take one picture with a sensor, into a file.",
    "simulate": "Run a simulated sensor with a page on which prints are pressed.",
    "models": "Show the models, and test whether they work here.",
    "synth": "Make pictures of fingers that nobody has.",
}

_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (EnrolmentError, 3),
    (PrintsError, 3),
    (RuntimeMissingError, 4),
    (ModelsError, 3),
    (ConfigurationError, 4),
    (WipedError, 4),
    (DeviceKeyError, 4),
    (AuthorityRefusedError, 1),
    (AuthorityLostError, 7),
    (GalleryKeyError, 4),
    (ProtocolError, 4),
    (LibraryMissingError, 4),
    (RefusedError, 1),
    (NotAllowedError, 1),
    (OperatorsError, 5),
    (NotThereError, 1),
    (ExaminationsError, 5),
    (RequestError, 3),
    (AuthorityError, 5),
    (MatcherError, 5),
    (FirmwareError, 5),
    (DriverError, 6),
    (LinkError, 7),
    (ota.KeyFileError, 4),
    (ota.NotReadyError, 1),
    (ota.OfficeError, 3),
    (ota.RefusedError, 1),
    (ota.LostError, 7),
    (ota.OtaError, 5),
)
_OUR_FAULT = 8


class LazyGroup(TyperGroup):
    """Imports a file only for its own subcommand: a kiosk lacks the libraries of the others."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the framework's interface
        """Return the subcommands in the order to show them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # as above
        """Return name and help of a subcommand, enough to list it; None when there is none."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the subcommand that is to run, with the rest of the arguments."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and _load(name or ""), rest


def _load(name: str) -> Any:
    """Import a subcommand. Raises CommandError when a library of its own is missing."""
    try:
        module = importlib.import_module(f"greenline.cli.{name.replace('-', '_')}")
    except ModuleNotFoundError as fault:
        if (fault.name or "greenline").partition(".")[0] == "greenline":
            raise
        raise CommandError(
            f"'greenline {name}' needs the library {fault.name!r}, which is not installed here", 4
        ) from fault
    command = typer.main.get_command(module.app)
    command.name = name
    command.help = command.help or COMMANDS[name]
    return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False)


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show where in the program a fault arose."),
) -> None:
    """Greenline: a border-checkpoint fingerprint kiosk, and the matcher it talks to."""
    logging.getLogger("greenline").setLevel(logging.DEBUG if debug else logging.INFO)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; never shows a stack trace unless asked with --debug.

    arguments: None takes those that the process was started with.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    debug = "--debug" in arguments[:1]
    forbid_dumps()
    try:
        app(arguments)
    except CommandError as fault:
        _leave(fault, str(fault), fault.exit_code, debug=debug)
    except tuple(kind for kind, _ in _EXIT_CODES) as fault:
        code = next(code for kind, code in _EXIT_CODES if isinstance(fault, kind))
        _leave(fault, str(fault), code, debug=debug)
    except Exception as fault:  # noqa: BLE001  # the top of the process: nothing is swallowed
        # The fault's own text may hold data, so only its kind is told.
        told = f"a fault in Greenline itself ({type(fault).__name__}): report it, with the output "
        _leave(fault, told + "of 'greenline --debug ...'", _OUR_FAULT, debug=debug)


def _leave(fault: Exception, told: str, code: int, *, debug: bool) -> None:
    if debug:
        traceback.print_exception(fault)
    print(f"greenline: {told}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
