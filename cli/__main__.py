"""`greenline`: finds the subcommand's file, and turns faults into one sentence and an exit code.

Exit codes: 0 done, 1 the answer is no (a check that failed), 2 wrong usage, 3 bad input (picture,
record, print folder), 4 configuration or keys, 5 store, gallery or ledger, 6 device, 7 link.
"""

import importlib
import logging
import sys
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from greenline.cli.errors import CommandError
from greenline.drivers.errors import DriverError
from greenline.firmware.errors import ConfigurationError, FirmwareError
from greenline.link.settings import LinkError
from greenline.matcher.errors import EnrolmentError, GalleryKeyError, MatcherError
from greenline.models.errors import ModelsError
from greenline.prints.errors import PrintsError
from greenline.protocol.errors import ProtocolError

COMMANDS = {
    "demo": "Set up a whole checkpoint on this machine and open it.",
    "kiosk": "Run the kiosk: sensor, store, officer's page.",
    "uplink": "Run the pipe between a kiosk and the broker.",
    "matcher": "Run the matcher that answers kiosks.",
    "enrol": "Enrol pictures of fingers on a list.",
    "extract": "Turn a picture into an ISO/IEC 19794-2 record.",
    "compare": "Compare two pictures or records.",
    "bench": "Measure accuracy and speed.",
    "simulate": "Run a simulated sensor with a page on which prints are pressed.",
}

_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (EnrolmentError, 3),
    (PrintsError, 3),
    (ModelsError, 3),
    (ConfigurationError, 4),
    (GalleryKeyError, 4),
    (ProtocolError, 4),
    (MatcherError, 5),
    (FirmwareError, 5),
    (DriverError, 6),
    (LinkError, 7),
)


class LazyGroup(TyperGroup):
    """Imports a file only for its own subcommand: a kiosk lacks the libraries of the others."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the framework's interface
        """Return the subcommands in the order to show them."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # as above
        """Return one subcommand, or None when there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"greenline.cli.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.help = command.help or COMMANDS[cmd_name]
        return command


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False)


@app.callback()
def options(
    debug: bool = typer.Option(False, "--debug", help="Show where in the program a fault arose."),
) -> None:
    """Greenline: a border-checkpoint fingerprint kiosk, and the matcher it talks to."""
    logging.getLogger("greenline").setLevel(logging.DEBUG if debug else logging.INFO)


def main() -> None:
    """Run the command line; never shows a stack trace unless asked with --debug."""
    debug = "--debug" in sys.argv[1:2]
    try:
        app()
    except CommandError as fault:
        _leave(fault, fault.exit_code, debug=debug)
    except tuple(kind for kind, _ in _EXIT_CODES) as fault:
        code = next(code for kind, code in _EXIT_CODES if isinstance(fault, kind))
        _leave(fault, code, debug=debug)


def _leave(fault: Exception, code: int, *, debug: bool) -> None:
    if debug:
        traceback.print_exception(fault)
    print(f"greenline: {fault}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
