"""What an image brings along: the root where a device's trust begins, and floors to stay above.

A device whose card was wiped, and which somebody shows an old repository, has nothing but these.
"""

from pathlib import Path

from greenline.ota import floors
from greenline.ota.errors import NotReadyError
from greenline.ota.floors import Floors
from greenline.ota.office_files import write_file
from greenline.ota.repository import Office
from greenline.ota.trusted import verify


def seed(office: Office, folder: Path, security_version: int, data_floor: int) -> None:
    """Write `root.json` and `floors` of what is published now into a folder of an image to be.

    security_version, data_floor: of the release that the image will be. Raises NotReadyError before
    the first publication, OfficeError.
    """
    published = office.published()
    if published is None:
        raise NotReadyError("nothing is published yet: publish once, even without a release")
    root = published.root.to_bytes()
    files = {
        "root.json": root,
        "timestamp.json": published.timestamp.to_bytes(),
        "snapshot.json": published.snapshot.to_bytes(),
        "targets.json": published.targets.to_bytes(),
    }
    seen = verify(root, files).floors()
    known = seen.joined(Floors(security_version=security_version, data=data_floor))
    write_file(folder / "root.json", root)
    write_file(folder / "floors", floors.encode(known))
