"""The door between the client, which talks to the network, and the side that may write the slots.

The client sees only this contract. `Inside` is that side in the same process, for a device whose
client has its rights anyway; door_serving.py opens one to another user, door_calling.py is that
user's end.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from greenline.ota.admission import Admission
from greenline.ota.durable import make_folder, on_card
from greenline.ota.files import SignedFiles
from greenline.ota.installer import Installer
from greenline.ota.lock import one_updater, while_idle
from greenline.ota.place import SlotContent, SlotReader, SlotWriter
from greenline.ota.slots import Slot

Metadata = Mapping[str, bytes]
"""The signed metadata, by python-tuf's names for its files."""


class Door(Protocol):
    """What the client may ask of the side that owns the slots."""

    def wait_for_nobody(self) -> None:
        """Return when no traveller is being checked. Raises RefusedError (busy) else."""

    def look(self, slot: Slot) -> contextlib.AbstractContextManager[SlotReader]:
        """Open a slot for reading."""

    def open(
        self, metadata: Metadata, index: bytes
    ) -> contextlib.AbstractContextManager[SlotWriter]:
        """Open the slot that does not run for a release; kept as ready when prove() has passed.

        Raises RefusedError, CardError, OtaError.
        """

    def lacking(self, metadata: Metadata) -> list[str]:
        """Return the names of signed files to be handed over; drops those no longer signed.

        Raises RefusedError, CardError, OtaError.
        """

    def lay(self, name: str, data: bytes) -> None:
        """Hand over a signed file. Raises RefusedError, CardError, OtaError."""


@dataclass(frozen=True)
class Inside:
    """The other side itself. slots: that may be read, by name. lock: of who writes the slots.

    files: signed files besides releases, where only this side can write them.
    """

    installer: Installer
    admission: Admission
    slots: Mapping[str, Slot]
    lock: Path
    files: SignedFiles

    def wait_for_nobody(self) -> None:
        """Return when no traveller is being checked. Raises RefusedError (busy) else."""
        with while_idle(self.installer.busy):
            pass

    def look(self, slot: Slot) -> SlotContent:
        """Open a slot for reading; what cannot be read holds nothing."""
        return SlotContent(self.slots[slot.name].place)

    @contextlib.contextmanager
    def open(self, metadata: Metadata, index: bytes) -> Iterator[SlotWriter]:
        """Open the slot that does not run, after everything was verified. Raises OtaError."""
        with self.alone():
            self.admission.adopt(metadata)
            with self.installer.writing(index) as slot:
                yield slot

    def lacking(self, metadata: Metadata) -> list[str]:
        """Return the names of signed files to be handed over. Raises RefusedError, CardError."""
        with self.alone():
            self.admission.adopt(metadata)
            trusted = self.admission.kept()
            self.files.clear(trusted)
            return self.files.differing(trusted)

    def lay(self, name: str, data: bytes) -> None:
        """Keep a file that is signed by the metadata held here. Raises RefusedError, CardError."""
        with self.alone():
            self.files.lay(self.admission.kept(), name, data)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who changes the slots. Raises RefusedError (locked), CardError."""
        with on_card(self.lock):
            make_folder(self.lock.parent)
        with one_updater(self.lock):
            yield
