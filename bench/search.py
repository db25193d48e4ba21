"""How fast a large gallery is searched, and whom the shortcuts lose.

    python bench/search.py DIR [--gallery FILE | --distinct 100000] [--dpi DB2_B=569]
        [--entries 10000 100000 1000000] [--each 7]

DIR: FVC2002. FILE: what `bench/gallery_loading.py --keep` made; its strangers fill the gallery up.
Without it so many strangers are made, and repeated (in memory of their own) up to the size.
Impression 1 of every finger is enrolled beside them, the others are searched. Two fingers: those of
a set are taken in pairs, as one person's. One line for each size and way: time of a search (median
and 95th percentile, by the clock, on --threads threads), memory, and the share of probes whose
finger is the best of all that were compared whole. A large gallery takes long without votes: it
is searched so for every --each-th probe, above 200,000 for three. The loss is counted on those
alone, and for all probes as the share whose finger was not compared whole at all.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from gallery_loading import KEY
from numpy.typing import NDArray
from strangers import strangers

from greenline.cli.models_bench_views import VIEWS, show
from greenline.matcher.blocks import MOST_ENTRIES, Block
from greenline.matcher.gallery import Gallery
from greenline.matcher.kernel.description import describe
from greenline.matcher.kernel.sketch import bits_of
from greenline.matcher.segment import Segment, count, laid_out, size_bytes
from greenline.matcher.shortlist import USUAL, Part, Rows, Stages, odds, shortlist
from greenline.models.extraction import Extractor
from greenline.models.picture import read_picture
from greenline.prints.prepared import Prepared, prepare
from greenline.prints.weights import UPRIGHT

SETS = ("DB1_B", "DB2_B", "DB3_B", "DB4_B")
NEVER = 1 << 60
WAYS = {
    "exhaustive": Stages(ranked_above=NEVER, voted_above=NEVER),
    "stages 1 and 2, then exact": Stages(ranked_above=0, voted_above=NEVER),
    "votes, stages 1 and 2, exact": Stages(ranked_above=0, voted_above=0),
    "as the matcher does it": USUAL,
}


@dataclass(frozen=True)
class Mates:
    """Real prints. enrolled: one of each finger; probes: all others, owner: whose each is."""

    enrolled: Segment
    probes: Segment
    owner: NDArray[np.int64]


def real_prints(
    folder: Path, dpi: dict[str, float], model: str, sets: Sequence[str] = SETS, view: str = "full"
) -> Mates:
    extractor = Extractor(model=model)
    enrolled, probes, owner = list[Prepared](), list[Prepared](), list[int]()
    for name in sets:
        pictures = sorted(
            (path for path in (folder / name).iterdir() if path.suffix in {".tif", ".png"}),
            key=lambda path: tuple(map(int, path.stem.split("_"))),
        )
        for path in pictures:
            frame = read_picture(path, dpi.get(name), otherwise_dpi=500)
            side = prepare(extractor.extract(show(frame, view)), describe)
            if path.stem.endswith("_1"):
                enrolled.append(side)
            else:
                probes.append(side)
                owner.append(len(enrolled) - 1)
    return Mates(laid_out(enrolled), laid_out(probes), np.array(owner))


def gallery_of(mates: Segment, blocks: Sequence[Block], entries: int) -> list[Part]:
    """Return the real fingers, then strangers up to so many entries."""
    own = count(mates)
    first = replace(
        blocks[0], segment=mates, entry_ids=np.arange(own), person=np.arange(own, dtype=np.uint64),
        list_ids=np.ones(own, np.int64), finger=np.ones(own, np.uint8),
        model=np.ones(own, np.uint16),
    )  # fmt: skip
    parts, room = [_part(first)], entries - own
    for block in blocks:
        if room > 0:
            parts.append(_part(block.kept(np.arange(len(block)) < room)))
            room -= len(parts[-1].block)
    if room > 0:
        raise SystemExit(f"the gallery holds {room} strangers too few for {entries}")
    return parts


def first_blocks(blocks: Iterator[Block], entries: int) -> Iterator[Block]:
    """Yield blocks until they hold so many entries."""
    for block in blocks:
        yield block
        entries -= len(block)
        if entries <= 0:
            return


def made(entries: int) -> list[Block]:
    """Make strangers, in blocks as a gallery has them."""
    blocks, sides = list[Block](), list[Prepared]()
    for number, side in enumerate(strangers(entries, seed=1), 1):
        sides.append(side)
        if len(sides) == MOST_ENTRIES or number == entries:
            n = len(sides)
            blocks.append(
                Block(
                    laid_out(sides), np.arange(n), np.arange(n, dtype=np.uint64),
                    np.ones(n, np.int64), np.ones(n, np.uint8), np.ones(n, np.uint16),
                )
            )  # fmt: skip
            sides = []
    return blocks


def repeated(blocks: list[Block], entries: int) -> list[Block]:
    """Repeat blocks, in memory of their own, until they hold so many entries."""
    found, size = list[Block](), 0
    while size < entries:
        for block in blocks:
            copy = Segment(*(column.copy() for column in block.segment))
            found.append(replace(block, segment=copy))
            size += len(block)
    return found


def _part(block: Block) -> Part:
    return Part(block, bits_of(block.segment.words), np.ones(len(block), np.bool_))


@dataclass
class Searched:
    """What became of each probe. listed: its finger was compared whole; first: and came first."""

    wanted: Sequence[int]
    seconds: list[float]
    listed: list[bool]
    first: list[bool]


def search(
    mates: Mates, wanted: Sequence[int], parts: list[Part], stages: Stages, pool: ThreadPoolExecutor
) -> Searched:
    rows: Rows = [np.arange(len(part.block)) for part in parts]
    found = Searched(wanted, [], [], [])
    for probe in wanted:
        begun = time.perf_counter()
        chosen = shortlist(mates.probes, probe, parts, rows, stages, pool)
        scores = odds(mates.probes, probe, parts, chosen, UPRIGHT.numbers, pool)
        best = max((float(each.max()) for each in scores if len(each)), default=-np.inf)
        found.seconds.append(time.perf_counter() - begun)
        at = np.flatnonzero(chosen[0] == mates.owner[probe])
        found.listed.append(len(at) > 0)
        found.first.append(len(at) > 0 and float(scores[0][at[0]]) >= best)
    return found


def both_lost(mates: Mates, found: Searched) -> tuple[int, int]:
    """Return how many pairs of fingers were listed with neither, and how many pairs there were."""
    listed = dict(zip(found.wanted, found.listed, strict=True))
    by_owner: dict[int, list[int]] = {}
    for probe in found.wanted:
        by_owner.setdefault(int(mates.owner[probe]), []).append(probe)
    lost = pairs = 0
    for owner in range(0, count(mates.enrolled), 2):
        for one, other in zip(by_owner[owner], by_owner[owner + 1], strict=True):
            pairs += 1
            lost += not (listed[one] or listed[other])
    return lost, pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gallery", type=Path)
    parser.add_argument("--distinct", type=int, default=100_000)
    parser.add_argument("--dpi", action="append", default=[], metavar="SET=DPI")
    parser.add_argument("--entries", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--each", type=int, default=7, help="exhaustive: every so many-th probe")
    parser.add_argument("--model", default="greenline-1")
    parser.add_argument("--votes-only", action="store_true", help="of every --each-th probe")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--view", default="full", choices=VIEWS, help="of the prints")
    options = parser.parse_args()
    dpi = {name: float(value) for name, value in (each.split("=") for each in options.dpi)}
    mates = real_prints(options.folder, dpi, options.model, options.sets, options.view)
    most = max(options.entries)
    if options.gallery:
        with closing(Gallery(options.gallery, KEY)) as stored:
            blocks = list(first_blocks(stored.blocks(), most))
    else:
        blocks = repeated(made(min(options.distinct, most)), most)
    everyone = list(range(count(mates.probes)))
    print(
        "| enrolled | bytes a finger | way | median s | p95 s | first % | lost % | never compared %"
        " | two fingers, neither compared |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    with ThreadPoolExecutor(options.threads) as pool:
        for entries in options.entries:
            parts = gallery_of(mates.enrolled, blocks, entries)
            held = sum(size_bytes(each.block.segment) + each.bits.nbytes for each in parts)
            search(mates, everyone[:1], parts, WAYS["votes, stages 1 and 2, exact"], pool)
            few = everyone[:: options.each] if entries > 20_000 else everyone
            few = everyone[::100] if entries > 200_000 else few
            if options.votes_only:
                wanted = everyone[:: options.each]
                found = search(mates, wanted, parts, WAYS["votes, stages 1 and 2, exact"], pool)
                line(f"{entries:,} | {held / entries:.0f} | votes alone", found, None, "-")
                continue
            whole = search(mates, few, parts, WAYS["exhaustive"], pool)
            gallery = f"{entries:,} | {held / entries:.0f}"
            line(f"{gallery} | exhaustive", whole, whole, "-")
            for way in list(WAYS)[1:]:
                slow = way == "stages 1 and 2, then exact" and entries > 20_000
                wanted = few if slow else everyone
                found = search(mates, wanted, parts, WAYS[way], pool)
                two = "{} of {}".format(*both_lost(mates, found)) if wanted is everyone else "-"
                line(f"{gallery} | {way}", found, whole, two)


def line(what: str, found: Searched, whole: Searched | None, two: str) -> None:
    """Print one line. whole: what the exhaustive search found; None: there was none."""
    first = dict(zip(found.wanted, found.first, strict=True))
    hits = [] if whole is None else list(zip(whole.wanted, whole.first, strict=True))
    lost = f"{100 * np.mean([not first[probe] for probe, hit in hits if hit]):.2f}" if hits else "-"
    median, most = np.percentile(found.seconds, [50, 95])
    print(
        f"| {what} | {median:.3f} | {most:.3f} "
        f"| {100 * np.mean(found.first):.2f} of {len(found.wanted)} | {lost} "
        f"| {100 - 100 * np.mean(found.listed):.2f} | {two} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
