"""In the guest, in the place of Typer: the commands are called as functions, none is parsed.

Loading the real one takes an emulated machine two seconds at each start.
"""

from collections.abc import Callable
from typing import Any


class Typer:
    """Takes commands, and leaves them as they are."""

    def __init__(self, **_: object) -> None:
        pass

    def command(self, _: str) -> Callable[[Any], Any]:
        return lambda function: function


def Option(*_: object, **__: object) -> None:  # noqa: N802  # Typer's own name
    """Say nothing of an option."""


Argument = Option
