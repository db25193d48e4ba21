"""What faults do to searches on a cluster of two nodes, and what the cluster costs without any.

    python bench/cluster_faults.py [--persons 2000] [--shards 4] [--queries 200] [--out FILE]

Needs the extra "cluster". Two real nodes of Ray on this one machine, each shard on both; a gallery
of strangers (two fingers a person), and probes that are enrolled fingers with every minutia moved a
little. One campaign each: no fault; a replica's process killed; a replica stopped (it hangs); the
second node killed with all that runs on it. The fault comes after a quarter of the searches, and a
quarter at least follow when it is complete. Wrong: the person enrolled is not first though the
search says that it was whole. Incomplete: some shard did not answer in time. Aside: how often a
replica was late or failed. Back: seconds from the fault until all replicas have loaded again (a
hung one is ended after --hung-s). Prints a table; --out writes it to a file too.
"""

import argparse
import logging
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from gallery_loading import KEY, LIST, enrolments

from greenline.matcher.cluster.on_one_machine import Machines, two_nodes
from greenline.matcher.cluster.start import Layout, RayEngine, Replicas, Terms, connected
from greenline.matcher.engine import Engine, LocalEngine, Probe, Query
from greenline.matcher.gallery import Gallery
from greenline.prints import fmr
from greenline.prints.template import Template

THRESHOLD = 4.0
LOADING_S = 300.0
HEAD = (
    "| fault | searches | wrong | incomplete | aside | median ms | p95 ms | longest ms | back s |"
)


@dataclass
class Campaign:
    """What became of the searches of one campaign."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    incomplete: int = 0
    fault_at: float = 0.0

    def line(self, name: str, aside: int, back: float | None) -> str:
        median, p95, most = (1000 * each for each in np.percentile(self.seconds, [50, 95, 100]))
        after = "-" if back is None else f"{back:.1f}"
        return (
            f"| {name} | {len(self.seconds)} | {self.wrong} | {self.incomplete} | {aside} "
            f"| {median:.1f} | {p95:.1f} | {most:.1f} | {after} |"
        )


class Asides(logging.Handler):
    """Counts how often a replica was set aside."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += record.getMessage() == "replica set aside"


def moved(template: Template, rng: np.random.Generator) -> Template:
    """Return another impression of a finger: each minutia a little elsewhere."""
    n = len(template)
    return replace(
        template,
        x=np.clip(template.x + rng.normal(0, 2, n), 0, template.width - 1).astype(np.float32),
        y=np.clip(template.y + rng.normal(0, 2, n), 0, template.height - 1).astype(np.float32),
        direction=np.mod(template.direction + rng.normal(0, 0.08, n), 6.283).astype(np.float32),
    )


def filled(folder: Path, persons: int) -> tuple[Gallery, list[tuple[str, Template]]]:
    """Make a gallery; return it with one finger of each person."""
    gallery = Gallery(folder / "gallery.db", KEY)
    gallery.create_list(LIST, ("bench",))
    everybody = list(enrolments(2 * persons, seed=1))
    gallery.enrol_all(LIST, everybody, adult=True)
    gallery.compact()
    first = {each.reference: each for each in reversed(everybody)}
    known = [(name, fmr.decode(each.record).views[0].template) for name, each in first.items()]
    key = folder / "gallery.key"
    key.touch(0o600)
    key.write_bytes(KEY)
    return gallery, known


def search(engine: Engine, known: tuple[str, Template], number: int, into: Campaign) -> None:
    reference, template = known
    probe = Probe(moved(template, np.random.default_rng(number)), 0, "")
    begun = time.perf_counter()
    found = engine.search(Query([probe], (LIST,), THRESHOLD, 5))
    into.seconds.append(time.perf_counter() - begun)
    if found.coverage < 1:
        into.incomplete += 1
    elif not found.candidates or found.candidates[0].reference != reference:
        into.wrong += 1


def campaign(
    engine: Engine, known: list[tuple[str, Template]], queries: int, fault: Callable[[], object]
) -> Campaign:
    """Search on one thread; the fault happens on another meanwhile."""
    found = Campaign()

    def happen() -> None:
        found.fault_at = time.monotonic()
        fault()

    thread = threading.Thread(target=happen)
    left, number = queries, 0
    while left:
        if number == queries // 4:
            thread.start()
        search(engine, known[number % len(known)], number, found)
        number += 1
        if left > queries // 4 or not thread.is_alive():
            left -= 1
    thread.join()
    return found


