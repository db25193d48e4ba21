"""Joins a Ray cluster, and leaves it again. Telemetry stays off."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ray

from greenline.matcher.cluster.errors import ClusterError

_KNOCK_S = 5.0

# Ray gives this function no types.
_nodes: Callable[[], list[dict[str, Any]]] = ray.nodes


@contextmanager
def connected(address: str, replicas: int) -> Iterator[None]:
    """Be part of a cluster for a while. address: HOST:PORT of its head, or "auto".

    replicas: that many machines at least must be there. Raises ClusterError.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        _knock(address)
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ray.exceptions.RayError, OSError, ValueError, RuntimeError) as fault:
        raise ClusterError(
            f"there is no Ray cluster at {address!r} that this machine is part of: start it with "
            f"'ray start' (docs/cluster.md). The cause: {str(fault).strip().splitlines()[0]}"
        ) from fault
    try:
        check_machines(replicas)
        yield
    finally:
        ray.shutdown()


def check_machines(replicas: int) -> None:
    """Raise ClusterError unless so many replicas can lie on different machines."""
    machines = sum(bool(node["Alive"]) for node in _nodes())
    if machines < replicas:
        raise ClusterError(
            f"the cluster has {machines} machines, and {replicas} replicas of each shard need as "
            f"many: add machines, or set engine.replicas = {machines}"
        )


def _knock(address: str) -> None:
    """Raise OSError, ValueError when nothing listens there: Ray itself tries for minutes."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
