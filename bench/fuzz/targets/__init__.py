"""All targets, by name. Each module has those of one part of the tree."""

from bench.fuzz.target import Target
from bench.fuzz.targets import (
    audit,
    certificates,
    deletions,
    envelopes,
    examinations,
    keys,
    pages,
    pictures,
    readers,
    records,
    serial_modules,
    sockets,
    storage,
    texts,
    updates,
    webcams,
)

_MODULES = (
    records,
    pictures,
    serial_modules,
    readers,
    webcams,
    envelopes,
    sockets,
    keys,
    certificates,
    audit,
    deletions,
    examinations,
    texts,
    storage,
    pages,
    updates,
)
TARGETS: dict[str, Target] = {
    target.name: target for module in _MODULES for target in module.TARGETS
}
