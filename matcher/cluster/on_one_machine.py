"""A Ray cluster of two nodes on this one machine: for tests, measurements, and to try it out.

The nodes are real ones, with processes of their own; only the network between them is this
machine's. Nobody should serve kiosks from it: what kills the machine kills both nodes.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_FOLDER = "RAY_TMPDIR"
_TELEMETRY = "RAY_USAGE_STATS_ENABLED"
_NICENESS = "RAY_worker_niceness"  # Ray would let everything else on the machine go first


class Machines:
    """A head, where whoever starts it is, and a second node that comes and goes.

    processors: of each node, as it says; there may be fewer.
    """

    def __init__(self, processors: int) -> None:
        # Reads the environment when it is imported.
        from ray.cluster_utils import Cluster  # noqa: PLC0415

        self._node: dict[str, Any] = {
            "num_cpus": processors,
            "object_store_memory": 80_000_000,  # hardly used: what is asked and found is small
            "include_dashboard": False,
        }
        self._cluster: Any = Cluster()
        self._cluster.add_node(**self._node)
        self._second: Any = None
        self.add()

    @property
    def address(self) -> str:
        """HOST:PORT of the head."""
        return str(self._cluster.address)

    def add(self) -> None:
        """Start the second node; returns when it has joined."""
        self._second = self._cluster.add_node(**self._node)

    def remove(self) -> None:
        """Kill the second node with all that runs on it, as when its power fails."""
        self._cluster.remove_node(self._second, allow_graceful=False)

    def close(self) -> None:
        """End both nodes."""
        self._cluster.shutdown()


@contextmanager
def two_nodes(processors: int = 16) -> Iterator[Machines]:
    """Start two nodes, and leave neither a process nor a file behind."""
    folder = tempfile.mkdtemp(prefix="ray-")  # short: the path of a socket has 107 bytes
    told = {_FOLDER: folder, _TELEMETRY: "0", _NICENESS: "0"}
    before = {name: os.environ.get(name) for name in told}
    os.environ.update(told)
    machines = None
    try:
        machines = Machines(processors)
        yield machines
    finally:
        if machines:
            machines.close()
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
