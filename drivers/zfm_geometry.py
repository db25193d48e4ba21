"""The pictures of the ZFM family: their sizes, stated by the module or told by its byte count.

Source: ZFM-20 user manual 2.0 (256 x 288), R503 user manual 1.2.1 (192 x 192, 508 dpi).
"""

from dataclasses import dataclass

from greenline.drivers.zfm_commands import ProductInfo
from greenline.drivers.zfm_link import MAX_PICTURE_BYTES

_STATED_DPI = 508.0  # what the manuals of the modules say that describe themselves


@dataclass(frozen=True)
class Geometry:
    """The picture of a module: width and height in pixels, dpi as its maker states it."""

    width: int
    height: int
    dpi: float

    @property
    def picture_bytes(self) -> int:
        """Bytes on the line: two pixels in each."""
        return self.width * self.height // 2


BY_BYTES = {
    geometry.picture_bytes: geometry
    for geometry in (Geometry(256, 288, 500.0), Geometry(192, 192, _STATED_DPI))
}
"""For modules that cannot say their size; their number of bytes tells them apart."""


def stated_geometry(product: ProductInfo) -> Geometry | None:
    """Return the size that the module states; None when it cannot be true."""
    size = Geometry(product.width, product.height, _STATED_DPI)
    odd = product.width * product.height % 2
    return None if odd or size.picture_bytes > MAX_PICTURE_BYTES else size
