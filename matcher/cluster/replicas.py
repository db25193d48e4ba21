"""The replicas of all shards, as actors in a Ray cluster: started, asked, started again.

Ray sees to it that the replicas of a shard lie on different machines, and starts one again whose
process or machine is gone. One that hangs it does not notice: who owes an answer for long is ended
here, and started again by Ray.
"""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, cast

import ray
from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from greenline.matcher.cluster.errors import ClusterError
from greenline.matcher.cluster.hedging import ReplicaError
from greenline.matcher.cluster.shard import Condition, Layout, Shard, version
from greenline.matcher.query import Query
from greenline.matcher.searching import Share

log = logging.getLogger(__name__)

HUNG_S = 30.0
_LOOK_S = 0.2
_SLICE_S = 2.0
_FETCH_S = 1.0
_MOST_AT_ONCE = 64  # answers looked for at once: Ray goes through the whole list each time

Ref = Any
Place = tuple[int, int]
"""Number of the shard, number of the replica."""

Progress = Callable[[int, int], None]
Clock = Callable[[], float]


class Replicas:
    """The actors of one gallery. Needs a connection (connection.py). close() ends them.

    Safe to share between threads. hung_s: who says nothing for so long, not even how it is, is
    ended. clock: monotonic seconds.
    """

    def __init__(
        self, layout: Layout, hung_s: float = HUNG_S, clock: Clock = time.monotonic
    ) -> None:
        self._hung_s = hung_s
        self._clock = clock
        self._lock = Lock()
        self._owing: dict[Place, tuple[Ref, float]] = {}
        self._ended: dict[Place, int] = {}
        self._cores = layout.threads * layout.shards * layout.replicas
        self._groups: list[PlacementGroup] = []
        self._actors: dict[Place, Any] = {}
        make = ray.remote(Shard)
        for shard in range(layout.shards):
            # One group a shard: its replicas never lie on one machine, and wait for another.
            group = placement_group([{"CPU": layout.threads}] * layout.replicas, "STRICT_SPREAD")
            self._groups.append(group)
            for replica in range(layout.replicas):
                self._actors[shard, replica] = make.options(
                    num_cpus=layout.threads,
                    max_restarts=-1,
                    max_task_retries=0,
                    max_concurrency=2,  # a question how it is goes beside a search
                    scheduling_strategy=PlacementGroupSchedulingStrategy(group, replica),
                ).remote(layout, shard)

    def __len__(self) -> int:
        return len(self._actors)

    def close(self) -> None:
        """End all actors."""
        for actor in self._actors.values():
            ray.kill(actor)
        for group in self._groups:
            remove_placement_group(group)

    def wait(
        self, timeout_s: float, progress: Progress = lambda _done, _total: None
    ) -> dict[Place, Condition]:
        """Wait until all have loaded, and return their conditions. progress: entries loaded.

        After timeout_s one replica of each shard is enough; Ray brings the others when it can.
        Raises ClusterError without that, when a replica cannot load, or when it compares in
        another way than this process.
        """
        until = self._clock() + timeout_s
        found: dict[Place, Condition] = {}
        while not all(place in found and found[place].loaded for place in self._actors):
            if self._clock() > until:
                self._check_each_shard(found, timeout_s)
                break
            found |= self.conditions(_SLICE_S)
            for (shard, _), condition in found.items():
                _check(shard, condition)
            progress(sum(x.done for x in found.values()), sum(x.total for x in found.values()))
            time.sleep(_LOOK_S)
        return found

    def conditions(self, timeout_s: float) -> dict[Place, Condition]:
        """Return what those replicas say of themselves that answer within some seconds."""
        refs = {actor.condition.remote(): place for place, actor in self._actors.items()}
        done, late = ray.wait(list(refs), num_returns=len(refs), timeout=max(timeout_s, 0.0))
        for ref in late:
            ray.cancel(ref)
        found = {}
        for ref in done:
            try:
                found[refs[ref]] = ray.get(ref)
            except ray.exceptions.RayError as fault:
                log.info("a replica is not there", extra={"reason": _words(fault)})
        return found

    def asking(self, query: Query, position: int) -> "Asking":
        """Return how the replicas are asked one query."""
        self._end_hung()
        return Asking(self._actors, query, position)

    def set_aside(self, shard: int, replica: int, why: str) -> None:
        """Note that a replica was late or failed: from now on it owes an answer."""
        log.warning("replica set aside", extra={"shard": shard, "replica": replica, "reason": why})
        place = shard, replica
        with self._lock:
            if place not in self._owing:
                ref = self._actors[place].condition.remote()
                self._owing[place] = ref, self._clock()

    def _end_hung(self) -> None:
        with self._lock:
            for place, (ref, since) in list(self._owing.items()):
                # One that was ended needs time to start: each time it is given twice as long.
                longest = self._hung_s * 2 ** self._ended.get(place, 0)
                if ray.wait([ref], timeout=0)[0]:
                    del self._owing[place]
                    if _answered(ref):
                        self._ended.pop(place, None)
                elif self._clock() - since > longest:
                    del self._owing[place]
                    self._ended[place] = self._ended.get(place, 0) + 1
                    log.warning(
                        "hung replica ended", extra={"shard": place[0], "replica": place[1]}
                    )
                    ray.kill(self._actors[place], no_restart=False)

    def _check_each_shard(self, found: dict[Place, Condition], timeout_s: float) -> None:
        """Raise ClusterError unless every shard has a replica that can search."""
        loaded = [place for place, condition in found.items() if condition.loaded]
        without = {shard for shard, _ in self._actors} - {shard for shard, _ in loaded}
        words = f"{len(loaded)} of {len(self._actors)} replicas of shards were ready"
        if without:
            raise ClusterError(
                f"{words} after {timeout_s:.0f} s, and {len(without)} shards have none: see 'ray "
                f"status' whether all machines are there, with {self._cores} processors free "
                "in all; a large gallery needs a longer engine.loading_s"
            )
        log.warning("%s; the others join when they are", words)


