"""What the privileged side of the update believes: signatures, held in a folder of its own.

The client talks to the network as another user, and whoever has taken that user over may hand
anything over here. So the metadata that it brings is verified again from the image's root, held
against floors that only this side can write, and kept; no file of the client's is read.
"""

from collections.abc import Mapping

from greenline.ota.chunk_table import decode
from greenline.ota.errors import RefusedError
from greenline.ota.floors import FloorsFile
from greenline.ota.index import Index, target_path
from greenline.ota.metadata import MetadataClient, is_target
from greenline.ota.policy import Device, judge
from greenline.ota.reasons import Reason
from greenline.ota.trusted import Trusted


class Admission:
    """Says which release may be installed. Not safe to share between processes: hold the lock."""

    def __init__(self, metadata: MetadataClient, floors: FloorsFile, device: Device) -> None:
        self._metadata = metadata
        self._floors = floors
        self._device = device

    def adopt(self, files: Mapping[str, bytes]) -> None:
        """Take over metadata, by the names of its files. Raises RefusedError, CardError."""
        self._metadata.adopt(files)

    def kept(self) -> Trusted:
        """Return the metadata held here, verified. Raises RefusedError."""
        return self._metadata.kept()

    def admit(self, data: bytes) -> Index:
        """Return the index that bytes hold, when it is signed and for this device now.

        Raises RefusedError.
        """
        info = self.kept().target(target_path(self._device.hardware))
        if info is None or not is_target(data, info):
            raise RefusedError(
                Reason.BAD_SIGNATURE, "this release is not the one that is signed now: fetch again"
            )
        index = decode(data)
        judge(index, self._device, self._floors.read(), self._metadata.now())
        return index
