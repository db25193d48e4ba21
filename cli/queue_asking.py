"""Asks a running kiosk about its queue, through the door beside its store."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from greenline.cli.errors import CommandError
from greenline.firmware import queue_messages as messages
from greenline.firmware.errors import PipeError
from greenline.firmware.queue_door import PATIENCE_S, door_beside, through
from greenline.firmware.queue_messages import Done, Question, Reply, Sorry

_CHUNK = 65536
_WAIT_S = 2 * PATIENCE_S  # another command may be served first


class NoKioskError(Exception):
    """Nobody listens at the door: no kiosk runs, or one without a door."""


def ask(store: Path, question: Question) -> Iterator[Reply]:
    """Yield what a kiosk answers, up to and with Done. Raises NoKioskError, CommandError."""
    with contextlib.closing(_connected(store)) as kiosk:
        decoder = messages.replies()
        try:
            kiosk.sendall(messages.encode(question))
            while data := kiosk.recv(_CHUNK):
                for reply in decoder.feed(data):
                    if isinstance(reply, Sorry):
                        raise CommandError(reply.words, 5)
                    yield reply
                    if isinstance(reply, Done):
                        return
        except TimeoutError as fault:
            raise CommandError(
                f"the kiosk did not answer within {_WAIT_S:.0f} s: try again, and look at its log",
                5,
            ) from fault
        except (OSError, PipeError) as fault:
            raise CommandError(f"the kiosk's answer broke off ({fault}): try again", 5) from fault
    raise CommandError("the kiosk hung up before it had answered: try again", 5)


def _connected(store: Path) -> socket.socket:
    door = door_beside(store)
    kiosk = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    kiosk.settimeout(_WAIT_S)
    try:
        folder = os.open(store.parent, os.O_PATH | os.O_DIRECTORY)
        try:
            kiosk.connect(through(folder, door))
        finally:
            os.close(folder)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as fault:
        kiosk.close()
        raise NoKioskError from fault
    except PermissionError as fault:
        kiosk.close()
        raise CommandError(f"{door} is closed to you: run this as root", 5) from fault
    except OSError as fault:
        kiosk.close()
        raise CommandError(f"the kiosk cannot be asked at {door}: {fault.strerror}", 5) from fault
    return kiosk
