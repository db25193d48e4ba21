"""What an update costs over the wire: full image, and from an earlier release to a later one.

    python bench/ota_delta.py [--commit HEAD] [--releases 6] [--folder DIR]

The images are real: the libraries that a kiosk installs (from this environment) and this project's
own code, as its last commits have it, built, signed and published by the release office's code.
Counted is what a device fetches: chunks it lacks, the index, and the metadata. The operating
system, which does not change with the application, is left out: it would make the shares smaller.
"""

import argparse
import datetime
import importlib.metadata
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from securesystemslib.signer import CryptoSigner

from greenline.ota import drafting
from greenline.ota.building import Terms, build, wire_bytes
from greenline.ota.index import Index
from greenline.ota.keyfile import named_key
from greenline.ota.publishing import publish
from greenline.ota.repository import Office
from greenline.ota.signing import sign

ROOT = Path(__file__).resolve().parents[1]
PLACE = Path("usr/lib/greenline/site-packages")
CODE = ("prints", "protocol", "drivers", "models", "link", "firmware", "matcher", "centre", "ota",
        "cli", "systemd")  # fmt: skip
EXTRAS = ("device", "litert", "update")
HARDWARE = "rpi4"
NOW = datetime.datetime.now(datetime.UTC)
TARGET = 5.0


def libraries() -> Iterator[importlib.metadata.Distribution]:
    """Yield what a kiosk installs, as far as this environment has it."""
    found: dict[str, frozenset[str]] = {}
    waiting = [("greenline", frozenset(EXTRAS))]
    while waiting:
        name, extras = waiting.pop()
        key = canonicalize_name(name)
        if key in found and extras <= found[key]:
            continue
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if key not in found and key != "greenline":
            yield distribution
        found[key] = extras
        for text in distribution.requires or []:
            wanted = Requirement(text)
            environments = [{"extra": extra} for extra in extras or {""}]
            if wanted.marker is None or any(map(wanted.marker.evaluate, environments)):
                waiting.append((wanted.name, frozenset(wanted.extras)))


def copy_libraries(tree: Path) -> int:
    count = 0
    for distribution in libraries():
        for file in distribution.files or []:
            source = Path(str(distribution.locate_file(file)))
            if ".." in file.parts or "__pycache__" in file.parts or not source.is_file():
                continue
            goal = tree / PLACE / file
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, goal)
            count += 1
    return count


def copy_code(tree: Path, commit: str, release: str) -> None:
    """Put the project's own code into a tree, as a commit has it."""
    goal = tree / PLACE / "greenline"
    shutil.rmtree(goal, ignore_errors=True)
    has = git("ls-tree", "--name-only", commit).decode().split()
    data = git("archive", commit, "--", *(folder for folder in CODE if folder in has))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        archive.extractall(goal, filter="data")
    (tree / "etc").mkdir(exist_ok=True)
    (tree / "etc" / "greenline-release").write_text(f"{release}\n")


def git(*words: str) -> bytes:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True).stdout


def commits(last: str, count: int) -> list[str]:
    """Return the commits up to `last` that changed what a kiosk runs, the oldest first."""
    words = ("rev-list", "--first-parent", f"--max-count={count}", last, "--", *CODE)
    return git(*words).decode().split()[::-1]


class Table:
    """A release office whose signers sit at one table."""

    def __init__(self, folder: Path) -> None:
        self.office = Office(folder)
        self.keys = []
        for number in range(6):
            made = CryptoSigner.generate_ed25519()
            public = named_key(f"signer-{number}", made._private_key.public_key())
            self.keys.append(CryptoSigner(made._private_key, public))
        public_keys = [key.public_key for key in self.keys]
        drafting.begin(self.office, public_keys[:3], public_keys[3:], NOW)

    def publish(self, tree: Path, release: str) -> tuple[Index, int]:
        """Publish a tree; return its index, and the bytes of index and metadata."""
        index = build(self.office, tree, Terms(release, 1, (HARDWARE,)), NOW).index
        draft_root = self.office.desk.root() is not None
        for key in [*(self.keys[:2] if draft_root else []), *self.keys[3:5]]:
            sign(self.office.desk, key, NOW)
        publish(self.office, NOW)
        published = self.office.published()
        if published is None:
            raise SystemExit("nothing was published")
        files = [published.targets, published.snapshot, published.timestamp]
        target = published.targets.signed.targets[f"release/{HARDWARE}.json"]
        return index, target.length + sum(len(metadata.to_bytes()) for metadata in files)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--commit", default="HEAD", help="what release N+5 is made of")
    parser.add_argument(
        "--releases", type=int, default=6, help="6: N -> N+1 and N -> N+5 are measured"
    )
    parser.add_argument("--folder", type=Path, help="a new folder, to look into afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        chosen = commits(options.commit, options.releases)
        worst = measure(options.folder or Path(temporary) / "work", chosen)
    print(f"largest share {worst:.2f} %, to be at most {TARGET:.0f} %")
    return 0 if worst <= TARGET else 1


def measure(folder: Path, chosen: list[str]) -> float:
    tree = folder / "tree"
    tree.mkdir(parents=True)
    files = copy_libraries(tree)
    office = Table(folder / "office")
    copy_code(tree, chosen[0], "N")
    first, extra = office.publish(tree, "n")
    full = wire_bytes(first.chunks) + extra
    image = f"image {first.image.size / 1e6:.1f} MB, {len(first.chunks)} chunks"
    print(f"N is {chosen[0][:12]}; {files} files of libraries; {image}")
    print(f"full download {full / 1e6:.2f} MB, of it index and metadata {extra / 1e3:.0f} kB")
    shares = []
    line = tree / PLACE / "greenline" / "firmware" / "line.py"
    line.write_text(line.read_text() + "\n# one line more\n")
    (tree / "etc" / "greenline-release").write_text("N and one line\n")
    shares.append(tell("one line and the version", first, *office.publish(tree, "n.line"), full))
    for number, commit in sorted({1: chosen[1], len(chosen) - 1: chosen[-1]}.items()):
        copy_code(tree, commit, f"N+{number}")
        index, extra = office.publish(tree, f"n+{number}")
        told = git("diff", "--shortstat", chosen[0], commit, "--", *CODE).decode().strip()
        shares.append(tell(f"N -> N+{number}, {commit[:12]} ({told})", first, index, extra, full))
    return max(shares)


def tell(name: str, before: Index, after: Index, extra: int, full: int) -> float:
    """Print one line; return the share of a full download, in percent."""
    wire = wire_bytes(after.chunks, before.chunks) + extra
    share = 100 * wire / full
    print(f"{name}: {wire / 1e3:.0f} kB, {share:.2f} % of a full download", flush=True)
    return share


if __name__ == "__main__":
    sys.exit(main())
