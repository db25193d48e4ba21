"""How long a gallery takes to be filled with strangers, made into blocks, and loaded.

    python bench/gallery_loading.py --entries 100000 --folder DIR [--distinct N] [--seed 1] [--keep]

Drawing a finger takes longer than all the rest: with --distinct, only so many are drawn, and the
other entries are the same records under other references. Loading takes as long either way.
Prints one line a step. The file is made in DIR and, without --keep, removed at the end; with it,
another run adds what is missing to so many entries, or measures the loading alone. Before the last
loading the file's pages are dropped from the page cache, as after a start of the machine.
"""

import argparse
import itertools
import os
import resource
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from strangers import PER_FLOW, strewn

from greenline.matcher.gallery import Enrolment, Gallery
from greenline.models.training.fields import seeded
from greenline.models.training.orientation import draw_flow
from greenline.prints import fmr

LIST = "strangers"
BATCH = 5000
KEY = bytes(range(32))


def enrolments(count: int, seed: int, there: int = 0) -> Iterator[Enrolment]:
    """Yield the records of the fingers of strangers(), two fingers a person; not the first ones."""
    number = there - there % PER_FLOW
    for flow in range(number // PER_FLOW, -(-count // PER_FLOW)):
        rng = seeded(seed, flow)
        orientation = draw_flow(rng).orientation
        for _ in range(min(PER_FLOW, count - number)):
            record = fmr.from_template(strewn(rng, orientation))
            yield Enrolment(f"person-{number // 2}", 2 + 5 * (number % 2), record, "strewn")
            number += 1


def repeated(gallery: Gallery, count: int, distinct: int) -> Iterator[Enrolment]:
    """Yield the records that are there once more, as other fingers."""
    for at in range(len(gallery.entry_ids()), count, BATCH):
        first = at % distinct + 1
        for number, row in enumerate(gallery.rows.some(range(first, first + BATCH)), at):
            record = gallery.rows.record(row) or b""
            yield Enrolment(f"person-{number // 2}", 2 + 5 * (number % 2), record, "strewn")


def fill(gallery: Gallery, count: int, distinct: int, seed: int) -> None:
    gallery.create_list(LIST, ("measurement",))
    add(gallery, enrolments(min(count, distinct), seed, len(gallery.entry_ids())))
    add(gallery, repeated(gallery, count, distinct))


def add(gallery: Gallery, missing: Iterator[Enrolment]) -> None:
    took, added = 0.0, 0
    while batch := list(itertools.islice(missing, BATCH)):
        began = time.perf_counter()
        added += gallery.enrol_all(LIST, batch, adult=True)
        took += time.perf_counter() - began
    print(f"enrolled {added} in {took:.1f} s ({1e3 * took / max(1, added):.3f} ms each)")


def compact(gallery: Gallery) -> None:
    waiting = gallery.unplaced()
    began = time.perf_counter()
    made = gallery.compact()
    took = time.perf_counter() - began
    print(
        f"made {made} blocks in {took:.1f} s "
        f"({1e3 * took / max(1, waiting - gallery.unplaced()):.3f} ms an entry)"
    )


def load(gallery: Gallery, words: str, most: int | None) -> None:
    began = time.perf_counter()
    held, entries, remade = [], 0, 0
    for block in itertools.islice(gallery.blocks(), most):
        held.append(block)
        entries += len(block)
        remade += bool(block.remade)
    took = time.perf_counter() - began
    size = sum(column.nbytes for block in held for column in block.segment)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    if len(np.unique(np.concatenate([block.entry_ids for block in held]))) != entries:
        raise SystemExit("an entry was loaded twice")
    print(
        f"loaded {entries} {words} in {took:.2f} s: {len(held)} blocks, {remade} made anew, "
        f"{size / 1e9:.2f} GB of segments, at most {memory:.2f} GB of memory"
    )


def single(gallery: Gallery, count: int) -> None:
    """One enrolment and one removal out of a stored block."""
    (one,) = enrolments(1, 999_983)
    began = time.perf_counter()
    gallery.enrol(LIST, "one-more", 2, one.record, "strewn", adult=True)
    between = time.perf_counter()
    removed = gallery.remove(LIST, f"person-{count // 4}")
    ended = time.perf_counter()
    print(
        f"one enrolment {1e3 * (between - began):.0f} ms, "
        f"one removal of {removed} fingers {1e3 * (ended - between):.0f} ms"
    )


def forget(path: Path) -> None:
    """Drop the file's pages from the page cache."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--distinct", type=int, help=f"a multiple of {BATCH}; default: all")
    parser.add_argument("--blocks", type=int, help="load only so many, and add nothing before")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    path = options.folder / f"gallery-{options.seed}.db"
    with closing(Gallery(path, KEY)) as gallery:
        if options.blocks is None:
            fill(gallery, options.entries, options.distinct or options.entries, options.seed)
            compact(gallery)
    print(f"the file has {path.stat().st_size / 1e9:.2f} GB")
    with closing(Gallery(path, KEY)) as gallery:
        load(gallery, "from the page cache", options.blocks)
    forget(path)
    with closing(Gallery(path, KEY)) as gallery:
        load(gallery, "from the disk", options.blocks)
        if not options.keep:
            single(gallery, options.entries)
    if not options.keep:
        path.unlink()


if __name__ == "__main__":
    main()
