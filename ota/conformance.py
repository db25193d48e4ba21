"""The command line that the public conformance suite for TUF clients drives, over our own client.

theupdateframework/tuf-conformance, CLIENT-CLI.md. What is run is metadata.py with its copies and
floors, and https.py; what the suite wants to see in its folder is copied there at the end.

    client --metadata-dir D init ROOTFILE
    client --metadata-dir D --metadata-url U refresh
    client --metadata-dir D --metadata-url U --target-name T ... --target-base-url B --target-dir F
        download
"""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tuf.ngclient import Updater

from greenline.ota.copies import Copies
from greenline.ota.durable import replace_file
from greenline.ota.errors import LostError, OtaError
from greenline.ota.floors import FloorsFile
from greenline.ota.https import HttpsSource, LinkTerms
from greenline.ota.metadata import MetadataClient
from greenline.ota.trusted import newest_root

_STATE: Final = ".greenline"
# The suite counts the requests.
_TERMS: Final = LinkTerms(silence_s=10, tries=1)


class _Routed:
    """Metadata from one address, targets from another."""

    def __init__(self, metadata: str, targets: str | None) -> None:
        self._sources = {
            prefix: HttpsSource(url, _TERMS, time.monotonic, time.sleep)
            for prefix, url in (("metadata", metadata), ("targets", targets))
            if url is not None
        }

    def read(self, path: str, most: int) -> bytes:
        prefix, _, rest = path.partition("/")
        return self._sources[prefix].read(rest, most)

    def close(self) -> None:
        for source in self._sources.values():
            source.close()


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 for any failure."""
    options = _options().parse_args(arguments)
    folder: Path = options.metadata_dir
    try:
        if options.command == "init":
            _init(folder, options.root)
        elif options.command == "refresh":
            with _session(folder, options) as updater:
                updater.refresh()
        else:
            _download(folder, options)
    except (OtaError, OSError, ValueError) as fault:
        print(f"conformance client: {fault}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="conformance_client")
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url")
    parser.add_argument("--target-name", action="append", default=[])
    parser.add_argument("--target-base-url")
    parser.add_argument("--target-dir", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser


def _init(folder: Path, root: Path) -> None:
    data = root.read_bytes()
    newest_root(data, {})
    replace_file(folder / _STATE / "bootstrap.json", data)
    replace_file(folder / "root.json", data)


@contextlib.contextmanager
def _session(folder: Path, options: argparse.Namespace) -> Iterator[Updater]:
    """Give the client; what it trusts at the end is shown in the folder, whatever happened."""
    state = folder / _STATE
    bootstrap = (state / "bootstrap.json").read_bytes()
    source = _Routed(options.metadata_url, options.target_base_url)
    try:
        with MetadataClient(state, bootstrap, FloorsFile(state)).session(source) as updater:
            yield updater
    finally:
        source.close()
        files = Copies(state).read()
        newest = newest_root(bootstrap, files).version
        for name, data in files.items():
            if not name.startswith("root_history/"):
                replace_file(folder / name, data)
            elif name == f"root_history/{newest}.root.json":
                replace_file(folder / "root.json", data)


def _download(folder: Path, options: argparse.Namespace) -> None:
    with _session(folder, options) as updater:
        updater.refresh()
        for name in options.target_name:
            info = updater.get_targetinfo(name)
            if info is None:
                raise LostError(f"nobody has signed a target {name}")
            options.target_dir.mkdir(parents=True, exist_ok=True)
            path = str(options.target_dir / quote(name, ""))
            if updater.find_cached_target(info, path) is None:
                updater.download_target(info, path, "targets/")
