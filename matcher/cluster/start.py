"""What whoever starts a matcher with a cluster needs: one import that fails without Ray."""

from collections.abc import Iterator
from contextlib import contextmanager

from greenline.matcher.cluster.connection import connected
from greenline.matcher.cluster.engine import RayEngine
from greenline.matcher.cluster.hedging import Terms
from greenline.matcher.cluster.replicas import Progress, Replicas
from greenline.matcher.cluster.shard import Layout
from greenline.matcher.gallery import Gallery

__all__ = ["Layout", "RayEngine", "Replicas", "Terms", "connected", "engine"]


@contextmanager
def engine(
    gallery: Gallery,
    layout: Layout,
    terms: Terms,
    loading_s: float,
    progress: Progress = lambda _done, _total: None,
) -> Iterator[RayEngine]:
    """Start all replicas, wait until they have loaded, and end them afterwards.

    Raises ClusterError when that takes longer than loading_s, or one of them cannot load.
    """
    replicas = Replicas(layout)
    try:
        replicas.wait(loading_s, progress)
        yield RayEngine(gallery, replicas, layout.shards, layout.replicas, terms)
    finally:
        replicas.close()