class Asking:
    """One query to the replicas, as hedging.Calls wants it."""

    def __init__(self, actors: dict[Place, Any], query: Query, position: int) -> None:
        self._actors = actors
        self._question = query, position, version()

    def send(self, shard: int, replica: int) -> Ref:
        """Ask; does not block."""
        return self._actors[shard, replica].search.remote(*self._question)

    def wait(self, calls: Sequence[Ref], timeout_s: float) -> Sequence[Ref]:
        """Return those that are done as soon as any is; none when the time has passed."""
        if not calls:
            time.sleep(timeout_s)
            return []
        done, rest = ray.wait(list(calls), num_returns=1, timeout=timeout_s)
        more = rest[:_MOST_AT_ONCE]
        if done and more:
            done += ray.wait(more, num_returns=len(more), timeout=0)[0]
        return done

    def result(self, call: Ref) -> Share:
        """Return the share. Raises ReplicaError."""
        try:
            share = ray.get(call, timeout=_FETCH_S)
        except ray.exceptions.RayError as fault:
            raise ReplicaError(_words(fault)) from fault
        return cast("Share", share)

    def cancel(self, call: Ref) -> None:
        """Take a question back that was not begun."""
        ray.cancel(call)


def _answered(ref: Ref) -> bool:
    """Say whether what is done is an answer, not a failure."""
    try:
        ray.get(ref, timeout=_FETCH_S)
    except ray.exceptions.RayError:
        return False
    return True


def _check(shard: int, condition: Condition) -> None:
    if condition.fault:
        raise ClusterError(f"shard {shard} cannot be loaded: {condition.fault}")
    if condition.version != version():
        raise ClusterError(
            f"shard {shard} lies on a machine with another version of Greenline: scores would "
            "differ. Install the same on all machines"
        )


def _words(fault: Exception) -> str:
    """Say a fault of Ray's in one line, without the stack of another process."""
    cause = getattr(fault, "cause", None)
    return str(cause or fault).strip().splitlines()[0] if str(cause or fault) else repr(fault)
