"""What the tests of a cluster share: a key's file, a gallery in shards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greenline.matcher.cluster.start import Layout, RayEngine, Replicas, Terms
from greenline.matcher.gallery import Gallery

LOADING_S = 300.0  # a busy machine takes long
PATIENT = Terms(deadline_s=20.0)
HUNG_S = 2.0


def key_file(folder: Path, key: bytes) -> Path:
    path = folder / "gallery.key"
    path.touch(0o600)
    path.write_bytes(key)
    return path


@contextmanager
def sharded(
    gallery: Gallery, layout: Layout, terms: Terms = PATIENT
) -> Iterator[tuple[RayEngine, Replicas]]:
    """Load a gallery into shards; end them afterwards."""
    replicas = Replicas(layout, HUNG_S)
    try:
        replicas.wait(LOADING_S)
        yield RayEngine(gallery, replicas, layout.shards, layout.replicas, terms), replicas
    finally:
        replicas.close()
