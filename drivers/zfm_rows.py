"""The rows of a ZFM module's picture that have arrived so far, handed out while it arrives."""

from greenline.drivers.sensor import Arriving, Watch
from greenline.drivers.zfm_geometry import Geometry
from greenline.prints.frame import Frame

LOOKS = 8  # parts of a picture; the last is the picture itself, at which nobody needs to look


class Rows:
    """Shows one transfer to a watch, at each eighth of its rows."""

    def __init__(self, size: Geometry, watch: Watch) -> None:
        self._size = size
        self._watch = watch
        self._next = 1

    def wanted(self, data: bytearray) -> bool:
        """Say whether the transfer shall go on. data: what has arrived, two pixels in each byte."""
        size = self._size
        rows = 2 * len(data) // size.width
        rows -= rows % 2  # whole bytes, should a row have an odd number of pixels
        if not rows or rows >= size.height or rows * LOOKS < self._next * size.height:
            return True
        self._next = rows * LOOKS // size.height + 1
        packed = bytes(data[: rows * size.width // 2])
        return self._watch(
            Arriving(Frame.from_nibbles(packed, size.width, rows, size.dpi), size.height)
        )
