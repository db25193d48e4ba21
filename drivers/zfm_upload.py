"""Fetching a picture from a ZFM module's buffer, where it stays until the next GenImg.

Packets have no number and their check sum is weak, so a picture is believed by its total: the size
that the module states, or one of the known sizes.
"""

from collections.abc import Callable

from greenline.drivers.errors import BadTransferError, PortTimeoutError
from greenline.drivers.sensor import Progress
from greenline.drivers.zfm_commands import Command
from greenline.drivers.zfm_geometry import BY_BYTES, Geometry
from greenline.drivers.zfm_link import NOTHING, Answer, Link, Transfer
from greenline.drivers.zfm_start import demand_ok
from greenline.drivers.zfm_tuning import Tuning

_ATTEMPTS = 3


class Upload:
    """UpImage, repeated while it arrives damaged. geometry: None until it is known.

    ask: gives a command and returns its answer.
    """

    def __init__(
        self,
        link: Link,
        tuning: Tuning,
        ask: Callable[[Command], Answer],
        geometry: Geometry | None,
    ) -> None:
        self.geometry = geometry
        self._link = link
        self._tuning = tuning
        self._ask = ask

    def fetch(self, progress: Progress) -> tuple[bytes, Geometry]:
        """Return the picture's bytes, two pixels in each, and its size. Raises DriverError.

        Where the speed was raised, it is lowered by one step once the repeats are used up.
        """
        try:
            return self._fetch_repeatedly(progress)
        except BadTransferError:
            if not self._tuning.step_down():
                raise
        return self._fetch_repeatedly(progress)

    def _fetch_repeatedly(self, progress: Progress) -> tuple[bytes, Geometry]:
        unmarked: bytes | None = None
        for attempt in range(_ATTEMPTS):
            repeated, last = attempt > 0, attempt == _ATTEMPTS - 1
            transfer = self._transfer(progress, may_be_busy=repeated and not last)
            size = self.geometry or BY_BYTES.get(len(transfer.data))
            if size is None or len(transfer.data) != size.picture_bytes:
                continue
            # While the size is still to be learnt, half a picture may look like a whole small one:
            # believe no damaged one, and none without an end mark at once.
            sure = transfer.clean and (transfer.ended or transfer.data == unmarked)
            if self.geometry or sure:
                self.geometry = size
                progress(1.0)
                return transfer.data, size
            unmarked = transfer.data if transfer.clean else None
        raise BadTransferError(
            f"the picture arrived damaged {_ATTEMPTS} times (the last with "
            f"{len(transfer.data)} bytes); look at the sensor's cable or choose a lower speed"
        )

    def _transfer(self, progress: Progress, *, may_be_busy: bool) -> Transfer:
        """Ask for the picture and collect it; may_be_busy: the module may still be sending."""
        try:
            demand_ok(Command.UP_IMAGE, self._ask(Command.UP_IMAGE))
        except PortTimeoutError:
            if may_be_busy:
                return NOTHING
            raise
        expected = self.geometry.picture_bytes if self.geometry else None
        whole = expected or max(BY_BYTES)
        return self._link.receive(expected, lambda count: progress(min(1.0, count / whole)))
