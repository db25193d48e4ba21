"""Fetching a picture from a ZFM module's buffer, where it stays until the next GenImg.

Packets have no number and their check sum is weak, so a picture is believed by its total: the size
that the module states, or one of the known sizes. Two errors that cancel out pass the sum. Lines
that make such errors make many more that do not: once one was seen, a picture must come twice and
be the same, until the line has been calm for a while. On a sound line this costs nothing.
"""

from collections.abc import Callable

from greenline.drivers.errors import BadTransferError, PortTimeoutError
from greenline.drivers.sensor import Progress, Watch
from greenline.drivers.zfm_commands import Command
from greenline.drivers.zfm_geometry import BY_BYTES, Geometry
from greenline.drivers.zfm_link import Answer, Link
from greenline.drivers.zfm_rows import Rows
from greenline.drivers.zfm_start import demand_ok
from greenline.drivers.zfm_transfer import NOTHING, Transfer
from greenline.drivers.zfm_tuning import Tuning

_ATTEMPTS = 3
_CALM_TRANSFERS = 40  # so many sound ones in a row, and the line is trusted again


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
        self._calm = _CALM_TRANSFERS
        self._damages_seen = link.damages

    def fetch(self, progress: Progress, watch: Watch | None) -> tuple[bytes, Geometry] | None:
        """Return the picture's bytes, two pixels in each, and its size; None: it was stopped.

        Where the speed was raised, it is lowered by one step once the repeats are used up. Raises
        DriverError.
        """
        try:
            return self._fetch_repeatedly(progress, watch)
        except BadTransferError:
            if not self._tuning.step_down():
                raise
        return self._fetch_repeatedly(progress, watch)

    def _fetch_repeatedly(
        self, progress: Progress, watch: Watch | None
    ) -> tuple[bytes, Geometry] | None:
        doubted: list[bytes] = []  # whole pictures that nothing has confirmed yet
        failures = 0
        while failures < _ATTEMPTS:
            repeated, last = bool(failures or doubted), failures == _ATTEMPTS - 1
            transfer = self._transfer(progress, watch, may_be_busy=repeated and not last)
            if transfer.stopped:
                return None
            size = self._size_of(transfer)
            trusted = self._is_trusted(transfer, whole=size is not None)
            if size is not None and (trusted or transfer.data in doubted):
                self.geometry = size
                progress(1.0)
                return transfer.data, size
            # The first whole one is no failure: it waits for a second one that is the same.
            failures += size is None or bool(doubted)
            doubted += [] if size is None else [transfer.data]
        raise BadTransferError(
            f"the picture arrived damaged {_ATTEMPTS} times (the last with "
            f"{len(transfer.data)} bytes); look at the sensor's cable or choose a lower speed"
        )

    def _size_of(self, transfer: Transfer) -> Geometry | None:
        """Return the picture's size; None: it is not whole.

        While the size is still to be learnt, half a picture may look like a whole small one:
        no damaged one counts as whole then.
        """
        count = len(transfer.data)
        if self.geometry is None:
            return BY_BYTES.get(count) if transfer.clean else None
        return self.geometry if count == self.geometry.picture_bytes else None

    def _is_trusted(self, transfer: Transfer, *, whole: bool) -> bool:
        """Note how the line behaves; say whether this transfer needs no second one like it."""
        damages = self._link.damages
        calm = whole and damages == self._damages_seen
        self._calm = min(self._calm + 1, _CALM_TRANSFERS) if calm else 0
        self._damages_seen = damages
        told_its_end = transfer.ended or self.geometry is not None
        return self._calm == _CALM_TRANSFERS and told_its_end

    def _transfer(self, progress: Progress, watch: Watch | None, *, may_be_busy: bool) -> Transfer:
        """Ask for the picture and collect it; may_be_busy: the module may still be sending."""
        try:
            demand_ok(Command.UP_IMAGE, self._ask(Command.UP_IMAGE))
        except PortTimeoutError:
            if may_be_busy:
                return NOTHING
            raise
        expected = self.geometry.picture_bytes if self.geometry else None
        whole = expected or max(BY_BYTES)
        rows = Rows(self.geometry, watch) if self.geometry and watch else None
        return self._link.receive(
            expected,
            lambda count: progress(min(1.0, count / whole)),
            None if rows is None else rows.wanted,
        )