def back(replicas: Replicas, since: float) -> float:
    """Wait until every replica has loaded."""
    replicas.wait(LOADING_S)
    return time.monotonic() - since


def until_replaced(
    replicas: Replicas, engine: Engine, known: tuple[str, Template], process: int, since: float
) -> float:
    """Search on until a hung replica was noticed and has loaded again."""
    while any(each.process == process for each in replicas.conditions(1.0).values()) or len(
        [each for each in replicas.conditions(1.0).values() if each.loaded]
    ) < len(replicas):
        search(engine, known, 0, Campaign())
    return time.monotonic() - since


@contextmanager
def everything(options: argparse.Namespace) -> Iterator[tuple[Machines, Gallery, Replicas, list]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        two_nodes(options.shards) as machines,
        connected(machines.address, 2),
    ):
        gallery, known = filled(Path(folder), options.persons)
        layout = Layout(gallery_path := Path(folder) / "gallery.db",
                        gallery_path.with_name("gallery.key"), options.shards)  # fmt: skip
        begun = time.monotonic()
        replicas = Replicas(layout, options.hung_s)
        replicas.wait(LOADING_S)
        print(f"replicas started and loaded in {time.monotonic() - begun:.1f} s")
        with closing(gallery), closing(replicas):
            yield machines, gallery, replicas, known


def memory_mb(process: int) -> float:
    """Return the memory of a process that it shares with no other."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    sizes = [int(line.split()[1]) for line in lines if line.startswith("Private")]
    return sum(sizes) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=2000)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--hung-s", type=float, default=10.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    asides = Asides()
    logging.getLogger("greenline.matcher.cluster").addHandler(asides)
    lines: list[str] = []

    def tell(line: str) -> None:
        print(line, flush=True)
        lines.append(line)

    with everything(options) as (machines, gallery, replicas, known):
        engine = RayEngine(gallery, replicas, options.shards, 2, Terms())
        gallery.create_list("empty", ("bench",))
        query = Query([Probe(known[0][1])], ("empty",), THRESHOLD, 5)
        for _ in range(20):
            engine.search(query)
        begun, busy = time.perf_counter(), time.process_time()
        for _ in range(200):
            engine.search(query)
        each = (time.perf_counter() - begun) / 200 * 1000
        front = (time.process_time() - busy) / 200 * 1000 / options.shards
        own = [memory_mb(one.process) for one in replicas.wait(LOADING_S).values()]
        tell(
            f"{2 * options.persons} fingers, {options.shards} shards on two nodes, {os.cpu_count()}"
            f" cores; a search of an empty list takes {each:.1f} ms, of which the front end works "
            f"{front:.2f} ms for each shard; a replica has {np.mean(own):.0f} MB of its own"
        )
        tell(f"{HEAD}\n|---|---|---|---|---|---|---|---|---|")

        def run(name: str, on: Engine, fault: Callable[[], object], wait: Callable) -> None:
            asides.count = 0
            found = campaign(on, known, options.queries, fault)
            aside = asides.count
            tell(found.line(name, aside, wait(found.fault_at)))

        def process(shard: int, replica: int) -> int:
            return replicas.wait(LOADING_S)[shard, replica].process

        nothing = lambda _since=0.0: None  # noqa: E731 - neither a fault nor a wait for anything
        local = LocalEngine(gallery)
        local.refresh()
        run("none, one process (LocalEngine)", local, nothing, nothing)
        run("none", engine, nothing, nothing)
        killed, hung = process(0, 0), process(1 % options.shards, 1)
        run(
            "a replica killed",
            engine,
            lambda: os.kill(killed, signal.SIGKILL),
            lambda since: back(replicas, since),
        )
        run(
            "a replica stopped",
            engine,
            lambda: os.kill(hung, signal.SIGSTOP),
            lambda since: until_replaced(replicas, engine, known[0], hung, since),
        )

        def rejoined(since: float) -> float:
            machines.add()
            return back(replicas, since)

        run("a node killed", engine, machines.remove, rejoined)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
